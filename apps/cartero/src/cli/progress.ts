import { say } from './output.ts'

/** Cells of the bar. */
const WIDTH = 30
/** Milliseconds between two lines where nothing can be drawn. */
const EVERY = 2_000

/** How far long work has come, on standard error: a bar on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #total: number
  readonly #isDrawn = process.stderr.isTTY
  #told = Date.now()
  #isOpen = false

  constructor(total: number) {
    this.#total = Math.max(total, 1)
  }

  at(done: number): void {
    if (this.#isDrawn) return this.#draw(done)
    if (Date.now() - this.#told < EVERY) return
    this.#told = Date.now()
    say(`${done} of ${this.#total}`)
  }

  /** Frees the line of the bar. */
  end(): void {
    if (this.#isOpen) process.stderr.write('\r\u{1b}[K')
    this.#isOpen = false
  }

  #draw(done: number): void {
    const filled = Math.min(Math.round((done / this.#total) * WIDTH), WIDTH)
    this.#isOpen = true
    process.stderr.write(`\r[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done} of ${this.#total}`)
  }
}
