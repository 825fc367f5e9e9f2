import type { Capacities, Costs, Population, Unit } from './assumptions.ts'

const DAY = 86_400

/** What a population needs. Rates are messages a second at the busiest moment, sizes octets. */
export interface Plan {
  readonly rate: { readonly mean: number; readonly peak: number }
  readonly units: Readonly<Record<keyof Capacities | 'imap', number>>
  readonly octets: {
    readonly content: number
    readonly mailstoreRows: number
    readonly directory: number
    /** What crosses the broker at the busiest moment, each second, all replicas together. */
    readonly broker: number
  }
  readonly objects: number
  /** Connections to one shard of the mailstore when every process may reach every shard. */
  readonly connections: number
  /** News a second that one IMAP process hears at the busiest moment. */
  readonly newsHeard: number
  /** What is reached first when everything else grows: the part of its limit that is used, greatest first. */
  readonly pressure: readonly { readonly what: string; readonly used: number; readonly remedy: string }[]
}

export function planFor(population: Population, capacities: Capacities, costs: Costs): Plan {
  const { mailboxes, received, sent, keptDays, meanSize } = population
  const mean = (mailboxes * (received + sent)) / DAY
  const peak = mean * population.peak
  const kept = mailboxes * received * keptDays
  const imap = Math.ceil((mailboxes * population.connected) / costs.sessionsPerProcess)
  const rows = kept * costs.messageRow
  const units = {
    edge: unitsFor(peak, capacities.edge, costs),
    intakeStream: unitsFor(peak, capacities.intakeStream, costs),
    mta: unitsFor(peak, capacities.mta, costs),
    spoolShard: unitsFor(peak, capacities.spoolShard, costs),
    mda: unitsFor(peak, capacities.mda, costs),
    mailstoreShard: Math.max(
      unitsFor(peak, capacities.mailstoreShard, costs),
      Math.ceil(rows / costs.shardOctets),
    ),
    packs: unitsFor((peak * meanSize) / costs.packOctets, capacities.packs, costs),
    imap,
  }
  const measured = {
    connections: (imap + units.mda) * costs.connectionsPerProcess,
    newsHeard: newsHeard(peak, mailboxes * population.connected, imap, costs),
    objects: (kept * meanSize) / costs.packOctets,
  }
  return {
    rate: { mean, peak },
    units,
    octets: {
      content: kept * meanSize,
      mailstoreRows: rows,
      directory: mailboxes * costs.account,
      broker: peak * population.smallPart * population.smallSize * 3,
    },
    ...measured,
    pressure: pressureOf(measured, costs),
  }
}

function unitsFor(rate: number, unit: Unit, { reserve }: Costs): number {
  return Math.ceil(rate / (unit.rate * (1 - reserve)))
}

/** A process with many sessions listens for nearly all shards of the news, and hears what is for others. */
function newsHeard(rate: number, sessions: number, processes: number, { newsShards }: Costs): number {
  const perProcess = sessions / processes
  const shardsHeard = newsShards * (1 - (1 - 1 / newsShards) ** perProcess)
  return (rate * shardsHeard) / newsShards
}

/** Objects that one pass of the reclaimer lists in a day: a thousand in each answer, ten answers a second. */
const LISTED_IN_A_DAY = 1_000 * 10 * DAY

function pressureOf(
  { connections, newsHeard: heard, objects }: Pick<Plan, 'connections' | 'newsHeard' | 'objects'>,
  costs: Costs,
): Plan['pressure'] {
  return [
    {
      what: 'news that every IMAP process hears, most of it for sessions of others',
      used: heard / costs.newsPerProcess,
      remedy: 'sessions go to processes by their account, or a subject for each account',
    },
    {
      what: 'objects that one reclaimer lists in a day',
      used: objects / LISTED_IN_A_DAY,
      remedy: 'a reclaimer for each range of pack names',
    },
    {
      what: 'connections to one shard of the mailstore',
      used: connections / costs.connectionsPerShard,
      remedy: 'a pool in front of it, or sessions by account, so that a process reaches few shards',
    },
  ].toSorted((one, other) => other.used - one.used)
}
