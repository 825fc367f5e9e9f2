import { isPositive, type Ending, type SmtpEvent } from '@cartero/smtp/server'

/** Counts what is taken over in one connection, as the server side tells of it. */
export class Tally {
  /** Messages that are ours now. */
  messages = 0
  octets = 0
  /** How the connection ended; undefined while it lasts. */
  ending: Ending | undefined

  readonly observe = (event: SmtpEvent): void => {
    if (event.kind === 'closed') this.ending = event.how
    if (event.kind !== 'message' || !isPositive(event.reply)) return
    this.messages++
    this.octets += event.octets
  }
}
