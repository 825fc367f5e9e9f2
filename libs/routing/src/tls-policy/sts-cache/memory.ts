import { MAX_STORED_POLICIES, type StoredStsPolicy, type StsCache } from './port.ts'

/** Until the process ends. */
export class MemoryStsCache implements StsCache {
  readonly #limit: number
  readonly #policies = new Map<string, StoredStsPolicy>()

  constructor(limit: number = MAX_STORED_POLICIES) {
    this.#limit = limit
  }

  get(domain: string, now: number): Promise<StoredStsPolicy | undefined> {
    const policy = this.#policies.get(domain)
    return Promise.resolve(policy !== undefined && policy.expiresAt > now ? policy : undefined)
  }

  put(policy: StoredStsPolicy): Promise<void> {
    this.#policies.set(policy.domain, policy)
    if (this.#policies.size > this.#limit) this.#dropFirstToExpire()
    return Promise.resolve()
  }

  #dropFirstToExpire(): void {
    let first: StoredStsPolicy | undefined
    for (const policy of this.#policies.values()) {
      if (first === undefined || policy.expiresAt < first.expiresAt) first = policy
    }
    if (first !== undefined) this.#policies.delete(first.domain)
  }
}
