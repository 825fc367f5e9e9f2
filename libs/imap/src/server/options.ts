import type { MaybePromise, TlsFacts } from '@cartero/wire'
import type { Extension } from '../capability.ts'
import type { ImapLimits } from '../limits.ts'
import type { FullSession } from './session.ts'

/** A question to the session: put it, and give the machine what comes back. */
export interface ImapQuestion {
  /** The command for which it is asked, for logs. */
  readonly command: string
  readonly put: (session: FullSession) => MaybePromise<unknown>
}

export interface ImapServerOptions {
  /** Said in the greeting after the capabilities. */
  readonly greeting: string
  readonly limits?: Partial<ImapLimits>
  /** TLS came first (RFC 8314 §3). */
  readonly tls: boolean
  readonly startTls: boolean
  /** Passwords may cross this connection without TLS: loopback by choice. */
  readonly plaintextLogin: boolean
  readonly mechanisms: (tls: boolean) => readonly string[]
  readonly extensions: ReadonlySet<Extension>
  /** Capabilities that are not to be announced. */
  readonly hidden?: ReadonlySet<string>
  /** Told what is known of the channel when STARTTLS has made it. */
  readonly tlsStarted?: (tls: TlsFacts) => void
  /** Told once when the connection is gone. */
  readonly gone?: () => void
  /** Told what the session threw that is no refusal: a bug, or a store that fails. */
  readonly failed?: (error: unknown, command: string) => void
}
