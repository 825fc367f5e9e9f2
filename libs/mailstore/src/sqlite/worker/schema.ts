/** Scripts that bring the schema from version n to n+1; never edited once released. INTERNALS.md explains the tables. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    quota INTEGER NOT NULL DEFAULT 0,
    last_uid_validity INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE mailbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    uid_validity INTEGER NOT NULL,
    no_select INTEGER NOT NULL,
    special_use TEXT,
    uid_next INTEGER NOT NULL DEFAULT 1,
    modseq INTEGER NOT NULL DEFAULT 1,
    messages INTEGER NOT NULL DEFAULT 0,
    unseen INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    recent INTEGER NOT NULL DEFAULT 0,
    recent_from INTEGER NOT NULL DEFAULT 1,
    remembered INTEGER NOT NULL DEFAULT 0,
    forgotten INTEGER NOT NULL DEFAULT 0,
    keywords TEXT NOT NULL DEFAULT '',
    UNIQUE (account, name)
  ) STRICT;

  CREATE TABLE subscription (
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE message (
    mailbox INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    keywords TEXT NOT NULL,
    size INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (mailbox, uid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX message_modseq ON message (mailbox, modseq);
  CREATE INDEX message_deleted ON message (mailbox, uid) WHERE flags & 8;

  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    content TEXT NOT NULL,
    internal_date INTEGER NOT NULL,
    size INTEGER NOT NULL,
    prefix BLOB NOT NULL,
    structure BLOB NOT NULL
  ) STRICT;
  CREATE INDEX record_content ON record (content);

  CREATE TABLE expunge (
    mailbox INTEGER NOT NULL,
    modseq INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (mailbox, modseq, uid)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE delivered (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (account, key)
  ) STRICT;
  `,
]
