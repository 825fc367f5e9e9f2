import { systemClock, type Clock } from '@cartero/wire'

/** A piece of work that may not be cut: a message being committed, a delivery being settled. */
export interface Activity extends Disposable {
  readonly label: string
  /** Done; further calls have no effect. */
  end(): void
}

/** The work of this moment that may not be cut. A drain waits for it, and tells its labels when it waits too long. */
export class Activities {
  readonly #clock: Clock
  readonly #running = new Set<RunningActivity>()
  #idleListeners: (() => void)[] = []

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** `using activity = activities.begin('commit 0K3M…')`. */
  begin(label: string): Activity {
    const activity = new RunningActivity(label, this.#clock.now(), (ended) => this.#ended(ended))
    this.#running.add(activity)
    return activity
  }

  get count(): number {
    return this.#running.size
  }

  /** What is running, oldest first: `commit 0K3M… (12 s)`. */
  describe(): string[] {
    const now = this.#clock.now()
    return [...this.#running].map(({ label, since }) => `${label} (${Math.round((now - since) / 1000)} s)`)
  }

  /** Fulfilled as soon as nothing runs. The caller gives up by not waiting any more. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleListeners.push(resolve))
  }

  #ended(activity: RunningActivity): void {
    this.#running.delete(activity)
    if (this.#running.size > 0) return
    const listeners = this.#idleListeners
    this.#idleListeners = []
    for (const listener of listeners) listener()
  }
}

class RunningActivity implements Activity {
  readonly label: string
  readonly since: number
  readonly #onEnd: (activity: RunningActivity) => void

  constructor(label: string, since: number, onEnd: (activity: RunningActivity) => void) {
    this.label = label
    this.since = since
    this.#onEnd = onEnd
  }

  end(): void {
    this.#onEnd(this)
  }

  [Symbol.dispose](): void {
    this.end()
  }
}
