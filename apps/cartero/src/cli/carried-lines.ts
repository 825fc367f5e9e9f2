import type { Step, Watcher } from '../store-migration/tally.ts'
import { say } from './output.ts'

/** Milliseconds between two lines. */
const EVERY = { terminal: 1_000, log: 10_000 } as const

/** How far mail was carried, on standard error: a line a second on a terminal, elsewhere one for each kind, and now and then. */
export class CarriedLines implements Watcher, Disposable {
  readonly #isDrawn = process.stderr.isTTY
  #work = ''
  #begun = performance.now()
  /** Rows when it was begun to be counted. */
  #from = 0
  #told = performance.now()

  at(step: Step): void {
    const now = performance.now()
    const work = `${step.phase} ${step.work}`
    if (work !== this.#work) {
      this.#work = work
      this.#begun = now
      this.#from = step.done
      if (!this.#isDrawn) say(`${work}: ${step.done}`)
    }
    if (now - this.#told < (this.#isDrawn ? EVERY.terminal : EVERY.log)) return
    const line = lineOf(step, (now - this.#begun) / 1_000, this.#from)
    this.#told = now
    if (this.#isDrawn) process.stderr.write(`\r\u{1b}[K${line}`)
    else say(line)
  }

  /** Frees the line. */
  end(): void {
    if (this.#isDrawn) process.stderr.write('\r\u{1b}[K')
  }

  [Symbol.dispose](): void {
    this.end()
  }
}

function lineOf({ phase, work, done, about, octets }: Step, seconds: number, from: number): string {
  const rate = Math.round((done - from) / Math.max(seconds, 0.001))
  const of = about > 0 ? ` of about ${about}` : ''
  const size =
    octets > 0
      ? `, ${(octets / 1e6).toFixed(1)} MB, ${(octets / 1e6 / Math.max(seconds, 0.001)).toFixed(1)} MB/s`
      : ''
  return `${phase} ${work}: ${done}${of}, ${rate}/s${size}`
}
