/** Wakes those who wait for work. Rings made in one turn of the event loop wake them once, when the turn is over. */
export class Bell {
  #waiting: (() => void)[] = []
  #isRinging = false

  ring(): void {
    if (this.#isRinging || this.#waiting.length === 0) return
    this.#isRinging = true
    setImmediate(() => {
      this.#isRinging = false
      const woken = this.#waiting
      this.#waiting = []
      for (const wake of woken) wake()
    })
  }

  /** Until the next ring, or until the signal aborts. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake)
      this.#waiting.push(wake)
    })
  }
}
