import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '@cartero/wire'
import { BoundedCache } from './bounded-cache.ts'

/** A right password is believed this long: a mail client opens several connections, and again every few minutes. */
export const SUCCESS_TTL_MS = 5 * 60_000
/** A wrong one is refused this long without hashing it again: a client with an old password keeps trying. */
export const FAILURE_TTL_MS = 5000
/** Entries of each kind: about 2 MB. */
export const MAX_ENTRIES = 10_000

/**
 * Remembers which login had which password, without keeping either: the key is an HMAC over both under a key that dies
 * with the process. A login has no NUL, so no other pair of login and password makes the same octets (CVE-2025-30189).
 */
export class PasswordCache {
  readonly #hmacKey = randomBytes(32)
  readonly #right: BoundedCache<string>
  readonly #wrong: BoundedCache<string>

  constructor(clock: Clock, entries: number = MAX_ENTRIES) {
    this.#right = new BoundedCache(clock, entries, SUCCESS_TTL_MS)
    this.#wrong = new BoundedCache(clock, entries, FAILURE_TTL_MS)
  }

  /** What stands for this pair. `login` is canonical. */
  keyOf(login: string, password: string): string {
    return createHmac('sha256', this.#hmacKey).update(`${login}\0${password}`).digest('base64')
  }

  /** Whether the pair is right; undefined when that is not known. */
  recall(key: string): boolean | undefined {
    if (this.#right.get(key) !== undefined) return true
    return this.#wrong.get(key) === undefined ? undefined : false
  }

  remember(key: string, login: string, right: boolean): void {
    if (right) this.#right.set(key, login)
    else this.#wrong.set(key, login)
  }

  /** The login's credentials have changed. */
  forget(login: string): void {
    const isOf = (other: string): boolean => other === login
    this.#right.deleteWhere(isOf)
    this.#wrong.deleteWhere(isOf)
  }
}
