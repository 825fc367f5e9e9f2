import type { NewsBoard } from '@cartero/bus'
import type { Clock } from '@cartero/wire'

import { Bell } from '../ledger/bell.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'

/** An alarm waits no longer: a clock that was set is noticed. */
const LONGEST_WAIT_MS = 60_000

/** Why somebody who waits looks again: something was done here, others tell of it, or a moment has come. */
export class WakeUp {
  readonly #clock: Clock
  readonly #bell = new Bell()
  #rings = 0
  #stirs = 0
  #isMerging = false
  #alarmAt = Infinity
  #cancelAlarm: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be noted before looking: what rings from then on keeps nobody waiting. */
  get rings(): number {
    return this.#rings
  }

  /** Of the rings, those after which the database has to be asked. */
  get calls(): number {
    return this.#rings - this.#stirs
  }

  ring(): void {
    this.#rings += 1
    this.#bell.ring()
  }

  /** Wakes who waits for something that is at hand. */
  stir(): void {
    this.#stirs += 1
    this.ring()
  }

  /** When the clock shows this, or earlier for no reason. */
  ringAt(time: number): void {
    if (time >= this.#alarmAt) return
    this.#cancelAlarm?.()
    this.#alarmAt = time
    const wait = Math.min(Math.max(0, time - this.#clock.now()), LONGEST_WAIT_MS)
    this.#cancelAlarm = this.#clock.after(wait, () => this.#alarm(time))
  }

  /** News of others: in a storm of them, one ring. */
  hear(board: NewsBoard, subject: string, own: string, signal: AbortSignal): void {
    const hear = ({ body }: { readonly body: Uint8Array }): void => {
      if (this.#isMerging || Buffer.from(body).toString() === own) return
      this.#isMerging = true
      this.#clock.after(POSTGRES_SPOOL_LIMITS.mergeNews, () => {
        this.#isMerging = false
        this.ring()
      })
    }
    board.hear(subject, hear, signal)
  }

  /** Until it rings, for that long at most. Not at all when it has rung since `rings` was noted. */
  async wait(rings: number, milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#rings !== rings || signal.aborted) return
    const over = new AbortController()
    const cancel = this.#clock.after(milliseconds, () => over.abort())
    await this.#bell.wait(AbortSignal.any([signal, over.signal]))
    cancel()
  }

  #alarm(time: number): void {
    this.#alarmAt = Infinity
    if (time > this.#clock.now()) this.ringAt(time)
    else this.ring()
  }
}
