import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Clock, ConnectionFacts, Role } from '@cartero/wire'

/** A provider that keeps mail for us. */
export interface Provider {
  /** What the operator calls it. */
  readonly name: string
  readonly host: string
  readonly port: number
  /** None: all that are ours there. */
  readonly domains: readonly string[]
  readonly username: string
  readonly password: string
  /** `implicit`: at once; `starttls`: or nothing; `none`: in the clear, where CRAM-MD5 is the only mechanism that is used. */
  readonly tls: 'implicit' | 'starttls' | 'none'
  /** Who is believed in PEM; whom the system believes when absent. */
  readonly authorities?: string
  /** Milliseconds between two visits; on demand only when absent. */
  readonly every?: number
}

export interface CustomerSettings {
  readonly hostname: string
  readonly providers: readonly Provider[]
}

/** What came of a visit to a provider. */
export interface FetchOutcome {
  /** `failed` says why in `reason`; `nothing`: no mail was there. */
  readonly kind: 'fetched' | 'nothing' | 'busy' | 'failed'
  readonly messages: number
  readonly octets: number
  readonly reason?: string
}

export interface CustomerDependencies {
  readonly settings: CustomerSettings
  /** Takes mail from a connection as from any other host: our directory says for whom, our spool keeps it. */
  readonly receive: (connection: ConnectionFacts) => Role
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

export interface CustomerAgent extends Component {
  /** Goes there now, or joins the visit that is under way. Never rejects for what the provider does; rejects for a name that is unknown. */
  fetch(provider: string, signal: AbortSignal): Promise<FetchOutcome>
}

/** The customer's side of on-demand mail relay: calls providers, and takes the mail that they keep for us. */
// RFC 2645
export function createCustomerAgent(_dependencies: CustomerDependencies): CustomerAgent {
  return {
    name: 'odmr customer',
    start: () => Promise.resolve(),
    fetch: () => Promise.reject(new TypeError('no such provider')),
  }
}
