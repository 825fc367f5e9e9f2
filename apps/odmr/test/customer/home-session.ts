import { resolveOne, type AnyDirectory } from '@cartero/directory'
import {
  serveSession,
  SmtpServerMachine,
  type MailCommand,
  type RcptCommand,
  type Reply,
  type SmtpSession,
  type Verdict,
} from '@cartero/smtp/server'
import { ReceivingSession, type ReceptionOptions } from '@cartero/spool/reception'
import type { ConnectionFacts, MaybePromise } from '@cartero/wire'
import type { Receive } from '../../src/customer/agent.ts'

/** Takes mail for who is in the directory and for nobody else, as the port for other hosts does. */
class HomeSession extends ReceivingSession implements SmtpSession {
  readonly #directory: AnyDirectory

  constructor(connection: ConnectionFacts, options: ReceptionOptions & { readonly directory: AnyDirectory }) {
    super(connection, options)
    this.#directory = options.directory
  }

  mail(command: MailCommand): MaybePromise<Verdict> {
    this.noteSender(command)
    return this.begin(command)
  }

  rcpt(command: RcptCommand): MaybePromise<Verdict> {
    return this.takeRecipient(command, (address) => resolveOne(this.#directory, address))
  }

  async endOfData(): Promise<Reply> {
    return (await this.accept()).reply
  }
}

/** What takes the mail of turned connections. */
export function receiver(options: ReceptionOptions & { readonly directory: AnyDirectory }): Receive {
  return (connection, { observer, limits }) => {
    const session = new HomeSession(connection, options)
    const machine = new SmtpServerMachine(session, {
      hostname: options.hostname,
      ...(connection.tls && { tls: connection.tls }),
      limits,
      observer,
    })
    return { machine, decide: serveSession(session) }
  }
}
