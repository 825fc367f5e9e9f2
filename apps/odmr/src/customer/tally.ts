import { isPositive, replyText, type Ending, type SmtpEvent } from '@cartero/smtp/server'

/** Where mail is refused, and not a way of speaking. */
const TRANSACTION: ReadonlySet<string> = new Set(['MAIL', 'RCPT', 'DATA', 'BDAT'])

/** Counts what is taken over in one connection, as the server side tells of it. */
export class Tally {
  /** Messages that are ours now. */
  messages = 0
  octets = 0
  /** Recipients and messages that we did not take, and what we said last. */
  refused = 0
  refusal: string | undefined
  /** How the connection ended; undefined while it lasts. */
  ending: Ending | undefined

  readonly observe = (event: SmtpEvent): void => {
    if (event.kind === 'closed') this.ending = event.how
    if (event.kind === 'refused' && TRANSACTION.has(event.verb)) {
      this.refused++
      this.refusal = replyText(event.reply)
    }
    if (event.kind !== 'message' || !isPositive(event.reply)) return
    this.messages++
    this.octets += event.octets
  }
}
