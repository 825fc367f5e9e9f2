import { resolveOne, type AnyDirectory } from '@cartero/directory'
import type { MailCommand, RcptCommand, Reply, SmtpSession, Verdict } from '@cartero/smtp/server'
import { ReceivingSession, type ReceptionOptions } from '@cartero/spool/reception'
import type { ConnectionFacts, MaybePromise } from '@cartero/wire'
import type { Events } from '../events.ts'

export interface MxSessionOptions extends ReceptionOptions {
  readonly directory: AnyDirectory
  readonly events: Events
}

/**
 * Mail from outside: accepted for recipients whom we are responsible for, and for nobody else but our own networks
 * (RFC 5321 §7.7: never an open relay).
 */
export class MxSession extends ReceivingSession implements SmtpSession {
  readonly #directory: AnyDirectory
  readonly #events: Events

  constructor(connection: ConnectionFacts, options: MxSessionOptions) {
    super(connection, options)
    this.#directory = options.directory
    this.#events = options.events
  }

  mail(command: MailCommand): MaybePromise<Verdict> {
    this.noteSender(command)
    const verdict = this.senderVerdict(command)
    if (verdict instanceof Promise) return verdict.then((refusal) => refusal ?? this.begin(command))
    return verdict ?? this.begin(command)
  }

  rcpt(command: RcptCommand): MaybePromise<Verdict> {
    return this.takeRecipient(command, (address) => resolveOne(this.#directory, address))
  }

  async endOfData(): Promise<Reply> {
    const accepted = await this.accept()
    this.#events.received(accepted, this.connection)
    return accepted.reply
  }
}
