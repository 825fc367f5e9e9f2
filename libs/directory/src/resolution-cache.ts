import type { Resolution } from '@cartero/contracts/directory'
import type { Clock } from '@cartero/wire'
import { BoundedCache } from './bounded-cache.ts'

/** How long an answer is given from memory: another process (the command line) may write to the same store. */
export const RESOLUTION_TTL_MS = 30_000

/** Answers of each kind: about 4 MB. */
export const MAX_RESOLUTIONS = 10_000

/** Octets of an address that is worth remembering; a longer one is asked for each time. */
const MAX_KEY = 320

/** Answers at hand for the hot path. Everything is dropped when anything changes, which is rare. */
export class ResolutionCache {
  readonly #resolutions: BoundedCache<Resolution>
  readonly #senders: BoundedCache<boolean>
  #version = 0

  constructor(clock: Clock) {
    this.#resolutions = new BoundedCache(clock, MAX_RESOLUTIONS, RESOLUTION_TTL_MS)
    this.#senders = new BoundedCache(clock, MAX_RESOLUTIONS, RESOLUTION_TTL_MS)
  }

  /** To be taken before the store is asked: an answer from before a change is not kept after it. */
  get version(): number {
    return this.#version
  }

  resolution(address: string): Resolution | undefined {
    return this.#resolutions.get(address)
  }

  keepResolution(version: number, address: string, resolution: Resolution): void {
    if (version === this.#version && address.length <= MAX_KEY) this.#resolutions.set(address, resolution)
  }

  senderAllowed(account: string, address: string): boolean | undefined {
    return this.#senders.get(pair(account, address))
  }

  keepSenderAllowed(version: number, account: string, address: string, allowed: boolean): void {
    const key = pair(account, address)
    if (version === this.#version && key.length <= 2 * MAX_KEY) this.#senders.set(key, allowed)
  }

  clear(): void {
    this.#version++
    this.#resolutions.clear()
    this.#senders.clear()
  }
}

/** What has a NUL is never allowed, so pairs that share a key share the answer. */
function pair(account: string, address: string): string {
  return `${account}\0${address}`
}
