import { isAsciiMailbox } from '@cartero/syntax'
import { DotStuffer, dotStuffed } from '../framing/dot-stuffer.ts'
import type { MailParameters } from '../parameters/mail-parameters.ts'
import type { ForwardPath, ReversePath } from '../path.ts'
import { replies, substitutes } from '../replies.ts'
import { isPermanent, isPositive, type Reply } from '../reply.ts'
import { formatMail } from '../verb/mail.ts'
import { formatRcpt } from '../verb/rcpt.ts'
import type { Conversation } from './conversation.ts'
import type { OutgoingTransaction, RecipientOutcome, Stage } from './errand.ts'
import type { Step } from './steps.ts'

const GO_AHEAD = replies.startData.code
const END_OF_NOTHING = Buffer.from('.\r\n')

/** One message on its way to the server: plans its steps and gathers what becomes of each recipient. */
// RFC 5321 §3.3
export class Delivery {
  readonly #conversation: Conversation
  readonly #transaction: OutgoingTransaction
  readonly #outcomes: (RecipientOutcome | undefined)[]
  #accepted = 0
  #unanswered: number
  #begun = false
  #mailRefused = false
  #settled = false

  constructor(conversation: Conversation, transaction: OutgoingTransaction) {
    this.#conversation = conversation
    this.#transaction = transaction
    this.#outcomes = transaction.recipients.map(() => undefined)
    this.#unanswered = transaction.recipients.length
  }

  begin(): void {
    const obstacle = this.#obstacle()
    if (obstacle !== undefined) {
      this.#refuseAll(obstacle, 'MAIL', 'us')
      this.#finish()
      return
    }
    this.#planMail()
    for (const [i, recipient] of this.#transaction.recipients.entries()) this.#planRcpt(i, recipient)
    this.#planData()
  }

  /** The conversation is over before the message: who has no outcome yet is tried again. */
  abandon(reply: Reply, by: 'peer' | 'us'): void {
    const words = isPermanent(reply) ? substitutes.connectionLost : reply
    this.#refuseAll(words, this.#conversation.stage, words === reply ? by : 'us')
    this.#settle()
  }

  /** Why there is no use in asking this server. */
  #obstacle(): Reply | undefined {
    const { offer } = this.#conversation
    const limit = Number(offer.get('SIZE') ?? 0)
    // RFC 1870 §6.1
    if (limit > 0 && (this.#transaction.size ?? 0) > limit) return substitutes.messageTooBig
    // RFC 6531 §3.2
    if (this.#needsUtf8() && !offer.has('SMTPUTF8')) return substitutes.utf8Incapable
    return undefined
  }

  #needsUtf8(): boolean {
    const { reversePath, recipients, smtpUtf8 } = this.#transaction
    return smtpUtf8 === true || [reversePath, ...recipients].some(isBeyondAscii)
  }

  #parameters(): MailParameters {
    const { offer } = this.#conversation
    const { size, eightBit } = this.#transaction
    return {
      ...(size !== undefined && offer.has('SIZE') ? { size } : {}),
      // RFC 6152 §3 deviation: where 8BITMIME is missing the octets are sent as they are, neither converted nor bounced:
      // nobody has seen a server that cuts them for decades, and converting breaks signatures.
      ...(eightBit === true && offer.has('8BITMIME') ? { body: '8BITMIME' as const } : {}),
      ...(this.#needsUtf8() ? { smtpUtf8: true as const } : {}),
    }
  }

  #planMail(): void {
    const heard = (reply: Reply): void => {
      this.#begun = isPositive(reply)
      if (this.#begun) return
      this.#mailRefused = true
      this.#refuseAll(reply, 'MAIL', 'peer')
    }
    const line = formatMail(this.#transaction.reversePath, this.#parameters())
    this.#plan('MAIL', line, heard, { patience: this.#conversation.patience.mail })
  }

  #planRcpt(i: number, recipient: ForwardPath): void {
    const heard = (reply: Reply): void => {
      this.#unanswered--
      if (this.#mailRefused) return
      if (isPositive(reply)) this.#accepted++
      else this.#outcomes[i] ??= outcome(recipient, reply, 'RCPT', 'peer')
    }
    this.#plan('RCPT', formatRcpt(recipient, {}), heard, {
      patience: this.#conversation.patience.rcpt,
      needed: () => !this.#mailRefused,
      skipped: () => this.#unanswered--,
    })
  }

  #planData(): void {
    this.#plan('DATA', 'DATA', (reply) => this.#dataHeard(reply), {
      patience: this.#conversation.patience.data,
      endsGroup: true,
      needed: () => this.#accepted + this.#unanswered > 0 && !this.#mailRefused,
      skipped: () => this.#finish(),
    })
  }

  #dataHeard(reply: Reply): void {
    if (reply.code !== GO_AHEAD) {
      // A 2yz here is no answer to DATA: who said it is out of step.
      const words = isPositive(reply) ? substitutes.notUnderstood('DATA was not answered as DATA') : reply
      this.#refuseAll(words, 'DATA', 'peer')
      this.#finish()
    } else if (this.#accepted > 0) this.#planContent()
    // RFC 2920 §3.1: DATA was pipelined behind recipients that were all refused, and yet accepted
    else this.#planEnd(END_OF_NOTHING, () => this.#finish())
  }

  #planContent(): void {
    const { content } = this.#transaction
    this.#planEnd(Buffer.isBuffer(content) ? stuffedWhole(content) : dotStuffed(content()), (reply) => {
      this.#refuseAll(reply, 'end of data', 'peer')
      this.#begun = false
      this.#finish()
    })
  }

  #planEnd(say: NonNullable<Step['say']>, heard: (reply: Reply) => void): void {
    const patience = this.#conversation.patience.endOfData
    this.#conversation.steps.plan({ stage: 'end of data', say, patience, endsGroup: true, heard })
  }

  #plan(stage: Stage, line: string, heard: (reply: Reply) => void, more: Partial<Step>): void {
    this.#conversation.command(stage, line, heard, { endsGroup: false, ...more })
  }

  /** The reply is for everybody who has no answer of his own. */
  #refuseAll(reply: Reply, stage: Stage, by: 'peer' | 'us'): void {
    for (const [i, recipient] of this.#transaction.recipients.entries()) {
      this.#outcomes[i] ??= outcome(recipient, reply, stage, by)
    }
  }

  #finish(): void {
    const conversation = this.#conversation
    this.#settle()
    // A server may think that the transaction is still open.
    if (this.#begun) conversation.command('RSET', 'RSET', () => undefined, { endsGroup: false })
    conversation.ask()
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    this.#conversation.delivery = undefined
    this.#conversation.transactions++
    this.#conversation.errand.settled(this.#transaction, this.#outcomes as RecipientOutcome[])
  }
}

function outcome(recipient: ForwardPath, reply: Reply, stage: Stage, by: 'peer' | 'us'): RecipientOutcome {
  const kind = isPositive(reply) ? 'delivered' : isPermanent(reply) ? 'failed' : 'deferred'
  return { recipient, kind, reply, by, stage }
}

function isBeyondAscii(path: ReversePath | ForwardPath): boolean {
  return path !== undefined && path !== 'postmaster' && !isAsciiMailbox(path)
}

function stuffedWhole(content: Buffer): Buffer {
  const stuffer = new DotStuffer()
  return Buffer.concat([stuffer.write(content), stuffer.end()])
}
