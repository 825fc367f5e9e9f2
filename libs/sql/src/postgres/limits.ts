/** Times in milliseconds. */
export const POSTGRES_LIMITS = {
  /** A process has few things at a time to ask, since it asks in batches; a server has a hundred connections for all. */
  connections: 4,
  /** A server that is away is one that cannot be reached: whoever waits can be told. Of several hosts each has its share. */
  connect: 5_000,
  /** Who waits for a connection that others have is told that the database is busy: longer than one statement may take is no use. */
  patience: 10_000,
  /** So many may wait for a connection; what a slow server makes wait is bounded in memory, too. */
  waiting: 10_000,
  /** A statement is given up, by the server too. Batches of a thousand rows take tens. */
  statement: 15_000,
  /** The server ends a transaction in which nothing was said for so long: its client is cut off, and others wait for its locks. */
  silence: 30_000,
  /** A connection that is not used is given back. */
  idle: 30_000,
  /** A transaction that met another one, or whose connection broke before its commit, is made again so often. */
  attempts: 5,
  /** Who has a connection when the pool is closed may still finish. */
  close: 5_000,
  /** One step of a migration may build an index of a large table, and waits for another one who migrates. */
  migration: 30 * 60_000,
} as const

export type PostgresLimits = { readonly [name in keyof typeof POSTGRES_LIMITS]: number }
