import type { ContentStore } from '@cartero/content'
import type { HostFinder, Route, TlsPolicies, TlsResult } from '@cartero/routing'
import type { ClientPatience } from '@cartero/smtp/client'
import type { Delivery } from '@cartero/spool'
import type { Clock } from '@cartero/wire'
import type { RelaySettings } from '../settings.ts'

/** How a way is to be used that an operator has configured. */
export interface ConfiguredWays {
  /** Undefined: there is none of that name any more. */
  route(name: string): Pick<Route, 'protocol' | 'isTlsImplicit' | 'credentials' | 'authorities'> | undefined
}

/** What can come of a connection that was tried; no more than these, since they are labels of a counter. */
export const CALL_OUTCOMES = ['connected', 'refused', 'failed', 'tls'] as const

/** The host took mail; it turned us away; it could not be reached; or TLS was not as it must be. */
export type CallOutcome = (typeof CALL_OUTCOMES)[number]

/** What couriers tell while they are at it. `host` is a name and a port. */
export interface CourierEvents {
  /** A connection was tried, to one host at whichever of its addresses. */
  called?(outcome: CallOutcome): void
  /** The connection ended between the end of a message and its answer: it is tried again, and may arrive twice. */
  uncertain?(delivery: Delivery, host: string): void
  /** Nobody calls it for so many milliseconds. */
  resting?(host: string, milliseconds: number, reason: string): void
  /** It offers what it cannot do, and is spoken to without it for a while. */
  without?(host: string, what: 'TLS' | 'CHUNKING', reason: string): void
}

export interface CourierOptions {
  /** What we call ourselves. */
  readonly hostname: string
  readonly clock: Clock
  readonly content: Pick<ContentStore, 'read' | 'get'>
  readonly hosts: HostFinder
  readonly policies: TlsPolicies
  readonly routes: ConfiguredWays
  readonly settings: RelaySettings
  readonly tlsResults?: { tell(result: TlsResult): void }
  /** Who is believed where a certificate must be right, in PEM; whom the system believes when absent. */
  readonly authorities?: string
  readonly events?: CourierEvents
  /** RFC 5321 §4.5.3.2, unless it is said here. */
  readonly patience?: Partial<ClientPatience>
}
