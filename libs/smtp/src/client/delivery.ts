import type { Extension } from '../extensions.ts'
import { needsUtf8 } from '../path.ts'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import { formatMail, type MailCommand } from '../verb/mail.ts'
import { formatRcpt } from '../verb/rcpt.ts'
import { ChunkTransfer } from './chunk-transfer.ts'
import type { Consignment } from './consignment.ts'
import type { Conversation } from './conversation.ts'
import { DataTransfer } from './data-transfer.ts'
import { mailParameters, missingFor } from './envelope-parameters.ts'
import type { Offer } from '../extensions.ts'
import type { OutgoingRecipient, OutgoingTransaction, RecipientOutcome, Stage } from './errand.ts'
import type { Form } from './form.ts'
import { proxiedLines } from './proxied-lines.ts'
import type { Step } from './steps.ts'

const BAD_SEQUENCE = replies.badSequence('').code

/** How the octets of a message go over, once its envelope is said. */
export interface Transfer {
  /** What it begins with. */
  readonly stage: Stage
  /** Plans the steps, or the first of them. */
  plan(): void
  /** Everything is planned: the next transaction may be planned behind it. */
  readonly isPlanned: boolean
  /** The server may have ended neither well nor badly: only RSET tells. */
  readonly leavesOpen: boolean
  /** All of the message was said, or may have been; the server had not declined by then. */
  readonly isSaid: boolean
  /** The connection is gone, or the transaction has failed. */
  abandon(): void
  /** The server cannot have taken it, whatever was said. */
  disown(): void
}

/** One mail transaction: a message on its way to some of its recipients, and what the server says to it. */
// RFC 5321 §3.3
export class Delivery {
  readonly conversation: Conversation
  readonly form: Form
  /** Where the conversation with this transaction stands, which is not where that with others does. */
  stage: Stage = 'MAIL'
  /** The server may have it as its current transaction. */
  open = false
  readonly #consignment: Consignment
  /** Places among the recipients of the message. */
  readonly #recipients: readonly number[]
  #accepted: number[] = []
  #unanswered = 0
  #refused = false
  /** It was begun for the first time, and before the answer to the one before was heard. */
  #wasBlind = false
  #begun = false
  #again = false
  #cutOff: RecipientOutcome['cutOff']
  #transfer: Transfer | undefined

  constructor(
    conversation: Conversation,
    consignment: Consignment,
    recipients: readonly number[],
    form: Form,
  ) {
    this.conversation = conversation
    this.#consignment = consignment
    this.#recipients = recipients
    this.form = form
  }

  begin(): void {
    const { inFlight } = this.conversation
    this.stage = 'MAIL'
    this.#accepted = []
    this.#unanswered = this.#recipients.length
    this.#refused = false
    this.#wasBlind = inFlight.length > 0 && !this.#begun
    this.#begun = true
    // One that fails in BDAT may stay open, and would take our recipients for its own.
    if (inFlight.some((before) => before.leavesOpen)) this.conversation.reset()
    this.conversation.mails++
    inFlight.push(this)
    this.#planForward()
    this.#planMail()
    for (const i of this.#recipients) this.#planRcpt(i)
    this.#transfer = this.form.inChunks ? new ChunkTransfer(this) : new DataTransfer(this)
    this.#transfer.plan()
  }

  get isPlanned(): boolean {
    return this.#transfer?.isPlanned === true
  }

  get leavesOpen(): boolean {
    return this.#transfer?.leavesOpen === true
  }

  /** Recipients that the server has taken. */
  get accepted(): number {
    return this.#accepted.length
  }

  /** There is, or may be, somebody to send it to. */
  get isWanted(): boolean {
    return !this.#refused && this.accepted + this.#unanswered > 0
  }

  /** Its sender was refused, and yet recipients were taken: into a transaction that is not ours. */
  get isAstray(): boolean {
    return this.#refused && this.#accepted.length > 0
  }

  /** What is said of the whole message is for everybody who has no answer of his own. */
  conclude(reply: Reply, by: 'peer' | 'us' = 'peer'): void {
    for (const i of this.#recipients) this.#decide(i, reply, by)
  }

  /** What the server says of it for one of those whom it had accepted, in their order. */
  // RFC 2033 §4.2
  concludeFor(n: number, reply: Reply): void {
    this.#decide(this.#accepted[n]!, reply, 'peer')
  }

  /** The conversation is over: who has no outcome yet is tried again. */
  abandon(reply: Reply, by: 'peer' | 'us'): void {
    this.#transfer?.abandon()
    this.#cutOff = this.#transfer?.isSaid === true ? 'late' : 'early'
    this.conclude(reply, by)
  }

  /** A server that does not know how it was said has not taken it. */
  disown(): void {
    this.#transfer?.disown()
  }

  /** It is not begun at all. */
  dismiss(reply: Reply): void {
    this.conclude(reply, 'us')
    this.#consignment.partDone()
  }

  finish(): void {
    const { conversation } = this
    const { inFlight, waiting } = conversation
    const place = inFlight.indexOf(this)
    if (place === -1) return
    inFlight.splice(place, 1)
    // A server may think that the transaction is still open. Who is under way behind this one has seen to it.
    if (this.open && place === inFlight.length) conversation.reset()
    this.open = false
    if (this.#again) {
      this.#again = false
      waiting.unshift(this)
    } else this.#consignment.partDone()
  }

  /** Plans a step of this transaction. */
  plan(stage: Stage, line: string, heard: (reply: Reply) => void, more: Partial<Step>): void {
    this.conversation.command(stage, line, heard, { endsGroup: false, ...more })
  }

  // Postfix XFORWARD: what the server thinks of it changes nothing
  #planForward(): void {
    const { xforward } = this.#consignment.transaction
    if (xforward === undefined) return
    for (const line of proxiedLines('XFORWARD', xforward, this.conversation.offer.get('XFORWARD'))) {
      this.plan('XFORWARD', line, () => undefined, {})
    }
  }

  #planMail(): void {
    const { transaction } = this.#consignment
    const { offer, patience } = this.conversation
    const line = formatMail(
      transaction.reversePath,
      mailParameters(transaction, this.form, this.#usesUtf8(), offer),
      verbFor(transaction, offer),
    )
    this.plan('MAIL', line, (reply) => this.#mailHeard(reply), { patience: patience.mail })
  }

  #mailHeard(reply: Reply): void {
    this.open = isPositive(reply)
    this.#refused = !this.open
    if (this.open) {
      this.stage = 'RCPT'
      return
    }
    // It was said before the server had done with the one before. Once that is over, it can be said again.
    this.#again = this.#wasBlind && reply.code === BAD_SEQUENCE
    if (!this.#again) this.conclude(reply)
  }

  #planRcpt(i: number): void {
    const { path, parameters } = this.#recipient(i)
    const { offer, patience } = this.conversation
    const line = formatRcpt(path, offer.has('DSN') ? (parameters ?? {}) : {})
    this.plan('RCPT', line, (reply) => this.#rcptHeard(i, reply), {
      patience: patience.rcpt,
      needed: () => !this.#refused,
      skipped: () => this.#unanswered--,
    })
  }

  #rcptHeard(i: number, reply: Reply): void {
    if (isPositive(reply)) this.#accepted.push(i)
    else if (!this.#refused) this.#decide(i, reply, 'peer')
    if (--this.#unanswered === 0 && !this.#refused) this.stage = this.#transfer!.stage
  }

  #decide(i: number, reply: Reply, by: 'peer' | 'us'): void {
    const { stage } = this
    const without = this.#missingFor(i)
    this.#consignment.decide(i, { reply, stage, by, without, cutOff: this.#cutOff })
  }

  #missingFor(i: number): readonly Extension[] {
    return missingFor(this.#consignment.transaction, this.#recipient(i), this.conversation.offer)
  }

  #recipient(i: number): OutgoingRecipient {
    return this.#consignment.transaction.recipients[i]!
  }

  /** SMTPUTF8 is said where something of the message cannot do without. */
  // RFC 6531 §3.4
  #usesUtf8(): boolean {
    const { reversePath, smtpUtf8 } = this.#consignment.transaction
    if (!this.conversation.offer.has('SMTPUTF8')) return false
    if (smtpUtf8 === true || needsUtf8(reversePath)) return true
    return this.#recipients.some((i) => needsUtf8(this.#recipient(i).path))
  }
}

/** What is not offered is not tried: the mailbox is meant, too. */
// RFC 821 §3.4
function verbFor({ verb = 'MAIL' }: OutgoingTransaction, offer: Offer): MailCommand['verb'] {
  return offer.has(verb) ? verb : 'MAIL'
}
