import { parseDomain } from '@cartero/syntax'
import type { Patience, TlsFacts } from '@cartero/wire'
import type { SmtpEvent } from './events.ts'
import { DEFAULT_LIMITS, type SmtpServerLimits } from './limits.ts'

/**
 * LMTP is SMTP for the last step into a mailbox: each recipient has an outcome of his own (RFC 2033). ODMR takes no mail and
 * gives it, to those who log in and turn the connection around (RFC 2645).
 */
export type Protocol = 'smtp' | 'lmtp' | 'odmr'

/** How a server behaves; what it does with mail is the session's affair. */
export interface SmtpServerOptions {
  /** The name by which the server greets: a domain, or an address literal. */
  readonly hostname: string
  /** SMTP when absent. */
  readonly protocol?: Protocol
  /** Present when TLS came first (RFC 8314 §3). */
  readonly tls?: TlsFacts
  /** STARTTLS can be done here. */
  readonly startTls?: boolean
  /** No mail without TLS: 530. Never set this for a public MX (RFC 3207 §4). */
  readonly requireTls?: boolean
  /** No mail without authentication: a submission server (RFC 6409 §4.3). */
  readonly requireAuth?: boolean
  /** AUTH is offered without TLS. For loopback and tests: passwords are seen by everybody on the way. */
  readonly allowPlaintextAuth?: boolean
  /**
   * What becomes of a message with a CR or LF on its own: refused, or kept with CRLF in its place. In neither case does it
   * end anything (RFC 5321 §2.3.8). BODY=BINARYMIME is kept as it is.
   */
  readonly bareNewlines?: 'reject' | 'clean'
  /**
   * What becomes of a client that speaks before it was greeted (RFC 5321 §3.1). To find out, `refuse` lets every client wait
   * for the greeting, as long as `limits.greetingDelay` says.
   */
  readonly earlyTalkers?: 'refuse' | 'accept'
  readonly limits?: Partial<SmtpServerLimits>
  /** Told what happened, at once. Must not throw. */
  readonly observer?: (event: SmtpEvent) => void
}

export type ServerPolicy = Required<Omit<SmtpServerOptions, 'tls' | 'limits' | 'observer'>> & {
  readonly limits: SmtpServerLimits
  readonly dataPatience: Patience
}

export function policyOf(options: SmtpServerOptions): ServerPolicy {
  const limits = options.limits === undefined ? DEFAULT_LIMITS : { ...DEFAULT_LIMITS, ...options.limits }
  return {
    // RFC 6531 §3.7.1: who connects has not said yet that it understands a U-label
    hostname: parseDomain(options.hostname) ?? options.hostname,
    protocol: options.protocol ?? 'smtp',
    startTls: options.startTls ?? false,
    requireTls: options.requireTls ?? false,
    requireAuth: options.requireAuth ?? false,
    allowPlaintextAuth: options.allowPlaintextAuth ?? false,
    bareNewlines: options.bareNewlines ?? 'reject',
    earlyTalkers: options.earlyTalkers ?? 'accept',
    limits,
    dataPatience: {
      milliseconds: limits.dataPatience,
      inAll: limits.dataDuration,
      waitingFor: 'message data',
    },
  }
}
