import type { StoreSchema } from '@cartero/sql/postgres'

import { COUNTERS } from './schema-counters.ts'

/** Hours whose queue ids are remembered apart, so that a whole hour can be forgotten at once; more than INLET_MEMORY_MS has. */
export const INLET_HOURS = 32

/** Nobody here goes anywhere with these: our own mailboxes, what is not routed, what customers come for. */
const IS_TOLD = "destination <> '' AND destination <> 'local' AND NOT starts_with(destination, 'odmr ')"

/** Rows live for a second: whatever has died is to be cleared away while there is little of it. */
const HOT = (threshold: number): string =>
  `autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = ${threshold}, autovacuum_vacuum_cost_delay = 0,
   autovacuum_analyze_scale_factor = 0.1, autovacuum_analyze_threshold = ${threshold}`

/**
 * `message`: what was accepted, never changed but for `open`, its deliveries that wait. `delivery`: what is done about it; number 0 is a
 * message that nobody has routed yet. `due` is when there is something to do: 0 at once, the end of a wait, or of a lease; null when
 * only an operator can say. `holder`: who was there lately to hold leases. `taken_in`: what must not be taken in twice.
 */
const FIRST = `
CREATE TABLE message (
  queue_id text COLLATE "C" PRIMARY KEY,
  text bytea NOT NULL,
  content text COLLATE "C" NOT NULL,
  open int NOT NULL
) WITH (toast_tuple_target = 8160, ${HOT(5_000)});
ALTER TABLE message ALTER COLUMN text SET STORAGE EXTERNAL;
CREATE INDEX message_by_content ON message (content);

CREATE TABLE delivery (
  queue_id text COLLATE "C" NOT NULL,
  number int NOT NULL,
  urgency smallint NOT NULL,
  state text COLLATE "C" NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  due bigint,
  not_before bigint NOT NULL DEFAULT 0,
  deliver_by bigint,
  accepted_at bigint NOT NULL,
  size bigint NOT NULL,
  lapses smallint NOT NULL DEFAULT 0,
  crashes smallint NOT NULL DEFAULT 0,
  is_only boolean NOT NULL,
  destination text COLLATE "C" NOT NULL,
  reverse_path text NOT NULL,
  recipients text NOT NULL,
  reason text NOT NULL DEFAULT '',
  status text COLLATE "C" NOT NULL DEFAULT '',
  owner text,
  holder text,
  sender text,
  sentence text,
  PRIMARY KEY (queue_id, number)
) WITH (${HOT(5_000)});
CREATE INDEX delivery_to_take ON delivery (destination, urgency, due, queue_id, number) WHERE due IS NOT NULL;
CREATE INDEX delivery_to_tell ON delivery (due, urgency, destination, queue_id) WHERE due IS NOT NULL AND ${IS_TOLD};
CREATE INDEX delivery_elsewhere ON delivery (destination, queue_id, number) WHERE destination <> 'local' AND destination <> '';
CREATE INDEX delivery_by_state ON delivery (state, queue_id, number) WHERE state IN ('deferred', 'held', 'failed', 'expired');
CREATE INDEX delivery_to_forget ON delivery (not_before) WHERE state IN ('failed', 'expired');

CREATE TABLE holder (name text COLLATE "C" PRIMARY KEY, looks bigint NOT NULL);

CREATE TABLE taken_in (hour smallint NOT NULL, queue_id text COLLATE "C" NOT NULL, PRIMARY KEY (hour, queue_id))
  PARTITION BY LIST (hour);
${Array.from({ length: INLET_HOURS }, (_, hour) => `CREATE TABLE taken_in_${hour} PARTITION OF taken_in FOR VALUES IN (${hour});`).join('\n')}
${COUNTERS}`

/** The condition of the index by which destinations are told of; said in the same words where it is to be used. */
export const TOLD = `due IS NOT NULL AND ${IS_TOLD}`

export const SPOOL_SCHEMA: StoreSchema = { store: 'spool', migrations: [{ sql: FIRST, readableBy: 1 }] }
