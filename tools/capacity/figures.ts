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
  edge: { rate: 2_500, source: 'bench:apart, per core of msa' },
  intakeStream: { rate: 2_900, source: 'bench:intake, R3, 10 KB, three nodes on one disk' },
  mta: { rate: 2_500, source: 'bench:apart, per core of mta' },
  spoolShard: { rate: 5_000, source: 'bench:postgres-spool' },
  mda: { rate: 2_500, source: 'bench:apart, per core of mda' },
  mailstoreShard: { rate: 5_000, source: 'bench:postgres-mailstore' },
  packs: { rate: 60, source: 'bench:object-content, 4 MiB objects' },
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
