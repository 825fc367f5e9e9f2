import type { Trouble } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'

/** Times in milliseconds. */
export const HOST_LIMITS = {
  /** A host that failed is left alone for so long, twice as long after each failure; less than the first wait of the queue. */
  firstRest: 30_000,
  /** A host that is back is noticed within this time, whatever it did before. */
  longestRest: 15 * 60_000,
  /** Failures of which the last is longer ago say nothing any more. */
  memory: 6 * 3_600_000,
  /** For so long a host is spoken to without what it offers and cannot do. Broken hosts are mended in working hours. */
  habit: 3_600_000,
  /** Hosts of which something is remembered; the oldest are forgotten first. A busy sender fails at some hundreds. */
  hosts: 10_000,
} as const

interface Entry {
  failures: number
  /** As `Clock.elapsed`, like all that is remembered here. */
  failedAt: number
  restsUntil: number
  trouble: Trouble | undefined
  readonly without: Map<Extra, number>
}

/** What a host may offer and yet not be able to do. */
export type Extra = 'TLS' | 'CHUNKING'

/**
 * What is remembered of hosts: that they failed, and how they are to be spoken to. In memory only; a start begins afresh.
 * A key is a host or an address, with its port.
 */
export class HostMemory {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What it failed with, as long as nobody is to call it. */
  // RFC 5321 §4.5.4.1
  resting(key: string): Trouble | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.restsUntil > this.#clock.elapsed() ? entry.trouble : undefined
  }

  /** It failed before it took mail. Returns for how long it is left alone: what was known already counts once. */
  failed(key: string, trouble: Trouble): number {
    const now = this.#clock.elapsed()
    const entry = this.#entry(key)
    if (entry.restsUntil > now) return 0
    if (entry.failedAt + HOST_LIMITS.memory < now) entry.failures = 0
    const rest = Math.min(HOST_LIMITS.firstRest * 2 ** entry.failures++, HOST_LIMITS.longestRest)
    Object.assign(entry, { failedAt: now, restsUntil: now + rest, trouble })
    return rest
  }

  /** It takes mail: all failures are forgotten. */
  succeeded(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    if (entry.without.size === 0) this.#entries.delete(key)
    else Object.assign(entry, { failures: 0, restsUntil: 0, trouble: undefined })
  }

  avoid(key: string, extra: Extra): void {
    this.#entry(key).without.set(extra, this.#clock.elapsed() + HOST_LIMITS.habit)
  }

  avoids(key: string, extra: Extra): boolean {
    return (this.#entries.get(key)?.without.get(extra) ?? 0) > this.#clock.elapsed()
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry = { failures: 0, failedAt: 0, restsUntil: 0, trouble: undefined, without: new Map() }
    this.#entries.set(key, entry)
    if (this.#entries.size > HOST_LIMITS.hosts) this.#entries.delete(this.#entries.keys().next().value!)
    return entry
  }
}
