import { statement } from '@cartero/sql/postgres'

import type { QueueId } from '../ports.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import type { SpoolParts } from './parts.ts'
import { conclude, LOCK_MESSAGES } from './settlement.ts'

const TURN = statement(
  `SELECT pg_try_advisory_xact_lock(hashtext('cartero upkeep ' || current_schema())) AS mine`,
)

const ADD_UP = statement(`
  WITH changes AS (DELETE FROM shape_change RETURNING *), sums AS (
    SELECT destination, state, hour, status, sum(deliveries)::bigint AS deliveries, sum(octets)::bigint AS octets FROM changes
    GROUP BY 1, 2, 3, 4)
  INSERT INTO shape AS known SELECT * FROM sums WHERE deliveries <> 0 OR octets <> 0
  ON CONFLICT (destination, state, hour, status)
  DO UPDATE SET deliveries = known.deliveries + excluded.deliveries, octets = known.octets + excluded.octets`)

const CLEAR_EMPTY = statement('DELETE FROM shape WHERE deliveries = 0 AND octets = 0')

const DEAD = statement(`
  SELECT queue_id, number FROM delivery WHERE state IN ('failed', 'expired') AND not_before <= $1::bigint
  ORDER BY not_before LIMIT $2`)

const BURY = statement(`
  UPDATE delivery SET state = 'removed', due = NULL, not_before = 0
  FROM unnest($1::text[], $2::int[]) AS given (queue_id, number)
  WHERE delivery.queue_id = given.queue_id AND delivery.number = given.number AND state IN ('failed', 'expired')`)

const WAITING = statement(`
  SELECT coalesce(sum(deliveries), 0)::bigint AS waiting FROM (
    SELECT deliveries FROM shape WHERE state = 'message' AND destination = ''
    UNION ALL SELECT deliveries FROM shape_change WHERE state = 'message' AND destination = '') AS counted`)

/** How many messages wait, whoever took them in. */
export async function countWaiting({ database }: Pick<SpoolParts, 'database'>): Promise<number> {
  return (await database.rows<{ waiting: number }>(WAITING))[0]?.waiting ?? 0
}

/** Adds up the counters. Of several who would, one does. */
export async function addUp({ database }: Pick<SpoolParts, 'database'>): Promise<void> {
  await database.transaction(async (queries) => {
    const [turn] = await queries.rows<{ mine: boolean }>(TURN)
    if (turn?.mine !== true) return
    await queries.run(ADD_UP)
    await queries.run(CLEAR_EMPTY)
  })
}

/** Dead letters whose time is over are no more. */
export async function forgetDead({ database, clock }: Pick<SpoolParts, 'database' | 'clock'>): Promise<void> {
  for (let found = Infinity; found >= POSTGRES_SPOOL_LIMITS.portion;) {
    found = await database.transaction(async (queries) => {
      const dead = await queries.rows<{ queue_id: QueueId; number: number }>(DEAD, [
        clock.now(),
        POSTGRES_SPOOL_LIMITS.portion,
      ])
      if (dead.length === 0) return 0
      const queueIds = [...new Set(dead.map(({ queue_id }) => queue_id))]
      await queries.run(BURY, [dead.map(({ queue_id }) => queue_id), dead.map(({ number }) => number)])
      await queries.rows(LOCK_MESSAGES, [queueIds])
      await conclude(queries, queueIds)
      return dead.length
    })
  }
}
