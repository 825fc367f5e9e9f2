import type { Reply } from '../reply.ts'
import type { MailCommand } from '../verb/mail.ts'

/** What is known of one message on its way in. RSET drops the object, so there is nothing to forget to clear. */
// RFC 5321 §3.3
export class Transaction {
  readonly mail: MailCommand
  accepted = 0
  refused = 0
  /** Recipients named although there were enough. */
  overshoot = 0
  /** Octets of the message so far, dots removed. */
  octets = 0
  /** Why the message will be refused at its end; the rest of it is thrown away. */
  failure: Reply | undefined

  constructor(mail: MailCommand) {
    this.mail = mail
  }
}
