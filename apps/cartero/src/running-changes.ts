/**
 * Changes of the queue that run, by names that their callers made up. Who leaves is told no more; who wants to hear what was done
 * until he had enough has his change stopped, and hears of the portion under way.
 */
export class RunningChanges {
  readonly #stops = new Map<string, AbortController>()

  /** Aborted by `stop`, and when the listener has gone. */
  begin(name: string, listener: AbortSignal): AbortSignal {
    if (listener.aborted) return listener
    const stop = new AbortController()
    this.#stops.set(name, stop)
    listener.addEventListener('abort', () => this.#stops.delete(name), { once: true })
    return AbortSignal.any([listener, stop.signal])
  }

  /** One that is over is none. */
  stop(name: string): void {
    this.#stops.get(name)?.abort()
  }

  get verbs(): RunningChangesVerbs {
    return { 'queue.stop': async ({ name }) => this.stop(name) }
  }
}

export interface RunningChangesVerbs {
  'queue.stop': (argument: { readonly name: string }) => Promise<void>
}
