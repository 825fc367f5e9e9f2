import type { Resolution } from '@cartero/contracts/directory'
import { mechanismNamed, offeredMechanisms, type CredentialVerifier, type SaslServerMechanism } from '@cartero/sasl'
import {
  ReplyError,
  replies,
  type AuthSession,
  type GreetingCommand,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
} from '@cartero/smtp/server'
import { Reception, type ReceptionOptions } from '@cartero/spool/reception'
import { formatMailbox } from '@cartero/syntax'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Events } from './events.ts'
import { missingFields } from './fix-up.ts'
import type { RateLimit } from './rate-limit.ts'
import { recipientVerdict } from './recipient-verdict.ts'

/** Whom the MSA asks about senders and recipients. */
export interface SubmissionDirectory {
  resolveNow(address: string): Resolution | undefined
  Resolve(request: { readonly addresses: readonly string[] }): Promise<{ readonly resolutions: readonly Resolution[] }>
  SenderAllowed(request: { readonly account: string; readonly address: string }): Promise<{ readonly allowed: boolean }>
}

export interface SubmissionOptions extends ReceptionOptions {
  readonly directory: SubmissionDirectory
  readonly verifier: CredentialVerifier
  readonly rate: RateLimit
  readonly events: Events
  readonly random: (octets: number) => Uint8Array
  /** PLAIN and LOGIN without TLS: on loopback, by choice. */
  readonly allowPlaintextAuth: boolean
}

/** Mail from our own users: who you are decides what you may send. RFC 6409 */
export class SubmissionSession implements SmtpSession, AuthSession {
  readonly #options: SubmissionOptions
  readonly #connection: ConnectionFacts
  #greeting: GreetingCommand | undefined
  #tls: TlsFacts | undefined
  #account: string | undefined
  #reception: Reception | undefined
  #size = 0

  constructor(connection: ConnectionFacts, options: SubmissionOptions) {
    this.#connection = connection
    this.#options = options
    this.#tls = connection.tls
  }

  helo(client: GreetingCommand): undefined {
    this.#greeting = client
  }

  tlsStarted(tls: TlsFacts): void {
    this.#tls = tls
    this.#greeting = undefined
    this.#account = undefined
  }

  // RFC 4954 §4, RFC 8314 §3: passwords cross the wire under TLS only
  mechanisms(tls: TlsFacts | undefined): readonly string[] {
    return offeredMechanisms(tls !== undefined || this.#options.allowPlaintextAuth).map(({ name }) => name)
  }

  start(mechanism: string): SaslServerMechanism {
    return mechanismNamed(mechanism)!.create(this.#options.verifier)
  }

  authenticated(account: string): undefined {
    this.#account = account
  }

  async mail(command: MailCommand): Promise<Reply | undefined> {
    const { reversePath } = command
    // RFC 6409 §6.1. The null sender is for notices (RFC 5321 §4.5.5), which users' agents send too (MDN, RFC 8098 §3).
    if (reversePath !== undefined && !(await this.#mayUse(formatMailbox(reversePath)))) return replies.senderNotAllowed
    const client = { connection: this.#connection, greeting: this.#greeting, tls: this.#tls, account: this.#account! }
    this.#reception = new Reception(command, client, this.#options)
    this.#size = 0
    return undefined
  }

  rcpt({ forwardPath }: RcptCommand): MaybePromise<Reply | undefined> {
    if (!this.#options.rate.take(this.#account!)) {
      this.#options.events.rateLimited(this.#account!)
      return replies.sendingTooFast
    }
    const address = forwardPath === 'postmaster' ? 'postmaster' : formatMailbox(forwardPath)
    const known = this.#options.directory.resolveNow(address)
    return known === undefined ? this.#ask(address) : this.#decide(address, known)
  }

  data(): undefined {
    this.#reception!.begin()
  }

  body(octets: Buffer): MaybePromise<void> {
    this.#size += octets.length
    return this.#reception!.write(octets)
  }

  async endOfData(): Promise<Reply> {
    const reception = this.#reception!
    const { hostname, clock, random } = this.#options
    const queueId = await reception.commit((header) => missingFields(header, { hostname, now: () => clock.now(), random }))
    this.#options.events.submitted(queueId, reception.envelope!, this.#size, this.#connection)
    return reception.accepted(queueId)
  }

  reset(): void {
    this.#reception?.abort()
    this.#reception = undefined
  }

  async #mayUse(address: string): Promise<boolean> {
    const { allowed } = await this.#fromDirectory((directory) => directory.SenderAllowed({ account: this.#account!, address }))
    return allowed
  }

  async #ask(address: string): Promise<Reply | undefined> {
    const { resolutions } = await this.#fromDirectory((directory) => directory.Resolve({ addresses: [address] }))
    return this.#decide(address, resolutions[0]!)
  }

  #decide(address: string, resolution: Resolution): Reply | undefined {
    const refusal = recipientVerdict(resolution)
    if (refusal === undefined) this.#reception!.addRecipient(address)
    return refusal
  }

  async #fromDirectory<T>(ask: (directory: SubmissionDirectory) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#options.directory)
    } catch (error) {
      throw new ReplyError(replies.directoryAway, { reason: String(error), fault: 'store', cause: error })
    }
  }
}
