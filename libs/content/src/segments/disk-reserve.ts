import { ContentStoreError } from '../ports.ts'

/** Octets of disk that drafts leave free: on a full disk SQLite and reclaiming still need room, or it would stay full for ever. */
export const RESERVE_OCTETS: number = 32 * 1024 * 1024
/** Octets after which the disk is looked at again. */
const LOOK_EVERY = 1024 * 1024

/** Refuses drafts while the disk is nearly full, and notices when it is not any more. */
export class DiskReserve {
  readonly #free: () => Promise<number>
  readonly #reserve: number
  #isLow = false
  #since = 0
  #looking: Promise<void> | undefined
  readonly #waiting = new Set<() => void>()
  /** Is called whenever a look finds the disk nearly full. */
  onLow: () => void = () => {}

  /** @param free octets that are free now; when it rejects, nothing is known and nothing is refused */
  constructor(free: () => Promise<number>, reserve: number = RESERVE_OCTETS) {
    this.#free = free
    this.#reserve = reserve
  }

  /** As of the last look. */
  get isLow(): boolean {
    return this.#isLow
  }

  /** Octets that are free now; Infinity when nobody knows. */
  async free(): Promise<number> {
    return await this.#free().catch(() => Infinity)
  }

  /** Fulfilled when the disk is nearly full (at once if it is now), or when the signal aborts. */
  whenLow(signal: AbortSignal): Promise<void> {
    if (this.#isLow || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  /** Throws ContentStoreError `full` while the disk is nearly full. Each refusal has the disk looked at again. */
  check(): void {
    if (!this.#isLow) return
    void this.look()
    throw new ContentStoreError('full', `less than ${this.#reserve / 1024 / 1024} MB of disk are free`)
  }

  /** So many octets are about to be written. */
  spend(octets: number): void {
    this.#since += octets
    if (this.#since >= LOOK_EVERY) void this.look()
  }

  /** Looks at the disk; one at a time. Never rejects. */
  look(): Promise<void> {
    this.#since = 0
    this.#looking ??= this.#measure().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #measure(): Promise<void> {
    this.#isLow = (await this.free()) < this.#reserve
    if (!this.#isLow) return
    this.onLow()
    for (const wake of this.#waiting) wake()
  }
}
