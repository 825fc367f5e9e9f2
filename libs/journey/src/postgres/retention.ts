import { type Postgres, type Queries, statement } from '@cartero/sql/postgres'

import type { JourneyEvent } from '../ports.ts'
import { keysOf } from './event-rows.ts'
import { DROPPED_AT_ONCE } from './limits.ts'

export interface RetentionTerms {
  /** Milliseconds since the epoch: what was before is dropped. */
  readonly oldest: number
  readonly keepOctets: number
  /** Events that are dropped in one transaction; DROPPED_AT_ONCE when absent. */
  readonly atOnce?: number
}

export const DAY_MS = 86_400_000

const TRY_TURN = statement(
  `SELECT pg_try_advisory_xact_lock(hashtext('cartero retain'), hashtext(current_schema())) AS mine`,
)
const TOTAL = statement('SELECT coalesce(sum(octets), 0)::bigint AS octets FROM day')
const OLDEST = statement(
  `DELETE FROM event USING (
     SELECT at AS old_at, identity AS old FROM event WHERE at < $1 ORDER BY at, identity LIMIT $2
   ) AS oldest WHERE at = old_at AND identity = old RETURNING at, identity, octets, line`,
)
const KEYS = statement(
  `DELETE FROM event_key k USING unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS gone (key, at, identity)
   WHERE k.key = gone.key AND k.at = gone.at AND k.identity = gone.identity`,
)
const COUNT = statement(
  `UPDATE day SET octets = day.octets - gone.octets FROM unnest($1::int[], $2::bigint[]) AS gone (day, octets)
   WHERE day.day = gone.day`,
)
const EMPTY_DAYS = statement('DELETE FROM day WHERE octets <= 0')

interface DroppedRow {
  readonly at: number
  readonly identity: Buffer
  readonly octets: number
  readonly line: string
}

/**
 * Drops what is too old, and of what is too much the oldest, in portions, each a transaction. One process at a time does it; the others
 * have nothing to do. Returns how many events it dropped.
 */
export async function retain(
  database: Postgres,
  terms: RetentionTerms,
  signal: AbortSignal,
): Promise<number> {
  const { atOnce = DROPPED_AT_ONCE } = terms
  let dropped = 0
  for (;;) {
    signal.throwIfAborted()
    const portion = await database.transaction((queries) => dropSome(queries, { ...terms, atOnce }))
    dropped += portion
    if (portion === 0) return dropped
  }
}

async function dropSome(queries: Queries, terms: Required<RetentionTerms>): Promise<number> {
  const [turn] = await queries.rows<{ mine: boolean }>(TRY_TURN)
  if (turn?.mine !== true) return 0
  const [total] = await queries.rows<{ octets: number }>(TOTAL)
  const tooMuch = (total?.octets ?? 0) - terms.keepOctets
  let rows = await queries.rows<DroppedRow>(OLDEST, [Math.ceil(terms.oldest), terms.atOnce])
  if (rows.length === 0 && tooMuch > 0)
    rows = await queries.rows<DroppedRow>(OLDEST, [Number.MAX_SAFE_INTEGER, share(terms, total!.octets)])
  if (rows.length > 0) await forget(queries, rows)
  return rows.length
}

/** Of what is too much as many as that is, and one at least: what is kept is not dropped with it. */
function share({ keepOctets, atOnce }: Required<RetentionTerms>, octets: number): number {
  return Math.max(1, Math.min(atOnce, Math.ceil((octets - keepOctets) / MEAN_OCTETS)))
}

/** Of an event with its keys, about. */
const MEAN_OCTETS = 900

async function forget(queries: Queries, rows: readonly DroppedRow[]): Promise<void> {
  const keys: bigint[] = []
  const ats: number[] = []
  const identities: Buffer[] = []
  const days = new Map<number, number>()
  for (const { at, identity, octets, line } of rows) {
    const day = Math.floor(at / DAY_MS)
    days.set(day, (days.get(day) ?? 0) + octets)
    for (const key of keysOf(JSON.parse(line) as JourneyEvent)) {
      keys.push(key)
      ats.push(at)
      identities.push(identity)
    }
  }
  await queries.run(KEYS, [keys, ats, identities])
  await queries.run(COUNT, [[...days.keys()], [...days.values()]])
  await queries.run(EMPTY_DAYS)
}
