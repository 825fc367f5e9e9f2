import { resolveOne, type AnyDirectory } from '@cartero/directory'
import {
  replies,
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
import type { Events } from '../events.ts'

export interface MxSessionOptions extends ReceptionOptions {
  readonly directory: AnyDirectory
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
  #sender: string | undefined
  #recipient: string | undefined

  constructor(connection: ConnectionFacts, options: MxSessionOptions) {
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
  }

  mail(command: MailCommand): undefined {
    const client = { connection: this.#connection, greeting: this.#greeting, tls: this.#tls }
    this.#reception = new Reception(command, client, this.#options)
    this.#sender = this.#reception.reversePath
    this.#recipient = undefined
    this.#size = 0
  }

  rcpt({ forwardPath }: RcptCommand): MaybePromise<Reply | undefined> {
    const address = forwardPath === 'postmaster' ? 'postmaster' : formatMailbox(forwardPath)
    this.#recipient = address
    return withDirectory(resolveOne(this.#options.directory, address), (resolution) => {
      const refusal = recipientVerdict(resolution, replies.relayDenied)
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
    const queueId = await reception.commit()
    this.#options.events.received(queueId, reception.envelope!, this.#size, this.#connection)
    return reception.accepted(queueId)
  }

  reset(): void {
    this.#reception?.abort()
    this.#reception = undefined
  }
}
