interface Flight<T> {
  readonly result: Promise<T>
  readonly controller: AbortController
  waiting: number
}

/** Work that several want at once is done once. It is given up when nobody waits for it any longer. */
export class SharedFlights<T> {
  readonly #flights = new Map<string, Flight<T>>()

  /** The result of the work under way for that key, or of `start`. Rejects with the reason of `signal` when that aborts. */
  async join(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const flight = this.#flights.get(key) ?? this.#begin(key, start)
    flight.waiting++
    const { promise, reject } = Promise.withResolvers<never>()
    const leave = (): void => reject(signal?.reason)
    signal?.addEventListener('abort', leave)
    try {
      return await Promise.race([flight.result, promise])
    } finally {
      signal?.removeEventListener('abort', leave)
      if (--flight.waiting === 0) this.#end(key, flight)
    }
  }

  /** Everybody who waits is told so. */
  abort(reason: unknown): void {
    for (const { controller } of this.#flights.values()) controller.abort(reason)
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const flight = { result: start(controller.signal), controller, waiting: 0 }
    this.#flights.set(key, flight)
    const land = (): void => this.#end(key, flight)
    flight.result.then(land, land)
    return flight
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
    flight.controller.abort()
  }
}
