import type { ContentId } from '@cartero/content'
import type { Database } from '@cartero/sql/procedures'

import { matches } from '../ledger/entry.ts'
import type { DeliveryState, DeliverySummary, QueueId } from '../ports.ts'
import { summariesOf } from './row-summary.ts'
import type { DeliveryRow, MessageRow } from './rows.ts'

export interface Taken {
  readonly rows: readonly MessageRow[]
  /** When the next of those that were not taken is due. */
  readonly nextDue: number | null
}

interface Inspected {
  readonly state?: DeliveryState
  readonly limit: number
}

export function prepareReads(database: Database) {
  const { due, nextDue, one, deliveries, load, known, referred, ...lists } = statements(database)
  const rowFrom = (found: Record<string, unknown>): MessageRow => rowWith(deliveries, found)
  const take = (found: Record<string, unknown>): MessageRow => {
    load.run(found['queueId'] as QueueId)
    return rowFrom(found)
  }
  return {
    /** What is due and not in memory; in memory from now on. */
    take({ now, limit }: { readonly now: number; readonly limit: number }): Taken {
      const rows: MessageRow[] = []
      for (const priority of priorities(lists.lower)) {
        if (rows.length >= limit) break
        rows.push(...due.all(priority, now, limit - rows.length).map(take))
      }
      return { rows, nextDue: (nextDue.get()?.['due'] as number | undefined) ?? null }
    },
    /** One message, whatever it waits for; in memory from now on. */
    takeOne(queueId: QueueId): MessageRow | undefined {
      const found = one.get(queueId)
      return found && take(found)
    },
    known(queueIds: readonly QueueId[]): readonly QueueId[] {
      return queueIds.filter((queueId) => known.get(queueId) !== undefined)
    },
    /** Of messages that are not in memory, newest first. */
    inspect(asked: Inspected): readonly DeliverySummary[] {
      return inspected(asked, lists, rowFrom)
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
    one: database.prepare(`SELECT * FROM message WHERE queueId = ? AND ${IS_UNLOADED}`),
    deliveries: database.prepare('SELECT * FROM delivery WHERE queueId = ? ORDER BY number'),
    load: database.prepare('INSERT INTO temp.loaded VALUES (?)'),
    known: database.prepare('SELECT 1 FROM message WHERE queueId = ?'),
    newest: database.prepare(
      `SELECT * FROM message WHERE ${IS_UNLOADED} AND queueId < ? ORDER BY queueId DESC LIMIT ?`,
    ),
    newestInState: database.prepare(`
      SELECT * FROM message WHERE queueId IN (
        SELECT DISTINCT queueId FROM delivery AS message WHERE state = ? AND ${IS_UNLOADED} AND queueId < ?
        ORDER BY queueId DESC LIMIT ?)
      ORDER BY queueId DESC`),
    referred: database.prepare('SELECT content FROM message WHERE content >= ? AND content < ?'),
  }
}

/** Those that there are, most urgent first. */
function* priorities(lower: Statement): Iterable<number> {
  let next = lower.get(Number.MAX_SAFE_INTEGER)?.['priority'] as number | null
  for (; next !== null; next = lower.get(next)?.['priority'] as number | null) yield next
}

function inspected(
  { state, limit }: Inspected,
  { newest, newestInState }: { readonly newest: Statement; readonly newestInState: Statement },
  rowFrom: (found: Record<string, unknown>) => MessageRow,
): readonly DeliverySummary[] {
  const found: DeliverySummary[] = []
  for (let before = '~'; found.length < limit;) {
    const page = isOfDeliveries(state) ? newestInState.all(state, before, limit) : newest.all(before, limit)
    if (page.length === 0) break
    before = String(page.at(-1)?.['queueId'])
    for (const row of page) found.push(...summariesOf(rowFrom(row)).filter(matches(state)))
  }
  return found.slice(0, limit)
}

/** States that only deliveries have; a message that is not routed yet is listed as ready or held. */
function isOfDeliveries(state: DeliveryState | undefined): state is DeliveryState {
  return state !== undefined && state !== 'ready' && state !== 'held'
}

function rowWith(deliveries: Statement, found: Record<string, unknown>): MessageRow {
  const { isRouted, isBusy, isWaiting, ...message } = found
  return {
    ...message,
    isBusy: isBusy === 1,
    isWaiting: isWaiting === 1,
    deliveries:
      isRouted === 1 ? (deliveries.all(found['queueId'] as string) as unknown as DeliveryRow[]) : undefined,
  } as unknown as MessageRow
}
