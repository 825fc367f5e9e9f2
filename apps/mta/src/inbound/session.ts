import type { Resolution } from '@cartero/contracts/directory'
import { ReplyError, replies, type GreetingCommand, type MailCommand, type RcptCommand, type Reply, type SmtpSession } from '@cartero/smtp/server'
import { formatMailbox } from '@cartero/syntax'
import { Reception, type ReceptionOptions } from '@cartero/spool/reception'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Events } from '../events.ts'
import { recipientVerdict } from './recipient-verdict.ts'

/** What RCPT is checked against. */
export interface RecipientDirectory {
  /** The answer if it is at hand, so that nobody waits. */
  resolveNow(address: string): Resolution | undefined
  Resolve(request: { readonly addresses: readonly string[] }): Promise<{ readonly resolutions: readonly Resolution[] }>
}

export interface MxSessionOptions extends ReceptionOptions {
  readonly directory: RecipientDirectory
  readonly events: Events
}

/** Mail from outside: accepted for recipients whom we are responsible for, and for nobody else (RFC 5321 §7.7: never a relay). */
export class MxSession implements SmtpSession {
  readonly #options: MxSessionOptions
  readonly #connection: ConnectionFacts
  #greeting: GreetingCommand | undefined
  #tls: TlsFacts | undefined
  #reception: Reception | undefined
  #size = 0

  constructor(connection: ConnectionFacts, options: MxSessionOptions) {
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
  }

  mail(command: MailCommand): undefined {
    const client = { connection: this.#connection, greeting: this.#greeting, tls: this.#tls }
    this.#reception = new Reception(command, client, this.#options)
    this.#size = 0
  }

  rcpt({ forwardPath }: RcptCommand): MaybePromise<Reply | undefined> {
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
    const queueId = await reception.commit()
    this.#options.events.received(queueId, reception.envelope!, this.#size, this.#connection)
    return reception.accepted(queueId)
  }

  reset(): void {
    this.#reception?.abort()
    this.#reception = undefined
  }

  async #ask(address: string): Promise<Reply | undefined> {
    try {
      const { resolutions } = await this.#options.directory.Resolve({ addresses: [address] })
      return this.#decide(address, resolutions[0]!)
    } catch (error) {
      throw new ReplyError(replies.directoryAway, { reason: String(error), fault: 'store', cause: error })
    }
  }

  #decide(address: string, resolution: Resolution): Reply | undefined {
    const refusal = recipientVerdict(resolution)
    if (refusal === undefined) this.#reception!.addRecipient(address)
    return refusal
  }
}
