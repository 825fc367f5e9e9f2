import type { MailCommand } from '../verb/mail.ts'
import type { IncomingMessage } from './incoming-message.ts'

/** What is known of one message on its way in. RSET drops the object, so there is nothing to forget to clear. */
// RFC 5321 §3.3
export class Transaction {
  readonly mail: MailCommand
  accepted = 0
  refused = 0
  /** Recipients named although there were enough. */
  overshoot = 0
  /** Present once the session has agreed to octets, or a chunk was sent. */
  message: IncomingMessage | undefined

  constructor(mail: MailCommand) {
    this.mail = mail
  }
}
