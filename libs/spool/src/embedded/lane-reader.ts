import type { Database } from '@cartero/sql/procedures'

import type { DestinationName } from '../queue.ts'
import { IS_TOLD } from './schema-collected.ts'

/** A destination for which something of a priority is due. */
export interface DueLane {
  readonly destination: DestinationName
  readonly priority: number
  readonly nextDue: number
}

/** Up to where the lanes of a priority were told: by the moment, then by name. */
export type LaneCursor = readonly [priority: number, due: number, destination: DestinationName]

export interface DueLanes {
  readonly lanes: readonly DueLane[]
  readonly cursors: readonly LaneCursor[]
  /** When the next one behind the cursors is due. */
  readonly nextDue: number | null
}

/** Behind every name. */
const LAST_NAME = '\u{10ffff}'

export function prepareLanes(database: Database) {
  const lower = database.prepare(
    `SELECT max(priority) AS priority FROM lane WHERE ${IS_TOLD} AND priority < ?`,
  )
  const due = database.prepare(`
    SELECT destination, priority, nextDue FROM lane
    WHERE ${IS_TOLD} AND priority = ? AND (nextDue, destination) > (?, ?) AND nextDue <= ? ORDER BY nextDue, destination LIMIT ?`)
  const next = database.prepare(`
    SELECT nextDue FROM lane WHERE ${IS_TOLD} AND priority = ? AND (nextDue, destination) > (?, ?) ORDER BY nextDue LIMIT 1`)

  return {
    /** What became due since the cursors were there, the most urgent first, then what has waited longest. */
    lanes(asked: {
      readonly now: number
      readonly limit: number
      readonly cursors: readonly LaneCursor[]
    }): DueLanes {
      const { now, limit } = asked
      const known = new Map(asked.cursors.map((cursor) => [cursor[0], cursor]))
      const lanes: DueLane[] = []
      const cursors: LaneCursor[] = []
      let nextDue = Infinity
      let priority = lower.get(Number.MAX_SAFE_INTEGER)?.['priority'] as number | null
      for (; priority !== null; priority = lower.get(priority)?.['priority'] as number | null) {
        const [, from, name] = known.get(priority) ?? [priority, -1, '']
        const wanted = limit - lanes.length
        const found = due.all(priority, from, name, now, wanted) as unknown as DueLane[]
        lanes.push(...found)
        const last = found.at(-1)
        const cursor: LaneCursor =
          found.length < wanted
            ? [priority, Math.max(now, from), from > now ? name : LAST_NAME]
            : [priority, last?.nextDue ?? from, last?.destination ?? name]
        cursors.push(cursor)
        nextDue = Math.min(nextDue, (next.get(...cursor)?.['nextDue'] as number | undefined) ?? Infinity)
      }
      return { lanes, cursors, nextDue: nextDue === Infinity ? null : nextDue }
    },
  }
}
