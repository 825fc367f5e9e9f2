import { statement } from '@cartero/sql/postgres'

import { Callboard } from '../ledger/callboard.ts'
import { isCollected, type DestinationName, type DueDestination } from '../queue.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { BackOff } from './looking.ts'
import type { SpoolParts } from './parts.ts'
import { TOLD } from './schema.ts'
import { WakeUp } from './wake-up.ts'

/** Told at once. */
const CALLS = 500

/** After a look it rests for so many times what the look took, whoever has news: it reads all destinations that are due. */
const RESTS = 20

/**
 * What is ready: for each urgency and destination the oldest, by leaps through the index. What has become due since `$1`: each row
 * of it. Nothing that waits is read.
 */
const LOOK = statement(`
  WITH RECURSIVE ready AS (
    (SELECT urgency, destination, queue_id FROM delivery WHERE ${TOLD} AND due = 0
      ORDER BY urgency, destination, queue_id LIMIT 1)
    UNION ALL
    SELECT next.* FROM ready, LATERAL (
      SELECT urgency, destination, queue_id FROM delivery
      WHERE ${TOLD} AND due = 0 AND (urgency, destination) > (ready.urgency, ready.destination)
      ORDER BY urgency, destination, queue_id LIMIT 1) AS next
  )
  SELECT destination, urgency::int, 0::bigint AS due, queue_id FROM ready
  UNION ALL
  SELECT destination, min(urgency)::int, min(due), min(queue_id) FROM delivery
  WHERE ${TOLD} AND due > greatest(0, $1::bigint) AND due <= $2::bigint GROUP BY destination`)

interface LookedAt {
  readonly destination: DestinationName
  readonly urgency: number
  readonly due: number
  readonly queue_id: string
}

/** Whom of those who listen to tell of which destination, once until all of it was taken. */
export class DueDestinations {
  readonly #parts: SpoolParts
  readonly #ended: AbortSignal
  readonly #calls = new Callboard()
  /** Told, and not taken to the end; with how often something was added since. */
  readonly #told = new Map<DestinationName, number>()
  readonly wakeUp: WakeUp
  /** What was due until then has been told. */
  #lookedUntil = 0
  #fromBeginningAt = -Infinity
  #lookedAt = -Infinity
  #restsUntil = -Infinity
  #isResting = false
  /** Rings of our own posts. */
  #posts = 0

  constructor(parts: SpoolParts, ended: AbortSignal) {
    this.#parts = parts
    this.#ended = ended
    this.wakeUp = new WakeUp(parts.clock)
  }

  /** Something is due now: whoever listens is told, unless he was told and has not taken all of it. */
  post(destination: DestinationName, urgency: number, isUrged = false): void {
    if (isCollected(destination) || destination === 'local' || destination === '') return
    const told = this.#told.get(destination)
    this.#told.set(destination, (told ?? 0) + 1)
    if (told !== undefined && !isUrged) return
    this.#calls.post(destination, -urgency, isUrged)
    this.#posts += 1
    this.wakeUp.ring()
  }

  /** To be noted before taking, for `emptied`. */
  postsOf(destination: DestinationName): number {
    return this.#told.get(destination) ?? 0
  }

  /** All of it was taken, but for what was posted since. */
  emptied(destination: DestinationName, posts: number): void {
    const now = this.#told.get(destination)
    this.#told.delete(destination)
    if (now !== undefined && now > posts) this.post(destination, 0)
  }

  async *listen(signal: AbortSignal): AsyncGenerator<readonly DueDestination[], void> {
    const { clock, trouble } = this.#parts
    const ended = AbortSignal.any([signal, this.#ended])
    const backOff = new BackOff(clock)
    this.#beginAgain()
    for (let looked = -1; !ended.aborted;) {
      const { rings } = this.wakeUp
      // What was posted here is known; whoever rings otherwise wants us to look.
      const others = rings - this.#posts
      try {
        if (others !== looked || this.#isOverdue) {
          if (this.#rest()) await this.#look()
          looked = others
        }
        backOff.reset()
      } catch (error) {
        if (ended.aborted) return
        trouble(error)
        await backOff.wait(ended)
        continue
      }
      const batch = this.#calls.take(CALLS)
      if (batch.length > 0) yield batch
      else await this.wakeUp.wait(rings, POSTGRES_SPOOL_LIMITS.lookForDue, ended)
    }
  }

  /** False when it looked only now, for as long as that took: then it is woken when it may again. */
  #rest(): boolean {
    const left = this.#restsUntil - this.#parts.clock.elapsed()
    if (left <= 0) return true
    if (!this.#isResting) this.#parts.clock.after(left, () => this.#wake())
    this.#isResting = true
    return false
  }

  #wake(): void {
    this.#isResting = false
    this.wakeUp.ring()
  }

  get #isOverdue(): boolean {
    return this.#parts.clock.elapsed() - this.#lookedAt >= POSTGRES_SPOOL_LIMITS.lookForDue
  }

  #beginAgain(): void {
    this.#told.clear()
    this.#calls.retain(() => false)
    this.#lookedUntil = 0
    this.#fromBeginningAt = this.#parts.clock.elapsed()
  }

  async #look(): Promise<void> {
    const { clock, database } = this.#parts
    const { overlap, lookFromBeginning, told } = POSTGRES_SPOOL_LIMITS
    if (this.#told.size > told || clock.elapsed() - this.#fromBeginningAt > lookFromBeginning) {
      if (this.#told.size > told) this.#told.clear()
      this.#lookedUntil = 0
      this.#fromBeginningAt = clock.elapsed()
    }
    const [now, begun] = [clock.now(), clock.elapsed()]
    const rows = await database.rows<LookedAt>(LOOK, [this.#lookedUntil - overlap, now])
    this.#lookedUntil = now
    this.#lookedAt = clock.elapsed()
    this.#restsUntil = this.#lookedAt + RESTS * (this.#lookedAt - begun)
    for (const { destination, urgency } of rows.toSorted(byUrgency))
      if (!this.#told.has(destination)) this.post(destination, urgency)
  }
}

function byUrgency(a: LookedAt, b: LookedAt): number {
  return a.urgency - b.urgency || a.due - b.due || (a.queue_id < b.queue_id ? -1 : 1)
}
