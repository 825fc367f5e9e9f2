import { foldKey, hasKey } from '../event-keys.ts'
import type { Journal, JournalQuestion, JourneyEvent } from '../ports.ts'

/** Events of a MemoryJournal unless it is told otherwise. */
const MOST_EVENTS = 100_000

/** A journal that is gone with its process, for tests. Of more events than it holds, the newest stay. */
export class MemoryJournal implements Journal {
  readonly #most: number
  readonly #events: string[] = []
  #isClosed = false
  #dropped = 0

  constructor(most: number = MOST_EVENTS) {
    this.#most = most
  }

  get dropped(): number {
    return this.#dropped
  }

  /** All that it holds, oldest first. */
  get events(): readonly JourneyEvent[] {
    return this.#events.map((line) => JSON.parse(line) as JourneyEvent)
  }

  tell(event: JourneyEvent): void {
    try {
      if (this.#isClosed) throw new Error('the journal is closed')
      this.#events.push(JSON.stringify(event))
      if (this.#events.length > this.#most) this.#events.shift()
    } catch {
      this.#dropped++
    }
  }

  async find(question: JournalQuestion, signal: AbortSignal): Promise<readonly JourneyEvent[]> {
    signal.throwIfAborted()
    const { key, since = Number.NEGATIVE_INFINITY, limit } = question
    const wanted = foldKey(key)
    return this.events.filter((event) => event.at >= since && hasKey(event, wanted)).slice(-limit)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }
}
