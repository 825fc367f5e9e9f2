import type { TlsFacts } from '@cartero/wire'
import type { ChooseMechanism } from './errand.ts'
import type { ClientPatience } from './limits.ts'

export interface SmtpClientOptions {
  /** What we call ourselves in EHLO: a domain, or an address literal in its brackets. */
  readonly hostname: string
  /** Present when the connection is in TLS from its start. */
  readonly tls?: TlsFacts
  /**
   * `off`: never; `opportunistic`: if the server offers it, and without it if the server then declines;
   * `required`: nothing is sent without it. Whether the certificate must be right is the driver's affair.
   */
  readonly startTls?: 'off' | 'opportunistic' | 'required'
  /** Authenticate, or leave. */
  readonly authenticate?: ChooseMechanism
  /** Authenticate without TLS too. For loopback and tests. */
  readonly allowPlaintextAuth?: boolean
  readonly patience?: Partial<ClientPatience>
}
