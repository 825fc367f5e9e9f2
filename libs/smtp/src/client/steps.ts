import type { Bytes } from '@cartero/wire'
import type { Reply } from '../reply.ts'
import type { Stage } from './errand.ts'

/** Something to say and to hear the answer to. */
export interface Step {
  readonly stage: Stage
  /** Nothing for the greeting, which is only heard. */
  readonly say: Buffer | AsyncIterable<Bytes> | undefined
  /** Milliseconds that an answer may take. */
  readonly patience: number
  /** Nothing may be said behind it until its answer was heard (RFC 2920 §3.1). */
  readonly endsGroup: boolean
  /** Steps that may be unanswered when this is said; without PIPELINING it is none in any case. */
  readonly behind?: number
  /** Answers that it gets, known when they come; one, if absent. */
  readonly answers?: number
  /** The code of a 3yz answer that it may have. */
  readonly goAhead?: number
  /** Asked when it is its turn to be said: false skips it. */
  needed?(): boolean
  /** It is said now. */
  said?(): void
  /** It was skipped. */
  skipped?(): void
  /** What was to be streamed was. */
  streamed?(): void
  /** What was to be streamed cannot be read. The conversation is over. */
  failed?(error: unknown): void
  /** @param n how many of its answers came before */
  heard(reply: Reply, n: number): void
}

/** Steps behind the answered cursor that are kept until they are cleared away together. */
const HEARD_STEPS = 1024

/** One list of steps and two cursors in it, what was said and what was answered. Pipelining is their distance. */
export class Steps {
  #list: Step[] = []
  #said = 0
  #answered = 0
  /** Answers heard to the step that is awaited, and to all. */
  #heard = 0
  #heardInAll = 0
  readonly #inFlight: number

  /** @param inFlight steps that may be unanswered when one more is said */
  constructor(inFlight: number) {
    this.#inFlight = inFlight
  }

  plan(...steps: readonly Step[]): void {
    this.#list.push(...steps)
  }

  /** The step that is due to be said, or undefined when something has to be heard (or planned) first. */
  // RFC 2920 §3.1
  take(pipelining: boolean): Step | undefined {
    for (;;) {
      const step = this.#list[this.#said]
      if (step === undefined || !this.#free(step, pipelining)) return undefined
      if (step.needed === undefined || step.needed()) {
        this.#said++
        step.said?.()
        return step
      }
      this.#list.splice(this.#said, 1)
      step.skipped?.()
    }
  }

  #free(step: Step, pipelining: boolean): boolean {
    const unanswered = this.#said - this.#answered
    if (unanswered === 0) return true
    if (!pipelining || this.#list[this.#said - 1]!.endsGroup) return false
    return unanswered <= (step.behind ?? Infinity) && unanswered < this.#inFlight
  }

  /** Everything that was planned was said. */
  get allSaid(): boolean {
    return this.#said === this.#list.length
  }

  /** The step whose answer is the next to be heard. */
  get awaited(): Step | undefined {
    return this.#answered < this.#said ? this.#list[this.#answered] : undefined
  }

  /** Answers heard since the conversation began. */
  get heard(): number {
    return this.#heardInAll
  }

  /** Counts an answer to the step that is awaited; returns how many came before. */
  answered(): number {
    const step = this.#list[this.#answered]!
    const n = this.#heard++
    this.#heardInAll++
    if (this.#heard < (step.answers ?? 1)) return n
    this.#heard = 0
    this.#answered++
    if (this.#answered === this.#list.length) this.clear()
    else if (this.#answered >= HEARD_STEPS) this.#forget()
    return n
  }

  /** The step that was said last was not said after all. */
  takeBack(): void {
    this.#said--
    this.#list.splice(this.#said, 1)
  }

  clear(): void {
    this.#list = []
    this.#said = 0
    this.#answered = 0
    this.#heard = 0
  }

  #forget(): void {
    this.#list.splice(0, this.#answered)
    this.#said -= this.#answered
    this.#answered = 0
  }
}
