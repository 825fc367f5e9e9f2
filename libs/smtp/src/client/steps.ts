import type { Bytes } from '@cartero/wire'
import type { Reply } from '../reply.ts'
import type { Stage } from './errand.ts'

/** Something to say and to hear the answer to. */
export interface Step {
  readonly stage: Stage
  /** Nothing for the greeting, which is only heard. */
  readonly say: Buffer | AsyncIterable<Bytes> | undefined
  /** Milliseconds that the answer may take. */
  readonly patience: number
  /** Nothing may be said behind it until its answer was heard (RFC 2920 §3.1). */
  readonly endsGroup: boolean
  /** Asked when it is its turn to be said: false skips it. */
  needed?(): boolean
  /** It was skipped. */
  skipped?(): void
  heard(reply: Reply): void
}

/** One list of steps and two cursors in it, what was said and what was answered. Pipelining is their distance. */
export class Steps {
  #list: Step[] = []
  #said = 0
  #answered = 0

  plan(...steps: readonly Step[]): void {
    this.#list.push(...steps)
  }

  /** The step that is due to be said, or undefined when something has to be heard (or planned) first. */
  // RFC 2920 §3.1
  take(pipelining: boolean): Step | undefined {
    for (;;) {
      const step = this.#list[this.#said]
      if (step === undefined || !this.#free(pipelining)) return undefined
      if (step.needed === undefined || step.needed()) {
        this.#said++
        return step
      }
      this.#list.splice(this.#said, 1)
      step.skipped?.()
    }
  }

  #free(pipelining: boolean): boolean {
    if (this.#said === this.#answered) return true
    return pipelining && !this.#list[this.#said - 1]!.endsGroup
  }

  /** The step whose answer is the next to be heard. */
  get awaited(): Step | undefined {
    return this.#answered < this.#said ? this.#list[this.#answered] : undefined
  }

  answered(): void {
    this.#answered++
    if (this.#answered < this.#list.length) return
    this.#list = []
    this.#said = 0
    this.#answered = 0
  }

  clear(): void {
    this.#list = []
    this.#said = 0
    this.#answered = 0
  }
}
