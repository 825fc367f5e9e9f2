import { resolveOne, type AnyDirectory } from '@cartero/directory'
import {
  replies,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
} from '@cartero/smtp/server'
import { ReceivingSession, type ReceptionOptions } from '@cartero/spool/reception'
import type { ConnectionFacts, MaybePromise } from '@cartero/wire'
import type { Events } from '../events.ts'

export interface MxSessionOptions extends ReceptionOptions {
  readonly directory: AnyDirectory
  readonly events: Events
}

/** Mail from outside: accepted for recipients whom we are responsible for, and for nobody else (RFC 5321 §7.7: never a relay). */
export class MxSession extends ReceivingSession implements SmtpSession {
  readonly #directory: AnyDirectory
  readonly #events: Events

  constructor(connection: ConnectionFacts, options: MxSessionOptions) {
    super(connection, options)
    this.#directory = options.directory
    this.#events = options.events
  }

  mail(command: MailCommand): undefined {
    this.sender(command)
    return this.begin(command)
  }

  rcpt(command: RcptCommand): MaybePromise<Reply | undefined> {
    return this.recipient(command, (address) => resolveOne(this.#directory, address), replies.relayDenied)
  }

  async endOfData(): Promise<Reply> {
    const { queueId, envelope, size, reply } = await this.accept()
    this.#events.received(queueId, envelope, size, this.connection)
    return reply
  }
}
