import { NewlineReader } from '../framing/newline-reader.ts'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import type { Dialogue } from './dialogue.ts'
import { discard } from './discard-phase.ts'
import type { SmtpServerLimits } from './limits.ts'
import { verdictOf, type SmtpAnswer } from './question.ts'
import type { Transaction } from './transaction.ts'

/** What a reader of octets has seen that no text may have. */
export interface Seen {
  readonly sawBareNewline: boolean
  readonly sawNul: boolean
}

/** A message may have so many octets. */
// RFC 1870 §6.1
export function fits(octets: number, { messageSize }: SmtpServerLimits): boolean {
  return messageSize > 0 ? octets <= messageSize : Number.isSafeInteger(octets)
}

/**
 * A message while its octets come in, by DATA or in chunks: hands them on to the session, and knows what is wrong with
 * them. What is wrong is said at the end of the data or of the chunk; until then the rest is thrown away.
 */
export class IncomingMessage {
  /** Why it is refused; nothing more of it is handed on. */
  failure: Reply | undefined
  readonly #dialogue: Dialogue
  readonly #transaction: Transaction
  readonly #by: 'DATA' | 'BDAT'
  readonly #isBinary: boolean
  readonly #isCleaned: boolean
  readonly #newlines: NewlineReader
  /** Without framing, and cleaned; also those that were thrown away. */
  #octets = 0
  /** The session's own refusal, of which the observer has heard. */
  #verdict: Reply | undefined
  /** The observer has heard of another failure. */
  #isTold = false

  constructor(dialogue: Dialogue, transaction: Transaction, by: 'DATA' | 'BDAT') {
    this.#dialogue = dialogue
    this.#transaction = transaction
    this.#by = by
    this.#isBinary = transaction.mail.parameters.body === 'BINARYMIME'
    this.#isCleaned = dialogue.policy.bareNewlines === 'clean' && !this.#isBinary
    this.#newlines = new NewlineReader(this.#isCleaned)
  }

  /** Message data without its dots, in which `seen` was seen so far. `then` is not called when that closes the connection. */
  takeData(octets: Buffer | undefined, seen: Seen, then: () => void): void {
    const kept = this.#isCleaned && octets !== undefined ? this.#newlines.read(octets) : octets
    this.#take(kept, seen, then)
  }

  /** Octets of a chunk, as they stand. */
  takeChunk(octets: Buffer, then: () => void): void {
    this.#take(this.#isBinary ? octets : this.#newlines.read(octets), this.#newlines, then)
  }

  /** A chunk is to come; too big a message is known by that. */
  // RFC 1870 §6.3
  announce(octets: number): void {
    if (!fits(this.#octets + octets, this.#dialogue.policy.limits)) this.failure ??= replies.messageTooBig
  }

  /** The session wants none of it. */
  refusedBySession(verdict: Reply): void {
    this.#verdict = verdict
    this.failure = verdict
  }

  /** A chunk of which nothing is wanted is read all the same, so that both sides stay in step. */
  // RFC 3030 §2
  discardChunk(octets: number, isLast: boolean): void {
    this.#octets += octets
    discard(this.#dialogue, octets, this.#octets - this.#dialogue.policy.limits.messageSize, () =>
      this.chunkEnded(octets, isLast),
    )
  }

  chunkEnded(octets: number, isLast: boolean): void {
    if (isLast) return this.#lastChunkEnded()
    this.#dialogue.readCommands()
    if (this.failure === undefined) this.#dialogue.say(replies.chunkTaken(octets))
    else this.#refuse([this.failure])
  }

  /** All of it is here. */
  end(): void {
    const dialogue = this.#dialogue
    dialogue.readCommands()
    if (this.failure !== undefined) {
      dialogue.dropTransaction()
      return this.#refuse(this.#toEach(this.failure))
    }
    // From here on the session owns the message: no reset will follow.
    dialogue.transaction = undefined
    const kind = this.#forEach ? 'endOfDataForEach' : 'endOfData'
    dialogue.ask({ kind, by: this.#by }, (answer) => this.#answer(answer))
  }

  #take(octets: Buffer | undefined, seen: Seen, then: () => void): void {
    if (octets !== undefined) this.#octets += octets.length
    this.failure = this.#fault(seen) ?? this.#verdict
    if (this.failure !== undefined) this.#discard(then)
    else if (octets === undefined) then()
    else this.#pass(octets, then)
  }

  /** What is wrong with the message so far. The order is fixed, so that the answer does not depend on how octets are cut. */
  #fault(seen: Seen): Reply | undefined {
    const { limits, bareNewlines } = this.#dialogue.policy
    // RFC 1870 §6.3
    if (!fits(this.#octets, limits)) return replies.messageTooBig
    if (this.#isBinary) return undefined
    // RFC 2045 §2.8, RFC 6152 §3: no NUL without BINARYMIME; IMAP could not hand it out either (RFC 9051 §4.3)
    if (seen.sawNul) return replies.nulOctet
    // RFC 5321 §2.3.8
    return seen.sawBareNewline && bareNewlines === 'reject' ? replies.bareNewline : undefined
  }

  #pass(octets: Buffer, then: () => void): void {
    this.#dialogue.ask({ kind: 'body', octets, by: this.#by }, (answer) => {
      this.#verdict = verdictOf(answer)
      this.failure = this.#verdict
      then()
    })
  }

  #discard(then: () => void): void {
    const { messageSize, discarded } = this.#dialogue.policy.limits
    if (this.#octets <= messageSize + discarded) return then()
    this.#refuse(this.#toEach(this.failure!))
    if (this.#dialogue.ending === undefined) this.#dialogue.close('dismissed')
  }

  /** A CR that waited for its LF has none. */
  #lastChunkEnded(): void {
    if (this.failure !== undefined || this.#isBinary) return this.end()
    const missing = this.#newlines.end()
    this.#take(missing, this.#newlines, () => this.end())
  }

  #refuse(each: readonly Reply[]): void {
    if (!this.#isTold && this.failure !== this.#verdict) this.#dialogue.tellRefused(this.#by, this.failure!)
    this.#isTold = true
    this.#dialogue.sayEach(each)
  }

  #answer(answer: SmtpAnswer): void {
    const each = Array.isArray(answer)
      ? this.#checked(answer)
      : this.#toEach(verdictOf(answer) ?? replies.done)
    if (each.some(isPositive)) this.#dialogue.forgiveJunk()
    const recipients = this.#forEach ? 1 : this.#transaction.accepted
    for (const reply of each)
      this.#dialogue.observe({ kind: 'message', octets: this.#octets, recipients, reply })
    this.#dialogue.sayEach(each)
  }

  /** Whom a list of the wrong length speaks of nobody knows. */
  #checked(each: readonly Reply[]): readonly Reply[] {
    const { accepted } = this.#transaction
    if (each.length === accepted) {
      for (const reply of each) if (!isPositive(reply)) this.#dialogue.tellRefused(this.#by, reply)
      return each
    }
    const error = new RangeError(`${each.length} replies for ${accepted} recipients`)
    this.#dialogue.observe({ kind: 'bug', during: 'endOfDataForEach', error })
    return this.#toEach(replies.tryLater)
  }

  // RFC 2033 §4.2: every recipient that was accepted has a reply of his own
  get #forEach(): boolean {
    return this.#dialogue.policy.protocol === 'lmtp'
  }

  #toEach(reply: Reply): readonly Reply[] {
    return this.#forEach ? Array.from({ length: this.#transaction.accepted }, () => reply) : [reply]
  }
}
