import { checkSchema, type Postgres, statement } from '@cartero/sql/postgres'
import { systemClock, type Clock } from '@cartero/wire'

import { foldKey, hasKey } from '../event-keys.ts'
import type { Journal, JournalQuestion, JourneyEvent } from '../ports.ts'
import { eventRow, keyOf, type EventRow } from './event-rows.ts'
import {
  BATCH_EVENTS,
  DEFAULT_KEEP_FOR,
  DEFAULT_KEEP_OCTETS,
  MOST_HELD_EVENTS,
  RETENTION_EVERY,
  WRITE_EVERY,
} from './limits.ts'
import { DAY_MS, retain } from './retention.ts'
import { JOURNEY_SCHEMA } from './schema.ts'

export interface PostgresJournalOptions {
  /** Its schema is of the version that is needed (`cartero migrate`). Whoever opened it closes it, after the journal. */
  readonly database: Postgres
  /** Milliseconds that an event is kept; DEFAULT_KEEP_FOR when absent. */
  readonly keepFor?: number
  /** Octets that all events may take in the database, about; DEFAULT_KEEP_OCTETS when absent. */
  readonly keepOctets?: number
  readonly clock?: Clock
  /** Told once when events begin to be lost, or old ones cannot be dropped; not again before some were kept. */
  readonly trouble?: (error: unknown) => void
}

/** A journal of several processes. */
export interface PostgresJournal extends Journal {
  /**
   * Keeps events: they are durable when it is fulfilled, and those that are kept already are not kept twice. What JSON cannot hold is
   * dropped and counted. Rejects with SqlError when none of the rest may have been kept: bring them again.
   */
  tellAll(events: readonly JourneyEvent[]): Promise<void>
}

/** Opens the journal. Rejects with SqlError, in words for the operator, when the database cannot be used. */
export async function openPostgresJournal(options: PostgresJournalOptions): Promise<PostgresJournal> {
  await checkSchema(options.database, JOURNEY_SCHEMA)
  return new JournalInPostgres(options)
}

// Events that are new, with their keys and the sum of their day, in one round trip.
const KEEP = statement(`
  WITH kept AS (
    INSERT INTO event (at, identity, octets, line)
    SELECT at, identity, octets, line
    FROM unnest($1::bigint[], $2::bytea[], $3::int[], $4::text[]) WITH ORDINALITY AS t (at, identity, octets, line, nth) ORDER BY nth
    ON CONFLICT DO NOTHING RETURNING at, identity, octets
  ), keyed AS (
    INSERT INTO event_key (key, at, identity)
    SELECT key, at, identity FROM unnest($5::bigint[], $6::bigint[], $7::bytea[]) AS keys (key, at, identity) JOIN kept USING (at, identity)
  )
  INSERT INTO day (day, octets) SELECT floor(at / ${DAY_MS}.0), sum(octets) FROM kept GROUP BY 1 ORDER BY 1
  ON CONFLICT (day) DO UPDATE SET octets = day.octets + excluded.octets`)

/** The newest of a key. */
export const FIND = statement(`
  SELECT e.line FROM event_key k JOIN event e USING (at, identity)
  WHERE k.key = $1 AND k.at >= $2 ORDER BY k.at DESC, e.place DESC LIMIT $3`)

class JournalInPostgres implements PostgresJournal {
  readonly #options: PostgresJournalOptions
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #held: EventRow[] = []
  #writing: Promise<void> = Promise.resolve()
  #quiet: (() => void) | undefined
  #rest: (() => void) | undefined
  #retaining: Promise<unknown> = Promise.resolve()
  #isTroubled = false
  #dropped = 0

  constructor(options: PostgresJournalOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#retainLater()
  }

  get dropped(): number {
    return this.#dropped
  }

  tell(event: JourneyEvent): void {
    const row = this.#closing.signal.aborted ? undefined : eventRow(event)
    if (row === undefined || this.#held.length >= MOST_HELD_EVENTS) {
      this.#dropped++
      return
    }
    const held = this.#held.push(row)
    if (held === 1) this.#writeLater()
    else if (held === BATCH_EVENTS) setImmediate(() => void this.#flush())
  }

  async tellAll(events: readonly JourneyEvent[]): Promise<void> {
    const rows = events.map((event) => eventRow(event)).filter((row) => row !== undefined)
    this.#dropped += events.length - rows.length
    for (let at = 0; at < rows.length; at += BATCH_EVENTS) await this.#keep(rows.slice(at, at + BATCH_EVENTS))
  }

  async find(question: JournalQuestion, signal: AbortSignal): Promise<readonly JourneyEvent[]> {
    signal.throwIfAborted()
    const key = keyOf(question.key)
    if (key === undefined) return []
    await this.#flush()
    signal.throwIfAborted()
    const since = Math.max(question.since ?? Number.MIN_SAFE_INTEGER, this.#oldest)
    const values = [key, Math.floor(since), question.limit]
    const rows = await this.#options.database.rows<{ line: string }>(FIND, values)
    signal.throwIfAborted()
    const folded = foldKey(question.key)
    return rows
      .map(({ line }) => JSON.parse(line) as JourneyEvent)
      .filter((event) => event.at >= since && hasKey(event, folded))
      .toReversed()
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#rest?.()
    this.#closing.abort()
    await this.#flush()
    this.#dropped += this.#held.splice(0).length
    await this.#retaining
  }

  get #oldest(): number {
    return this.#clock.now() - (this.#options.keepFor ?? DEFAULT_KEEP_FOR)
  }

  #writeLater(): void {
    this.#quiet = this.#clock.after(WRITE_EVERY, () => void this.#flush())
  }

  /** Writes what is held, after what is being written. What cannot be written is held until the next time. */
  #flush(): Promise<void> {
    this.#quiet?.()
    this.#writing = this.#writing.then(() => this.#writeHeld())
    return this.#writing
  }

  async #writeHeld(): Promise<void> {
    while (this.#held.length > 0) {
      const rows = this.#held.slice(0, BATCH_EVENTS)
      try {
        await this.#keep(rows)
        this.#held.splice(0, rows.length)
        this.#isTroubled = false
      } catch (error) {
        this.#troubled(error)
        if (!this.#closing.signal.aborted) this.#writeLater()
        return
      }
    }
  }

  async #keep(rows: readonly EventRow[]): Promise<void> {
    await keepEvents(this.#options.database, rows)
  }

  #retainLater(): void {
    this.#rest = this.#clock.after(RETENTION_EVERY, () => {
      this.#retaining = this.#retain()
    })
  }

  async #retain(): Promise<void> {
    const { database, keepOctets = DEFAULT_KEEP_OCTETS } = this.#options
    const { signal } = this.#closing
    try {
      await retain(database, { oldest: this.#oldest, keepOctets }, signal)
    } catch (error) {
      if (!signal.aborted) this.#troubled(error)
    }
    if (!signal.aborted) this.#retainLater()
  }

  #troubled(error: unknown): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    this.#options.trouble?.(error)
  }
}

/** Those that are kept already are not kept twice. */
export async function keepEvents(database: Postgres, given: readonly EventRow[]): Promise<void> {
  const rows = [...new Map(given.map((row) => [row.identity, row])).values()]
  const keyed = rows.flatMap((row) => row.keys.map((key) => ({ key, row })))
  await database.run(KEEP, [
    arrayOf(rows.map(({ at }) => at)),
    arrayOf(rows.map(({ identity }) => identity)),
    arrayOf(rows.map(({ octets }) => octets)),
    rows.map(({ line }) => line),
    arrayOf(keyed.map(({ key }) => key)),
    arrayOf(keyed.map(({ row }) => row.at)),
    arrayOf(keyed.map(({ row }) => row.identity)),
  ])
}

/** As Postgres writes arrays: of what has no character that would have to be escaped, there are thousands. */
function arrayOf(values: readonly (number | bigint | string)[]): string {
  return `{${values.join(',')}}`
}
