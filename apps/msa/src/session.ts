import { resolveOne, senderAllowed, type AnyDirectory } from '@cartero/directory'
import {
  mechanismNamed,
  offeredMechanisms,
  type CredentialVerifier,
  type SaslServerMechanism,
} from '@cartero/sasl'
import { formatPath } from '@cartero/smtp'
import {
  replies,
  type AuthSession,
  type GreetingCommand,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
} from '@cartero/smtp/server'
import {
  Reception,
  recipientVerdict,
  withDirectory,
  type ReceptionOptions,
  type Subject,
} from '@cartero/spool/reception'
import { formatMailbox } from '@cartero/syntax'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Events } from './events.ts'
import { missingFields } from './fix-up.ts'
import type { RateLimit } from './rate-limit.ts'

export interface SubmissionOptions extends ReceptionOptions {
  readonly directory: AnyDirectory
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
  #sender: string | undefined
  #recipient: string | undefined

  constructor(connection: ConnectionFacts, options: SubmissionOptions) {
    this.#connection = connection
    this.#options = options
    this.#tls = connection.tls
  }

  /** Whom it is about what was said last. */
  get subject(): Subject {
    return { helo: this.#greeting?.name, from: this.#sender, to: this.#recipient }
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

  // RFC 6409 §6.1. The null sender is for notices (RFC 5321 §4.5.5), which users' agents send too (RFC 8098 §3).
  mail(command: MailCommand): MaybePromise<Reply | undefined> {
    const { reversePath } = command
    const sender = formatPath(reversePath)
    this.#sender = sender
    this.#recipient = undefined
    if (reversePath === undefined) return this.#begin(command)
    const allowed = senderAllowed(this.#options.directory, this.#account!, sender)
    return withDirectory(allowed, (yes) => (yes ? this.#begin(command) : replies.senderNotAllowed))
  }

  rcpt({ forwardPath }: RcptCommand): MaybePromise<Reply | undefined> {
    if (!this.#options.rate.take(this.#account!)) {
      this.#options.events.rateLimited(this.#account!)
      return replies.sendingTooFast
    }
    const address = forwardPath === 'postmaster' ? 'postmaster' : formatMailbox(forwardPath)
    this.#recipient = address
    return withDirectory(resolveOne(this.#options.directory, address), (resolution) => {
      const refusal = recipientVerdict(resolution, replies.noRouteOut)
      if (refusal === undefined) this.#reception!.addRecipient(address)
      return refusal
    })
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
    const queueId = await reception.commit((header) =>
      missingFields(header, { hostname, now: () => clock.now(), random }),
    )
    this.#options.events.submitted(queueId, reception.envelope!, this.#size, this.#connection)
    return reception.accepted(queueId)
  }

  reset(): void {
    this.#reception?.abort()
    this.#reception = undefined
  }

  #begin(command: MailCommand): undefined {
    const client = {
      connection: this.#connection,
      greeting: this.#greeting,
      tls: this.#tls,
      account: this.#account!,
    }
    this.#reception = new Reception(command, client, this.#options)
    this.#size = 0
  }
}
