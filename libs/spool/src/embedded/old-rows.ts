import type { Database } from '@cartero/sql/procedures'

import { isCollected, type DestinationName } from '../queue.ts'
import { IS_COLLECTED } from './schema-collected.ts'

/** Index entries looked at to find out where a search begins: some two milliseconds. */
const LOOKED_AT = 20_000

/** A delivery's place among all others, newest first. */
export interface RowKey {
  readonly queueId: string
  readonly number: number
}

/** Before the newest. */
const BEGINNING: RowKey = { queueId: '~', number: 0 }

/**
 * Where a search for what was accepted before some moment begins. What has waited too long for a customer is little beside all
 * that waits, and looked for again and again, so there is an index by age; where most is meant, or for any other destination, a
 * search begins at the newest.
 */
export function prepareAges(database: Database, lookedAt: number = LOOKED_AT) {
  const newest = database.prepare(`
    SELECT max(queueId) AS queueId, count(*) AS looked FROM (
      SELECT queueId FROM delivery WHERE ${IS_COLLECTED} AND destination = ? AND acceptedAt <= ? LIMIT ?)`)
  return (destination?: DestinationName, acceptedBefore?: number): RowKey => {
    if (destination === undefined || acceptedBefore === undefined || !isCollected(destination))
      return BEGINNING
    const found = newest.get(destination, acceptedBefore, lookedAt)
    if (found === undefined || Number(found['looked']) === lookedAt) return BEGINNING
    return { queueId: (found['queueId'] as string | null) ?? '', number: Number.MAX_SAFE_INTEGER }
  }
}
