import type { ContentId } from '@cartero/content'
import type { Database } from '@cartero/sql/procedures'

import type { QueueId } from '../ports.ts'
import type { DestinationName } from '../queue.ts'
import type { DeliveryRow, MessageRow } from './rows.ts'

export interface Taken {
  readonly rows: readonly MessageRow[]
  /** When the next of those that were not taken is due. */
  readonly nextDue: number | null
}

/** What is wanted of those that go to one destination. */
export interface Wanted {
  readonly destination: DestinationName
  readonly now: number
  readonly limit: number
}

export function prepareReads(database: Database) {
  const { due, nextDue, one, deliveries, load, known, referred, lower, ...outbound } = statements(database)
  const take = (found: Record<string, unknown>): MessageRow => {
    load.run(found['queueId'] as QueueId)
    return rowWith(deliveries, found)
  }
  return {
    /** What is due, not in memory, and not for another host; in memory from now on. */
    take({ now, limit }: Omit<Wanted, 'destination'>): Taken {
      const rows: MessageRow[] = []
      for (const priority of priorities(lower)) {
        if (rows.length >= limit) break
        rows.push(...due.all(priority, now, limit - rows.length).map(take))
      }
      return { rows, nextDue: (nextDue.get()?.['due'] as number | undefined) ?? null }
    },
    /** The messages whose deliveries to a destination are due; in memory from now on. Urgent first, then as they became due. */
    takeFor(wanted: Wanted): Taken {
      const lanes = outbound.lanesOf.all(wanted.destination).map(({ priority }) => priority as number)
      const queueIds = dueFor(outbound.dueFor, lanes, wanted)
      const rows = [...queueIds].flatMap((queueId) => one.all(queueId).map(take))
      const next = lanes.map((priority) => outbound.nextFor.get(wanted.destination, priority)?.['due'])
      const dues = next.filter((due) => typeof due === 'number')
      return { rows, nextDue: dues.length === 0 ? null : Math.min(...dues) }
    },
    /** One message, to look at. */
    look(queueId: QueueId): MessageRow | undefined {
      const found = outbound.any.get(queueId)
      return found && rowWith(deliveries, found)
    },
    known(queueIds: readonly QueueId[]): readonly QueueId[] {
      return queueIds.filter((queueId) => known.get(queueId) !== undefined)
    },
    referenced(prefix: string): readonly ContentId[] {
      return referred.all(prefix, `${prefix}\u{10ffff}`).map((row) => row['content'] as ContentId)
    },
  }
}

type Statement = ReturnType<Database['prepare']>

const IS_UNLOADED = 'NOT EXISTS (SELECT 1 FROM temp.loaded WHERE loaded.queueId = message.queueId)'

function statements(database: Database) {
  return {
    due: database.prepare(
      `SELECT * FROM message WHERE priority = ? AND due <= ? AND ${IS_UNLOADED} ORDER BY due, queueId LIMIT ?`,
    ),
    lower: database.prepare(
      'SELECT max(priority) AS priority FROM message WHERE due IS NOT NULL AND priority < ?',
    ),
    nextDue: database.prepare(
      `SELECT due FROM message WHERE due IS NOT NULL AND ${IS_UNLOADED} ORDER BY due LIMIT 1`,
    ),
    lanesOf: database.prepare('SELECT priority FROM lane WHERE destination = ? ORDER BY priority DESC'),
    dueFor: database.prepare(`
      SELECT queueId FROM delivery AS message WHERE destination = ? AND priority = ? AND due <= ? AND ${IS_UNLOADED}
      ORDER BY due, queueId LIMIT ?`),
    nextFor: database.prepare(`
      SELECT due FROM delivery AS message WHERE destination = ? AND priority = ? AND due IS NOT NULL AND ${IS_UNLOADED}
      ORDER BY due LIMIT 1`),
    one: database.prepare(`SELECT * FROM message WHERE queueId = ? AND ${IS_UNLOADED}`),
    any: database.prepare('SELECT * FROM message WHERE queueId = ?'),
    deliveries: database.prepare(`
      SELECT number, nextHop, recipients, state, attempts, notBefore, reason, destination, due, status, lapses, sender,
        sentence FROM delivery WHERE queueId = ? ORDER BY number`),
    load: database.prepare('INSERT INTO temp.loaded VALUES (?)'),
    known: database.prepare('SELECT 1 FROM message WHERE queueId = ?'),
    referred: database.prepare('SELECT content FROM message WHERE content >= ? AND content < ?'),
  }
}

/** Lane by lane; a message with two deliveries to the destination is there once. */
function dueFor(due: Statement, lanes: readonly number[], wanted: Wanted): ReadonlySet<QueueId> {
  const { destination, now, limit } = wanted
  const queueIds = new Set<QueueId>()
  let count = 0
  for (const priority of lanes) {
    if (count >= limit) break
    const found = due.all(destination, priority, now, limit - count)
    count += found.length
    for (const { queueId } of found) queueIds.add(queueId as QueueId)
  }
  return queueIds
}

/** Those that there are, most urgent first. */
function* priorities(lower: Statement): Iterable<number> {
  let next = lower.get(Number.MAX_SAFE_INTEGER)?.['priority'] as number | null
  for (; next !== null; next = lower.get(next)?.['priority'] as number | null) yield next
}

function rowWith(deliveries: Statement, found: Record<string, unknown>): MessageRow {
  const { isRouted, isBusy, isWaiting, ...message } = found
  return {
    ...message,
    isRouted: isRouted === 1,
    isBusy: isBusy === 1,
    isWaiting: isWaiting === 1,
    deliveries: deliveries.all(found['queueId'] as string) as unknown as DeliveryRow[],
  } as unknown as MessageRow
}
