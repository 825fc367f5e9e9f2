import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { AnyDirectory } from '@cartero/directory'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import type { SmtpServerLimits } from '@cartero/smtp/server'
import type { Turns } from '@cartero/spool/dispatch'
import type { Clock } from '@cartero/wire'
import type { TlsServer } from '@cartero/wire/node'

/** A door for customers. */
export interface OdmrListener {
  readonly host: string
  readonly port: number
  /** TLS at once instead of STARTTLS. */
  readonly implicitTls: boolean
}

export interface OdmrSettings {
  readonly hostname: string
  readonly listen: readonly OdmrListener[]
  /** TURN (RFC 821 §3.8) is answered, after a login and under TLS. */
  readonly isTurnAllowed: boolean
  /** CRAM-MD5 is offered without TLS, to accounts that may use it so: for old customers that cannot do anything else. */
  readonly allowClearCramMd5: boolean
  /** Milliseconds that a turn may last in all; what is left then waits for the next. */
  readonly turnDuration: number
  readonly limits?: Partial<SmtpServerLimits>
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  /** Proxies that say who connects by the PROXY protocol, in CIDR notation; none: everybody connects directly. */
  readonly proxyProtocol?: readonly string[]
}

export interface OdmrDependencies {
  readonly settings: OdmrSettings
  readonly turns: Turns
  readonly directory: AnyDirectory
  readonly doorkeeper: Doorkeeper
  /** The octets of what is turned over. */
  readonly content: Pick<ContentStore, 'read' | 'get'>
  readonly tls: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

/** The provider's side of on-demand mail relay: customers log in and take their mail over the same connection. */
// RFC 2645
export function createOdmrAgent(_dependencies: OdmrDependencies): Component {
  return { name: 'odmr', start: () => Promise.resolve() }
}
