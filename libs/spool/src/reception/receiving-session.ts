import type { Resolution } from '@cartero/contracts/directory'
import type { HeaderScanner } from '@cartero/message'
import { formatPath } from '@cartero/smtp'
import type { GreetingCommand, MailCommand, RcptCommand, Reply } from '@cartero/smtp/server'
import { formatMailbox } from '@cartero/syntax'
import type { ConnectionFacts, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Envelope, QueueId } from '../ports.ts'
import { Reception, type ReceptionOptions } from './reception.ts'
import { recipientVerdict, withDirectory } from './recipient-verdict.ts'
import type { Subject } from './refusal.ts'

/** A message that is ours from now on, and what its client is told. */
export interface Accepted {
  readonly queueId: QueueId
  readonly envelope: Envelope
  /** Octets as received. */
  readonly size: number
  readonly reply: Reply
}

/**
 * What every SMTP session does whose messages end in an intake. Who may send what to whom is for its heirs to say, in
 * `mail`, `rcpt` and `endOfData`.
 */
export abstract class ReceivingSession {
  protected readonly connection: ConnectionFacts
  /** Present after authentication. */
  protected account: string | undefined
  readonly #options: ReceptionOptions
  #greeting: GreetingCommand | undefined
  #tls: TlsFacts | undefined
  #reception: Reception | undefined
  #size = 0
  #sender: string | undefined
  #recipient: string | undefined

  constructor(connection: ConnectionFacts, options: ReceptionOptions) {
    this.connection = connection
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

  // RFC 3207 §4.2: what was said before is forgotten
  tlsStarted(tls: TlsFacts): void {
    this.#tls = tls
    this.#greeting = undefined
    this.account = undefined
  }

  data(): undefined {
    this.#reception!.begin()
  }

  body(octets: Buffer): MaybePromise<void> {
    this.#size += octets.length
    return this.#reception!.write(octets)
  }

  reset(): void {
    this.#reception?.abort()
    this.#reception = undefined
  }

  /** The sender that is asked for; '' is the null path. */
  protected sender({ reversePath }: MailCommand): string {
    this.#recipient = undefined
    return (this.#sender = formatPath(reversePath))
  }

  /** The sender may send. */
  protected begin(command: MailCommand): undefined {
    const client = { connection: this.connection, greeting: this.#greeting, tls: this.#tls }
    const { account } = this
    this.#reception = new Reception(
      command,
      account === undefined ? client : { ...client, account },
      this.#options,
    )
    this.#size = 0
  }

  /** Takes the recipient if somebody here answers for it. `elsewhere` is for those of other hosts. */
  protected recipient(
    { forwardPath }: RcptCommand,
    resolve: (address: string) => MaybePromise<Resolution>,
    elsewhere: Reply,
  ): MaybePromise<Reply | undefined> {
    const address = forwardPath === 'postmaster' ? 'postmaster' : formatMailbox(forwardPath)
    this.#recipient = address
    return withDirectory(resolve(address), (resolution) => {
      const refusal = recipientVerdict(resolution, elsewhere)
      if (refusal === undefined) this.#reception!.addRecipient(address)
      return refusal
    })
  }

  /** Guarantee: that of IntakeDraft.commit. Throws ReplyError. */
  protected async accept(added?: (header: HeaderScanner) => readonly Buffer[]): Promise<Accepted> {
    const reception = this.#reception!
    const queueId = await reception.commit(added)
    return { queueId, envelope: reception.envelope!, size: this.#size, reply: reception.accepted(queueId) }
  }
}
