import { Resolution_Verdict } from '@cartero/contracts/directory'
import { resolveOne, type AnyDirectory } from '@cartero/directory'
import { DnsError, type Resolver } from '@cartero/dns'
import type { SenderDomains } from '@cartero/spool/reception'
import type { Clock } from '@cartero/wire'

export interface SenderDomainOptions {
  readonly resolver: Resolver
  /** Our own domains need not be in the DNS. */
  readonly directory: AnyDirectory
  readonly clock: Clock
}

type Look = Awaited<ReturnType<SenderDomains['look']>>

/** Milliseconds; then the sender may come again. Clients wait for five minutes (RFC 5321 §4.5.3.2.2), and each has a connection of ours. */
const LOOK_MS = 10_000

/** Whether the DNS knows where notices for a sender could go. */
// RFC 2505 §2.9
export class SenderDomainLookup implements SenderDomains {
  readonly #on: SenderDomainOptions

  constructor(options: SenderDomainOptions) {
    this.#on = options
  }

  async look(domain: string): Promise<Look> {
    const ours = await resolveOne(this.#on.directory, `postmaster@${domain}`)
    if (ours.verdict !== Resolution_Verdict.NOT_OURS) return 'mail'
    const late = new AbortController()
    const cancel = this.#on.clock.after(LOOK_MS, () => late.abort())
    try {
      return await this.#ask(domain, late.signal)
    } catch (error) {
      if (late.signal.aborted || error instanceof DnsError) return 'unknown'
      throw error
    } finally {
      cancel()
    }
  }

  // RFC 5321 §5.1, RFC 7505 §3
  async #ask(domain: string, signal: AbortSignal): Promise<Look> {
    const { kind, records } = await this.#on.resolver.ask(domain, 'MX', signal)
    if (kind === 'noName') return 'nonexistent'
    if (kind === 'found') return records.every(({ exchange }) => exchange === '') ? 'noMail' : 'mail'
    return (await this.#hasAddress(domain, signal)) ? 'mail' : 'nonexistent'
  }

  /** Both families are asked at once. One that has an address counts, whatever is the matter with the other. */
  async #hasAddress(domain: string, signal: AbortSignal): Promise<boolean> {
    const answers = await Promise.allSettled(
      (['A', 'AAAA'] as const).map((type) => this.#on.resolver.ask(domain, type, signal)),
    )
    if (answers.some((answer) => answer.status === 'fulfilled' && answer.value.kind === 'found')) return true
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
    return false
  }
}
