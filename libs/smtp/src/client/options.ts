import type { SaslClientMechanism } from '@cartero/sasl'
import type { TlsFacts } from '@cartero/wire'
import type { ProxiedClient } from '../verb/proxied.ts'
import type { Conversion } from './conversion.ts'
import type { ClientLimits, ClientPatience } from './limits.ts'

export interface SmtpClientOptions {
  /** What we call ourselves in EHLO: a domain, or an address literal in its brackets. */
  readonly hostname: string
  /** `lmtp`: the server delivers at once and answers for each recipient (RFC 2033). */
  readonly protocol?: 'smtp' | 'lmtp'
  /** Present when the connection is in TLS from its start. */
  readonly tls?: TlsFacts
  /**
   * `off`: never; `opportunistic`: if the server offers it, and without it if the server then declines;
   * `required`: nothing is sent without it. Whether the certificate must be right is the driver's affair. A handshake
   * that fails ends the conversation in any case.
   */
  readonly startTls?: 'off' | 'opportunistic' | 'required'
  /** Authenticate, or leave. */
  readonly authenticate?: ChooseMechanism
  /** Authenticate without TLS too. For loopback and tests. */
  readonly allowPlaintextAuth?: boolean
  /** For whom we speak, to a server that trusts us and offers XCLIENT. */
  readonly xclient?: ProxiedClient
  /** `prefer`, the default: BDAT where it is offered (RFC 3030). `never`: for servers that offer what they cannot do. */
  readonly chunking?: 'prefer' | 'never'
  /** What is done to messages that the server cannot take as they are. */
  readonly downgrade?: Downgrade
  readonly patience?: Partial<ClientPatience>
  readonly limits?: Partial<ClientLimits>
}

/**
 * The way to authenticate, chosen from the mechanisms that the server offers; undefined when there is none. Channel
 * bindings for those that end in -PLUS are in `tls`.
 */
export type ChooseMechanism = (
  offered: readonly string[],
  tls: TlsFacts | undefined,
) => { readonly name: string; readonly exchange: SaslClientMechanism } | undefined

export interface Downgrade {
  /** How messages are converted; as @cartero/message does it, unless it is said here. `none`: what needs it fails. */
  readonly conversion?: Conversion | 'none'
  /** UTF-8 header fields are written in ASCII for servers without SMTPUTF8. Else, by default, such a message fails. */
  readonly headers?: boolean
  /**
   * A signed message is not converted, since nobody could verify it then. `bounce`, the default, fails it (5.6.2);
   * `send` sends its 8-bit octets as they are.
   */
  // RFC 6152 §3 deviation: `send` is not allowed; it is for those who know that their next hop loses no bit.
  readonly signed?: 'bounce' | 'send'
}
