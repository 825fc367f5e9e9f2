import type { MailHost } from '@cartero/routing'
import { peerNetwork, type Clock } from '@cartero/wire'

interface Count {
  all: number
  /** Those of all over which mail goes. */
  working: number
}

/** One connection of a host, from before it is opened. */
export interface Place {
  /** The host takes mail. */
  works(): void
  leave(): void
}

/**
 * Connections that are open or being opened, by host: none gets more than it may have, whatever destinations it serves and
 * whatever it is called. Names cost nothing, so it is counted by each of its addresses (IPv6: by /64).
 */
export class HostConnections {
  readonly #most: number
  readonly #clock: Clock
  readonly #counts = new Map<string, Count>()
  readonly #waiting = new Set<() => void>()

  constructor(most: number, clock: Clock) {
    this.#most = most
    this.#clock = clock
  }

  isFull(host: MailHost): boolean {
    return keysOf(host).some((key) => (this.#counts.get(key)?.all ?? 0) >= this.#most)
  }

  /** It takes mail over another connection at this moment. */
  isServing(host: MailHost): boolean {
    return keysOf(host).some((key) => (this.#counts.get(key)?.working ?? 0) > 0)
  }

  enter(host: MailHost): Place {
    const keys = keysOf(host)
    const counts = keys.map((key) => this.#counted(key))
    for (const count of counts) count.all++
    let isWorking = false
    return {
      works: () => {
        if (!isWorking) for (const count of counts) count.working++
        isWorking = true
      },
      leave: () => {
        for (const count of counts) {
          count.all--
          if (isWorking) count.working--
        }
        for (const key of keys) if (this.#counts.get(key)?.all === 0) this.#counts.delete(key)
        for (const wake of this.#waiting) wake()
      },
    }
  }

  #counted(key: string): Count {
    const count = this.#counts.get(key) ?? { all: 0, working: 0 }
    this.#counts.set(key, count)
    return count
  }

  /** Fulfilled when one has left, the time is over, or the signal aborts. */
  left(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = this.#clock.after(milliseconds, wake)
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.add(wake)
    })
  }
}

const keysOf = ({ addresses, port }: MailHost): readonly string[] => [
  ...new Set(addresses.map((address) => `${peerNetwork(address)}:${port}`)),
]
