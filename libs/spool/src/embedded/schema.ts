import { DEAD_LETTER_RETENTION_MS } from '../ledger/item.ts'
import { COLLECTED } from './schema-collected.ts'
import { OUTBOUND } from './schema-outbound.ts'

const SCHEMA = `
  CREATE TABLE message (
    queueId TEXT PRIMARY KEY,
    envelope TEXT NOT NULL,
    prefix BLOB NOT NULL,
    content TEXT NOT NULL,
    size INTEGER NOT NULL,
    acceptedAt INTEGER NOT NULL,
    isRouted INTEGER NOT NULL,
    isBusy INTEGER NOT NULL,
    isWaiting INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    due INTEGER
  ) STRICT;
  CREATE INDEX messageByDue ON message (due) WHERE due IS NOT NULL;
  CREATE INDEX messageByContent ON message (content);
  CREATE TABLE delivery (
    queueId TEXT NOT NULL REFERENCES message ON DELETE CASCADE,
    number INTEGER NOT NULL,
    nextHop TEXT NOT NULL,
    recipients TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    notBefore INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (queueId, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveryByState ON delivery (state, queueId);
  CREATE TABLE replay (one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL) STRICT;
`

/** Urgent messages are read back first, and dead letters have an end: those that are there already get a whole time from now. */
const PRIORITIES = `
  ALTER TABLE message ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX messageByPriority ON message (priority, due, queueId) WHERE due IS NOT NULL;
  UPDATE delivery SET notBefore = unixepoch() * 1000 + ${DEAD_LETTER_RETENTION_MS} WHERE state IN ('failed', 'expired');
  UPDATE message SET due = (SELECT min(notBefore) FROM delivery WHERE delivery.queueId = message.queueId)
    WHERE isWaiting = 0;
`

/** Never edited once released. */
export const MIGRATIONS: readonly string[] = [SCHEMA, PRIORITIES, OUTBOUND, COLLECTED]

/** Which rows are in memory now, so that they are not read twice. Lives as long as the connection. */
export const LOADED = 'CREATE TEMP TABLE loaded (queueId TEXT PRIMARY KEY) WITHOUT ROWID'
