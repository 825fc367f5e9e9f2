import type { Patience } from '@cartero/wire'
import { DataReader } from '../framing/data-reader.ts'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import type { Dialogue, Phase } from './dialogue.ts'
import type { ServerPolicy } from './options.ts'
import { verdictOf } from './question.ts'
import type { Transaction } from './transaction.ts'

/** Reads a message until its end, whatever is wrong with it, so that both sides stay in step. */
// RFC 5321 §4.1.1.4
export class DataPhase implements Phase {
  readonly patience: Patience
  readonly #transaction: Transaction
  readonly #policy: ServerPolicy
  readonly #reader = new DataReader()
  #discarded = 0
  #sessionRefused = false

  constructor(transaction: Transaction, policy: ServerPolicy) {
    this.#transaction = transaction
    this.#policy = policy
    this.patience = { milliseconds: policy.limits.dataPatience, waitingFor: 'message data' }
  }

  step(dialogue: Dialogue): boolean {
    if (dialogue.input.buffered === 0) return false
    const octets = this.#reader.read(dialogue.input.takeAll())
    if (this.#reader.rest !== undefined) dialogue.input.push(this.#reader.rest)
    this.#judge(octets?.length ?? 0)
    if (this.#transaction.failure !== undefined) this.#discard(dialogue, octets?.length ?? 0)
    else if (octets !== undefined) this.#pass(dialogue, octets)
    else if (this.#reader.ended) this.#end(dialogue)
    return true
  }

  #judge(more: number): void {
    this.#transaction.octets += more
    if (!this.#sessionRefused) this.#transaction.failure = this.#fault()
  }

  /** What is wrong with the message so far. The order is fixed, so that the answer does not depend on the chunks. */
  #fault(): Reply | undefined {
    const { messageSize } = this.#policy.limits
    // RFC 1870 §6.3
    if (messageSize > 0 && this.#transaction.octets > messageSize) return replies.messageTooBig
    // RFC 2045 §2.8, RFC 6152 §3: no NUL without BINARYMIME; IMAP could not hand it out either (RFC 9051 §4.3)
    if (this.#reader.sawNul) return replies.nulOctet
    // RFC 5321 §2.3.8
    return this.#reader.sawBareNewline && this.#policy.bareNewlines === 'reject'
      ? replies.bareNewline
      : undefined
  }

  #pass(dialogue: Dialogue, octets: Buffer): void {
    dialogue.ask({ kind: 'body', octets }, (answer) => {
      this.#transaction.failure = verdictOf(answer)
      this.#sessionRefused = this.#transaction.failure !== undefined
      if (this.#reader.ended) this.#end(dialogue)
    })
  }

  #discard(dialogue: Dialogue, octets: number): void {
    this.#discarded += octets
    if (this.#reader.ended) return this.#end(dialogue)
    if (this.#discarded <= this.#policy.limits.discarded) return
    dialogue.refuse('DATA', this.#transaction.failure!)
    dialogue.close('dismissed')
  }

  #end(dialogue: Dialogue): void {
    dialogue.readCommands()
    const { failure } = this.#transaction
    if (failure !== undefined) {
      dialogue.dropTransaction()
      // The observer has heard of the session's own refusal already.
      if (this.#sessionRefused) dialogue.say(failure)
      else dialogue.refuse('DATA', failure)
      return
    }
    // From here on the session owns the message: no reset will follow.
    dialogue.transaction = undefined
    dialogue.ask({ kind: 'endOfData' }, (answer) => this.#answer(dialogue, verdictOf(answer) ?? replies.done))
  }

  #answer(dialogue: Dialogue, reply: Reply): void {
    if (isPositive(reply)) dialogue.forgiveJunk()
    const { octets, accepted } = this.#transaction
    dialogue.observe({ kind: 'message', octets, recipients: accepted, reply })
    dialogue.say(reply)
  }
}
