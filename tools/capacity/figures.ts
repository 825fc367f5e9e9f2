import type { Capacities, Costs, Population } from './assumptions.ts'

/** Ten million mailboxes of a provider. */
export const TEN_MILLION: Population = {
  mailboxes: 10_000_000,
  received: 25,
  sent: 3,
  peak: 3,
  meanSize: 75_000,
  smallPart: 0.9,
  smallSize: 20_000,
  keptDays: 400,
  connected: 0.15,
}

/** Two cores were shared by everything that was measured; a machine of one's own does more. */
export const MEASURED: Capacities = {
  edge: { rate: 4_400, source: 'bench:apart, 0.225 ms of a core for a message at mx' },
  intakeStream: {
    rate: 2_000,
    source: 'bench:intake, R3, three nodes on one disk: 5,155 of 4 KB, 708 of 100 KB',
  },
  mta: { rate: 6_800, source: 'bench:apart, 0.147 ms of a core for a message' },
  spoolShard: { rate: 7_000, source: 'bench:postgres-spool, all steps at once' },
  mda: { rate: 13_000, source: 'bench:apart, 0.075 ms of a core for a message' },
  mailstoreShard: { rate: 5_000, source: 'bench:postgres-mailstore, over 100 accounts' },
  packs: { rate: 60, source: 'assumed of a service that speaks S3; Ceph on SQLite, here, does 3 a second' },
}

export const COSTS: Costs = {
  messageRow: 2_000,
  spoolRow: 3_000,
  account: 2_000,
  session: 120_000,
  sessionsPerProcess: 20_000,
  shardOctets: 4e12,
  packOctets: 4 * 1024 * 1024,
  connectionsPerProcess: 4,
  connectionsPerShard: 200,
  newsPerProcess: 5_000,
  newsShards: 64,
  reserve: 0.5,
}
