import type { StoreSchema } from '@cartero/sql/postgres'

/** What the journey is in Postgres. */
export const JOURNEY_SCHEMA: StoreSchema = {
  store: 'journey',
  migrations: [
    {
      readableBy: 1,
      sql: `
  CREATE TABLE event (
    at       bigint NOT NULL, -- milliseconds since the epoch
    identity bytea NOT NULL, -- of its line: what is told twice is kept once
    place    bigint GENERATED ALWAYS AS IDENTITY, -- in the order of telling, of what was at the same time
    octets   int NOT NULL, -- that it takes, with its keys
    line     text NOT NULL, -- JSON; no jsonb, which does not hold every text
    PRIMARY KEY (at, identity)
  );

  -- What events are found by. 64 bits of a hash: the line is believed.
  CREATE TABLE event_key (
    key      bigint NOT NULL,
    at       bigint NOT NULL,
    identity bytea NOT NULL,
    PRIMARY KEY (key, at, identity)
  );

  -- How much there is of each day, so that nobody has to count.
  CREATE TABLE day (
    day    int PRIMARY KEY, -- since the epoch
    octets bigint NOT NULL
  );
`,
    },
  ],
}
