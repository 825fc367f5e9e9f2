/** Tells whoever watches that something changed. Several changes that nobody has heard of yet are one. */
export class Changes {
  readonly #listeners = new Set<() => void>()

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Once from the beginning, then once after each change, until the signal aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<void, void> {
    let isNew = true
    let wake: (() => void) | undefined
    const listener = (): void => {
      isNew = true
      wake?.()
    }
    const leave = (): void => wake?.()
    this.#listeners.add(listener)
    signal.addEventListener('abort', leave, { once: true })
    try {
      while (!signal.aborted) {
        if (isNew) {
          isNew = false
          yield
        } else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
      signal.removeEventListener('abort', leave)
    }
  }
}
