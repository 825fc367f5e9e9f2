/** Script n brings the schema from version n to n + 1. Never edited once released. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE domain (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of addition: the first one has the bare postmaster
    name        TEXT NOT NULL UNIQUE,
    catch_all   TEXT NOT NULL,
    postmaster  TEXT NOT NULL
  ) STRICT;

  CREATE TABLE account (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of addition: the first one is postmaster by default
    address     TEXT NOT NULL UNIQUE,
    domain      TEXT NOT NULL REFERENCES domain (name),
    disabled    INTEGER NOT NULL,
    quota       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX account_by_domain ON account (domain, id);

  CREATE TABLE credential (
    account     TEXT PRIMARY KEY REFERENCES account (address) ON DELETE CASCADE,
    hash        TEXT NOT NULL,
    scram_salt        BLOB NOT NULL,
    scram_iterations  INTEGER NOT NULL,
    scram_stored_key  BLOB NOT NULL,
    scram_server_key  BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE alias (
    address     TEXT PRIMARY KEY,
    domain      TEXT NOT NULL REFERENCES domain (name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alias_by_domain ON alias (domain);

  CREATE TABLE alias_target (
    alias       TEXT NOT NULL REFERENCES alias (address) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    target      TEXT NOT NULL,
    PRIMARY KEY (alias, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE secret (
    name        TEXT PRIMARY KEY,
    octets      BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO secret VALUES ('decoy', randomblob(32)); -- SQLite's generator is seeded by the operating system
  `,
  `
  ALTER TABLE account ADD COLUMN reversible INTEGER NOT NULL DEFAULT 0;

  -- NULL where the password has not been seen since these are kept.
  ALTER TABLE credential ADD COLUMN sha1_salt BLOB;
  ALTER TABLE credential ADD COLUMN sha1_iterations INTEGER;
  ALTER TABLE credential ADD COLUMN sha1_stored_key BLOB;
  ALTER TABLE credential ADD COLUMN sha1_server_key BLOB;
  ALTER TABLE credential ADD COLUMN sealed_secret BLOB; -- the key to it is not in here

  CREATE TABLE certificate (
    fingerprint TEXT PRIMARY KEY, -- SHA-256 in lower-case hex: a certificate is one account's
    account     TEXT NOT NULL REFERENCES account (address) ON DELETE CASCADE,
    position    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX certificate_by_account ON certificate (account, position);
  `,
  `
  INSERT INTO secret VALUES ('sender', randomblob(32));
  `,
  `
  CREATE TABLE collection (
    domain       TEXT PRIMARY KEY REFERENCES domain (name) ON DELETE CASCADE,
    account      TEXT NOT NULL REFERENCES account (address), -- who comes for the mail of the domain
    quota        INTEGER NOT NULL,
    keep_seconds INTEGER NOT NULL,
    contact      TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX collection_by_account ON collection (account, domain);

  ALTER TABLE account ADD COLUMN clear_cram_md5 INTEGER NOT NULL DEFAULT 0;
  `,
]
