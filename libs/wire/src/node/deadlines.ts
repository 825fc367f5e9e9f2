import type { Clock } from '../clock.ts'
import type { Patience } from '../machine.ts'

/** When a connection's patience ends: with what it waits for now, with the state as a whole, and with all of it. */
export class Deadlines {
  readonly #clock: Clock
  /** What the machine waits for, and since when. */
  #state = ''
  #since = 0
  #isBounded = false
  #end = Infinity
  #lifeEnd = Infinity

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A machine begins, which knows of no state before it. `lifetime` in milliseconds. */
  begin(lifetime: number = Infinity): void {
    this.#state = ''
    this.#isBounded = false
    this.#lifeEnd = this.#clock.elapsed() + lifetime
  }

  /** True once, when the lifetime is over. */
  takeLifeEnd(elapsed: number): boolean {
    if (elapsed < this.#lifeEnd) return false
    this.#lifeEnd = Infinity
    return true
  }

  hasPassed(elapsed: number): boolean {
    return elapsed >= this.#end
  }

  /** Nothing is waited for. */
  suspend(): void {
    this.#end = Infinity
  }

  set(milliseconds: number): void {
    this.#end = this.#clock.elapsed() + milliseconds
  }

  /** The machine waits for something else than when this was last looked at. */
  isNews({ waitingFor }: Patience): boolean {
    return waitingFor !== this.#state
  }

  /** While a state is bounded as a whole, its end must not be missed. */
  noteEnd(patience: Patience): void {
    if (this.#isBounded) this.note(patience)
  }

  note(patience: Patience): void {
    if (!this.isNews(patience)) return
    this.#state = patience.waitingFor
    this.#since = this.#clock.elapsed()
    this.#isBounded = patience.inAll !== undefined
  }

  /** From now on; but not longer than the state may last. */
  wait({ milliseconds, inAll = Infinity }: Patience): void {
    this.#end = Math.min(this.#clock.elapsed() + milliseconds, this.#since + inAll)
  }
}
