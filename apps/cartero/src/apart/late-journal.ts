import type { Journal, JournalQuestion, JourneyEvent } from '@cartero/journey'

/** Events that are kept for a journal that is not open yet: what happens to messages begins after that. */
const MOST_KEPT = 1_000

/** A journal that loggers can be given before it is open. */
export class LateJournal implements Journal {
  #journal: Journal | undefined
  #kept: JourneyEvent[] = []
  #dropped = 0

  tell(event: JourneyEvent): void {
    if (this.#journal !== undefined) this.#journal.tell(event)
    else if (this.#kept.length < MOST_KEPT) this.#kept.push(event)
    else this.#dropped++
  }

  /** From now on it is that one, which is told what was told so far. Its owner closes it. */
  become(journal: Journal): void {
    this.#journal = journal
    for (const event of this.#kept.splice(0)) journal.tell(event)
  }

  /** From now on nobody listens. */
  end(): void {
    this.#journal = undefined
  }

  get dropped(): number {
    return this.#dropped + (this.#journal?.dropped ?? 0)
  }

  find(question: JournalQuestion, signal: AbortSignal): Promise<readonly JourneyEvent[]> {
    if (this.#journal === undefined) throw new Error('the journal is asked before it was opened')
    return this.#journal.find(question, signal)
  }

  async close(): Promise<void> {
    this.end()
  }
}
