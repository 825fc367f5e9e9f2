import { enhancedStatus } from '@cartero/syntax'
import type { Extension } from '../extensions.ts'
import { needsUtf8 } from '../path.ts'
import { replies, substitutes } from '../replies.ts'
import { isPermanent, isPositive, type Reply } from '../reply.ts'
import type { Conversation } from './conversation.ts'
import { Delivery } from './delivery.ts'
import type { OutgoingTransaction, RecipientOutcome, Stage } from './errand.ts'
import { formFor, type Form } from './form.ts'
import { split } from './peer-limits.ts'

/** Of RFC 821: too many recipients. */
const STORAGE_EXCEEDED = replies.messageTooBig.code
const TOO_MANY_RECIPIENTS = enhancedStatus(5, 'tooManyRecipients')

/** What is known of one recipient. */
interface Decision extends Pick<RecipientOutcome, 'reply' | 'stage' | 'by'> {
  readonly without?: readonly Extension[]
  readonly cutOff?: RecipientOutcome['cutOff'] | undefined
}

/** One message of the errand: chooses its form, makes as many transactions of it as the server needs, gathers outcomes. */
export class Consignment {
  readonly transaction: OutgoingTransaction
  readonly #conversation: Conversation
  readonly #outcomes: (RecipientOutcome | undefined)[]
  #parts = 0

  constructor(conversation: Conversation, transaction: OutgoingTransaction) {
    this.#conversation = conversation
    this.transaction = transaction
    this.#outcomes = transaction.recipients.map(() => undefined)
  }

  /** @param header of the message, when it had to be read before its form could be chosen */
  begin(header?: Buffer): void {
    const conversation = this.#conversation
    const form = formFor(this.transaction, conversation, header)
    switch (form.kind) {
      case 'header':
        conversation.asking = this
        conversation.outputs.push({ kind: 'ask', question: { kind: 'header', source: form.source() } })
        return
      case 'none':
        this.abandon({ reply: form.reply, stage: 'MAIL', by: 'us' })
        return
      case 'form':
        this.#send(form)
    }
  }

  #send(form: Form): void {
    const { recipients } = this.transaction
    const paths = recipients.map(({ path }) => path)
    const { offer, peerLimits, waiting } = this.#conversation
    const sendable: number[] = []
    for (const [i, path] of paths.entries()) {
      // RFC 6531 §3.2
      if (needsUtf8(path) && !offer.has('SMTPUTF8')) {
        this.decide(i, { reply: substitutes.utf8Incapable, stage: 'MAIL', by: 'us' })
      } else sendable.push(i)
    }
    const parts = split(sendable, paths, peerLimits)
    this.#parts = parts.length
    waiting.push(...parts.map((part) => new Delivery(this.#conversation, this, part, form)))
    if (parts.length === 0) this.#settle()
  }

  /** What becomes of one recipient; what was decided first stays. */
  decide(i: number, { reply, stage, by, without = [], cutOff }: Decision): void {
    if (this.#outcomes[i] !== undefined) return
    const recipient = this.transaction.recipients[i]!.path
    const kind = kindOf(reply, stage)
    const outcome = { recipient, kind, reply, by, stage }
    if (kind === 'delivered' && without.length > 0) this.#outcomes[i] = { ...outcome, without }
    else this.#outcomes[i] = cutOff === undefined ? outcome : { ...outcome, cutOff }
  }

  /** One of its transactions is over. */
  partDone(): void {
    if (--this.#parts === 0) this.#settle()
  }

  /** Nothing more can be done: who has no outcome yet has this one. */
  abandon(decision: Decision): void {
    for (const i of this.#outcomes.keys()) this.decide(i, decision)
    this.#settle()
  }

  #settle(): void {
    const conversation = this.#conversation
    if (!conversation.consignments.delete(this)) return
    conversation.transactions++
    conversation.mayHaveMore = true
    conversation.errand.settled(this.transaction, this.#outcomes as RecipientOutcome[])
  }
}

function kindOf(reply: Reply, stage: Stage): RecipientOutcome['kind'] {
  if (isPositive(reply)) return 'delivered'
  return isPermanent(reply) && !isTooManyRecipients(reply, stage) ? 'failed' : 'deferred'
}

/** What RFC 821 has for "too many recipients", unless an enhanced status says that it is about something else. */
// RFC 5321 §4.5.3.1.10
function isTooManyRecipients({ code, status }: Reply, stage: Stage): boolean {
  return (
    stage === 'RCPT' && code === STORAGE_EXCEEDED && (status ?? TOO_MANY_RECIPIENTS) === TOO_MANY_RECIPIENTS
  )
}
