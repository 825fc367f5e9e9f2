const CELL = 'destination, state, hour, status, deliveries, octets'

const SUMMED = (rows: string): string => `
    INSERT INTO shape_change (${CELL})
      SELECT destination, state, accepted_at / 3600000, status, sum(n), sum(n * size) FROM (${rows}) AS rows
      WHERE state NOT IN ('delivered', 'removed') GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 OR sum(n * size) <> 0;`

const ROWS = (n: 1 | -1, rows: string): string =>
  `SELECT ${n} AS n, destination, state, accepted_at, status, size FROM ${rows}`

const MESSAGES = (sum: string): string => `
    INSERT INTO shape_change (${CELL}) SELECT '', 'message', 0, '', n, 0 FROM (SELECT ${sum} AS n) AS sum WHERE n <> 0;`

const WAITING = (rows: string): string => `(SELECT count(*) FROM ${rows} WHERE open > 0)`

const FUNCTION = (name: string, body: string): string => `
CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}
    RETURN NULL;
  END $$;`

/** A trigger for a whole statement: a batch of some hundred rows is a row or two in the counters. */
const TRIGGER = (table: 'delivery' | 'message', event: 'INSERT' | 'UPDATE' | 'DELETE'): string => {
  const after = event === 'DELETE' ? '' : 'NEW TABLE AS after'
  const before = event === 'INSERT' ? '' : 'OLD TABLE AS before'
  return `
CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table} REFERENCING ${before} ${after}
  FOR EACH STATEMENT EXECUTE FUNCTION ${table}_${event.toLowerCase()}();`
}

/**
 * `shape` counts deliveries, and messages that wait, under the state `message`. Whoever changes something adds a row to `shape_change`,
 * where nobody waits for anybody; now and then somebody adds them up. What is counted is both together.
 */
export const COUNTERS = `
CREATE TABLE shape (
  destination text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, hour bigint NOT NULL, status text COLLATE "C" NOT NULL,
  deliveries bigint NOT NULL, octets bigint NOT NULL, PRIMARY KEY (destination, state, hour, status)
);
CREATE TABLE shape_change (
  destination text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, hour bigint NOT NULL, status text COLLATE "C" NOT NULL,
  deliveries bigint NOT NULL, octets bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_insert_threshold = -1);
${FUNCTION('delivery_insert', SUMMED(ROWS(1, 'after')))}
${FUNCTION('delivery_delete', SUMMED(ROWS(-1, 'before')))}
${FUNCTION('delivery_update', SUMMED(`${ROWS(1, 'after')} UNION ALL ${ROWS(-1, 'before')}`))}
${FUNCTION('message_insert', MESSAGES(WAITING('after')))}
${FUNCTION('message_delete', MESSAGES(`-${WAITING('before')}`))}
${FUNCTION('message_update', MESSAGES(`${WAITING('after')} - ${WAITING('before')}`))}
${(['delivery', 'message'] as const).map((table) => (['INSERT', 'UPDATE', 'DELETE'] as const).map((event) => TRIGGER(table, event)).join('')).join('')}
`
