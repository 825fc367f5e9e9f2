import type { StoreSchema } from '@cartero/sql/postgres'

/** Names, keys and content ids are compared and ordered by their octets, whatever the database's locale says. What is large is vacuumed early. */
const first = `
CREATE TABLE account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  active boolean NOT NULL,
  quota bigint NOT NULL DEFAULT 0,
  last_uid_validity bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE mailbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  uid_validity bigint NOT NULL,
  no_select boolean NOT NULL,
  special_use text,
  uid_next bigint NOT NULL DEFAULT 1,
  modseq bigint NOT NULL DEFAULT 1,
  messages bigint NOT NULL DEFAULT 0,
  unseen bigint NOT NULL DEFAULT 0,
  size bigint NOT NULL DEFAULT 0,
  recent bigint NOT NULL DEFAULT 0,
  recent_from bigint NOT NULL DEFAULT 1,
  remembered bigint NOT NULL DEFAULT 0,
  forgotten bigint NOT NULL DEFAULT 0,
  keywords text NOT NULL DEFAULT '',
  UNIQUE (account, name)
) WITH (fillfactor = 50);

CREATE TABLE subscription (
  account bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, name)
);

CREATE TABLE message (
  mailbox bigint NOT NULL,
  uid bigint NOT NULL,
  modseq bigint NOT NULL,
  record bigint NOT NULL,
  size bigint NOT NULL,
  flags smallint NOT NULL,
  keywords text NOT NULL,
  PRIMARY KEY (mailbox, uid)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX message_modseq ON message (mailbox, modseq);
CREATE INDEX message_deleted ON message (mailbox, uid) WHERE flags & 8 <> 0;

CREATE SEQUENCE record_number;
CREATE TABLE record (
  id bigint PRIMARY KEY,
  internal_date bigint NOT NULL,
  size bigint NOT NULL,
  content text COLLATE "C" NOT NULL,
  prefix bytea NOT NULL,
  structure text NOT NULL
);
CREATE INDEX record_content ON record (content);

CREATE TABLE expunge (
  mailbox bigint NOT NULL,
  modseq bigint NOT NULL,
  uid bigint NOT NULL,
  PRIMARY KEY (mailbox, modseq, uid)
);

CREATE TABLE delivered (
  account bigint NOT NULL,
  at bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, key)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX delivered_at ON delivered (at);
`

/** INTERNALS.md explains the tables. */
export const MAILSTORE_SCHEMA: StoreSchema = {
  store: 'mailstore',
  migrations: [{ sql: first.trimStart(), readableBy: 1 }],
}
