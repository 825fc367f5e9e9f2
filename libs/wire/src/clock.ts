/** Time, injected so that a test can own it. */
export interface Clock {
  /** Milliseconds since the epoch: for what is written down and told. Somebody may set it, forward or back. */
  now(): number
  /** Milliseconds since some moment in the life of this process: for how long things last. Goes forward only, and evenly. */
  elapsed(): number
  /** Calls back once after `milliseconds`; the returned function cancels. The timer never keeps a process alive. */
  after(milliseconds: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Waits for that many milliseconds. False when the signal aborts first; then it waits no longer. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const giveUp = (): void => {
      cancel()
      resolve(false)
    }
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', giveUp)
      resolve(true)
    })
    signal.addEventListener('abort', giveUp, { once: true })
  })
}

interface Alarm {
  /** In time that has passed. */
  readonly due: number
  readonly ring: () => void
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number
  #elapsed = 0
  #alarms: Alarm[] = []

  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  elapsed(): number {
    return this.#elapsed
  }

  after(milliseconds: number, callback: () => void): () => void {
    const alarm = { due: this.#elapsed + milliseconds, ring: callback }
    this.#alarms.push(alarm)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
    }
  }

  /** Moves time on and rings what is due on the way, in order. */
  advance(milliseconds: number): void {
    const target = this.#elapsed + milliseconds
    for (;;) {
      const next = this.#alarms.filter((alarm) => alarm.due <= target).toSorted((a, b) => a.due - b.due)[0]
      if (next === undefined) break
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next)
      this.#pass(Math.max(this.#elapsed, next.due))
      next.ring()
    }
    this.#pass(target)
  }

  /** Sets the time of day, as somebody does whose clock was wrong. No time passes by it. */
  set(time: number): void {
    this.#now = time
  }

  #pass(elapsed: number): void {
    this.#now += elapsed - this.#elapsed
    this.#elapsed = elapsed
  }
}
