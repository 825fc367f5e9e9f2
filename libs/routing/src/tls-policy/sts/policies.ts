import { untilAborted } from '@cartero/wire'
import { DnsError } from '@cartero/dns'
import type { StoredStsPolicy, StsCache } from '../sts-cache/port.ts'
import type { TlsFailure } from '../../ports.ts'
import { fetchStsPolicy, StsFetchError, type StsFetchOptions } from './fetch.ts'
import { parseStsPolicy, StsPolicyError, type StsPolicy } from './policy.ts'
import { readStsRecords } from './record.ts'

/** How long nobody asks again for a policy that could not be had: the policy hosts of others are not ours to wear out. */
// RFC 8461 §3.3
export const FETCH_BACK_OFF_MS = 5 * 60_000

/** How old a policy may be before it is fetched anew although its number is the same, so that it does not expire. Not more than half its life. */
// RFC 8461 §10.2
export const REFRESH_MS = 24 * 60 * 60_000

/** Domains whose failures are remembered; of more, the oldest are asked again sooner. */
export const MAX_FAILURES = 10_000

export interface StsPoliciesOptions extends StsFetchOptions {
  readonly cache: StsCache
}

/** What a domain demands by MTA-STS, in a sentence, too. */
export interface StsFound {
  /** Undefined: nothing. */
  readonly policy?: StsPolicy
  /** A policy was announced, and could not be had. */
  readonly trouble?: { readonly failure: TlsFailure; readonly detail: string }
  /** There may be a policy, or a newer one: the DNS or the policy host does not say. */
  readonly isUncertain: boolean
  readonly step: string
}

interface Failure {
  readonly until: number
  readonly failure: TlsFailure
  readonly detail: string
}

/** Finds the policies of domains, asks for those that are new, and keeps what it has while they cannot be had. */
export class StsPolicies {
  readonly #options: StsPoliciesOptions
  readonly #running = new Map<string, Promise<StoredStsPolicy>>()
  readonly #failures = new Map<string, Failure>()
  readonly #closing = new AbortController()

  constructor(options: StsPoliciesOptions) {
    this.#options = options
  }

  /** Nobody is asked any more; who waits for an answer is told so. */
  close(): void {
    this.#closing.abort(new Error('the MTA-STS policies are closed'))
  }

  /** Rejects only when the signal aborts, after `close`, and when the cache cannot be reached. */
  // RFC 8461 §5.1
  async of(domain: string, signal: AbortSignal): Promise<StsFound> {
    const { cache, clock } = this.#options
    const [announced, cached] = await Promise.all([
      this.#announced(domain, signal),
      untilAborted(cache.get(domain, clock.now()), signal),
    ])
    if (announced.id === undefined || (cached !== undefined && !this.#isDue(cached, announced.id))) {
      const { step = 'as it is known here', isUncertain = false } = announced
      return { ...found(cached, step), isUncertain }
    }
    const failure = this.#failure(domain)
    if (failure !== undefined) return keeping(cached, failure)
    try {
      return found(await untilAborted(this.#fetched(domain, announced.id), signal), 'as it was just fetched')
    } catch (error) {
      if (error instanceof StsFetchError)
        return keeping(cached, { failure: error.failure, detail: error.message })
      throw error
    }
  }

  /** Its number, or why there is none: what is said of the policy that is still known then. */
  async #announced(
    domain: string,
    signal: AbortSignal,
  ): Promise<{ readonly id?: string; readonly step?: string; readonly isUncertain?: boolean }> {
    try {
      const { records } = await this.#options.resolver.ask(`_mta-sts.${domain}`, 'TXT', signal)
      const read = readStsRecords(records)
      if (read.kind === 'announced') return { id: read.id }
      return { step: read.kind === 'none' ? 'none is announced in the DNS' : read.reason }
    } catch (error) {
      if (!(error instanceof DnsError)) throw error
      return { step: `the DNS does not say now whether there is one: ${error.message}`, isUncertain: true }
    }
  }

  #isDue({ id, fetchedAt, expiresAt }: StoredStsPolicy, announced: string): boolean {
    const life = Math.min(REFRESH_MS, (expiresAt - fetchedAt) / 2)
    return id !== announced || this.#options.clock.now() - fetchedAt >= life
  }

  #failure(domain: string): Failure | undefined {
    const failure = this.#failures.get(domain)
    if (failure === undefined || failure.until > this.#options.clock.now()) return failure
    this.#failures.delete(domain)
    return undefined
  }

  /** One question at a time for a domain; who leaves does not take it from the others. */
  #fetched(domain: string, id: string): Promise<StoredStsPolicy> {
    const running = this.#running.get(domain)
    if (running !== undefined) return running
    const fetching = this.#fetch(domain, id).finally(() => this.#running.delete(domain))
    this.#running.set(domain, fetching)
    return fetching
  }

  async #fetch(domain: string, id: string): Promise<StoredStsPolicy> {
    const { cache, clock } = this.#options
    try {
      const text = await fetchStsPolicy(domain, this.#options, this.#closing.signal)
      const fetchedAt = clock.now()
      const expiresAt = fetchedAt + parsed(text).maxAge * 1000
      const policy = { domain, id, text, fetchedAt, expiresAt }
      await cache.put(policy)
      return policy
    } catch (error) {
      if (error instanceof StsFetchError) this.#note(domain, error)
      throw error
    }
  }

  #note(domain: string, { failure, message }: StsFetchError): void {
    const until = this.#options.clock.now() + FETCH_BACK_OFF_MS
    this.#failures.delete(domain)
    this.#failures.set(domain, { until, failure, detail: message })
    if (this.#failures.size <= MAX_FAILURES) return
    const [oldest] = this.#failures.keys()
    if (oldest !== undefined) this.#failures.delete(oldest)
  }
}

function parsed(text: string): StsPolicy {
  try {
    return parseStsPolicy(text)
  } catch (error) {
    if (!(error instanceof StsPolicyError)) throw error
    throw new StsFetchError('sts-policy-invalid', error.message, { cause: error })
  }
}

function found(stored: StoredStsPolicy | undefined, how: string): StsFound {
  if (stored === undefined) return { step: `no MTA-STS policy: ${how}`, isUncertain: false }
  try {
    const policy = parseStsPolicy(stored.text)
    return { policy, step: `the MTA-STS policy ${stored.id} (${policy.mode}), ${how}`, isUncertain: false }
  } catch (error) {
    if (!(error instanceof StsPolicyError)) throw error
    return {
      step: `no MTA-STS policy: what is kept here makes no sense, ${error.message}`,
      isUncertain: true,
    }
  }
}

/** What is known stays in force while nothing newer can be had. */
// RFC 8461 §5.1
function keeping(
  cached: StoredStsPolicy | undefined,
  { failure, detail }: { readonly failure: TlsFailure; readonly detail: string },
): StsFound {
  const how = `the one that is announced cannot be had: ${detail}`
  return { ...found(cached, how), trouble: { failure, detail }, isUncertain: true }
}
