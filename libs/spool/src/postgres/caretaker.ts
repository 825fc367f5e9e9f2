import type { Acceptance } from './acceptance.ts'
import { Holders } from './holders.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import type { SpoolParts } from './parts.ts'
import { addUp, countWaiting, forgetDead } from './upkeep.ts'

/** What nobody waits for: counts what waits, adds up counters, gives back what the dead held, and forgets what is over. */
export class Caretaker {
  readonly #parts: SpoolParts
  readonly #acceptance: Acceptance
  readonly #ended: AbortSignal
  readonly #holders: Holders
  readonly begun: Promise<void>
  readonly #others: (() => Promise<void>)[] = []
  #waiting = 0
  #round: Promise<void> = Promise.resolve()
  #cancel: (() => void) | undefined

  constructor(parts: SpoolParts, acceptance: Acceptance, ended: AbortSignal) {
    this.#parts = parts
    this.#acceptance = acceptance
    this.#ended = ended
    this.#holders = new Holders(parts)
    this.begun = this.#begin()
    this.#arm()
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** So many more wait, or less, by what was done here. */
  add(count: number): void {
    this.#waiting = Math.max(0, this.#waiting + count)
  }

  /** Something else that is done in each round. */
  also(work: () => Promise<void>): void {
    this.#others.push(work)
  }

  async close(): Promise<void> {
    this.#cancel?.()
    await this.#round
    // A database that is away hears it from the next one who looks.
    await this.#holders.leave().catch(() => undefined)
  }

  #arm(): void {
    if (this.#ended.aborted) return
    this.#cancel = this.#parts.clock.after(POSTGRES_SPOOL_LIMITS.upkeep, () => {
      this.#round = this.#tend()
    })
  }

  async #tend(): Promise<void> {
    try {
      await this.#holders.look()
      await forgetDead(this.#parts)
      await this.#count()
      await addUp(this.#parts)
      await this.#acceptance.forget()
      for (const work of this.#others) await work()
    } catch (error) {
      if (!this.#ended.aborted) this.#parts.trouble(error)
    }
    this.#arm()
  }

  async #begin(): Promise<void> {
    await this.#holders.look()
    await this.#count()
  }

  async #count(): Promise<void> {
    this.#waiting = await countWaiting(this.#parts)
  }
}
