import { resolveOne, senderAllowed, type AnyDirectory } from '@cartero/directory'
import type { Doorkeeper, Visit } from '@cartero/directory/doorkeeper'
import type { SaslServerMechanism } from '@cartero/sasl'
import {
  replies,
  type AuthSession,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
} from '@cartero/smtp/server'
import { ReceivingSession, withDirectory, type ReceptionOptions } from '@cartero/spool/reception'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Events } from './events.ts'
import { missingFields } from './fix-up.ts'
import type { RateLimit } from './rate-limit.ts'

export interface SubmissionOptions extends ReceptionOptions {
  readonly directory: AnyDirectory
  readonly doorkeeper: Doorkeeper
  readonly rate: RateLimit
  readonly events: Events
  readonly random: (octets: number) => Uint8Array
  /** PLAIN and LOGIN without TLS: on loopback, by choice. */
  readonly allowPlaintextAuth: boolean
}

/** Mail from our own users: who you are decides what you may send. RFC 6409 */
export class SubmissionSession extends ReceivingSession implements SmtpSession, AuthSession {
  readonly #options: SubmissionOptions
  #channel: TlsFacts | undefined

  constructor(connection: ConnectionFacts, options: SubmissionOptions) {
    super(connection, options)
    this.#options = options
    this.#channel = connection.tls
  }

  override tlsStarted(tls: TlsFacts): void {
    super.tlsStarted(tls)
    this.#channel = tls
  }

  /** Whoever has guessed too often is turned away before he says anything. */
  greeting(): Reply | undefined {
    const { doorkeeper, hostname } = this.#options
    if (!doorkeeper.admits(this.connection.remoteAddress)) return replies.tooManyAuthFailures(hostname)
  }

  // RFC 4954 §4, RFC 8314 §3: passwords cross the wire under TLS only
  mechanisms(tls: TlsFacts | undefined): readonly string[] {
    return this.#options.doorkeeper.mechanisms(this.#visit(tls))
  }

  start(mechanism: string): SaslServerMechanism {
    return this.#options.doorkeeper.start(mechanism, this.#visit(this.#channel))
  }

  authenticated(account: string): undefined {
    this.account = account
  }

  #visit(tls: TlsFacts | undefined): Visit {
    const { remoteAddress } = this.connection
    return { remoteAddress, tls, inTheClear: this.#options.allowPlaintextAuth }
  }

  // RFC 6409 §6.1. The null sender is for notices (RFC 5321 §4.5.5), which users' agents send too (RFC 8098 §3).
  mail(command: MailCommand): MaybePromise<Reply | undefined> {
    const sender = this.sender(command)
    if (sender === '') return this.begin(command)
    const allowed = senderAllowed(this.#options.directory, this.account!, sender)
    return withDirectory(allowed, (yes) => (yes ? this.begin(command) : replies.senderNotAllowed))
  }

  rcpt(command: RcptCommand): MaybePromise<Reply | undefined> {
    const { rate, events, directory } = this.#options
    if (!rate.take(this.account!)) {
      events.rateLimited(this.account!)
      return replies.sendingTooFast
    }
    return this.recipient(command, (address) => resolveOne(directory, address), replies.noRouteOut)
  }

  async endOfData(): Promise<Reply> {
    const { hostname, clock, random, events } = this.#options
    const fixUp = { hostname, now: () => clock.now(), random }
    const { queueId, envelope, size, reply } = await this.accept((header) => missingFields(header, fixUp))
    events.submitted(queueId, envelope, size, this.connection)
    return reply
  }
}
