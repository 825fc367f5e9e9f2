import type { Output, Patience, ProtocolMachine, TlsFacts } from '@cartero/wire'
import { ReplySyntaxError } from '../reply-reader.ts'
import { substitutes } from '../replies.ts'
import { Conversation } from './conversation.ts'
import { Delivery } from './delivery.ts'
import type { ClientEnding, SmtpClientAnswer, SmtpClientQuestion, SmtpErrand } from './errand.ts'
import { open, sayEhlo } from './opening.ts'
import type { SmtpClientOptions } from './options.ts'
import type { Step } from './steps.ts'

/**
 * An SMTP client without I/O: opens the conversation, then asks its errand for one message after the other and tells
 * it what became of each recipient, whatever happens to the connection.
 */
// RFC 5321
export class SmtpClientMachine implements ProtocolMachine<SmtpClientQuestion, SmtpClientAnswer> {
  readonly #conversation: Conversation
  #draining = false
  #closing = false
  #gone = false

  constructor(errand: SmtpErrand, options: SmtpClientOptions) {
    this.#conversation = new Conversation(errand, options)
    open(this.#conversation)
  }

  receive(bytes: Buffer): void {
    if (!this.#closing) this.#conversation.replies.push(bytes)
  }

  next(): Output<SmtpClientQuestion> | undefined {
    for (;;) {
      if (this.#closing) return undefined
      const output = this.#output()
      if (output !== undefined) return output
      // A step that was skipped may have ended its delivery, and that asks for the next.
      if (this.#conversation.outputs.length > 0) continue
      if (this.#waiting() || !this.#hear()) return undefined
    }
  }

  answer(transaction: SmtpClientAnswer): void {
    const conversation = this.#conversation
    conversation.asking = false
    if (transaction === undefined) return conversation.quit()
    conversation.delivery = new Delivery(conversation, transaction)
    conversation.delivery.begin()
  }

  /** A message that cannot be read must not be ended by a dot: only breaking off says that it is not whole. */
  fail(_error: unknown): void {
    const conversation = this.#conversation
    const { streaming } = conversation
    conversation.asking = false
    conversation.streaming = false
    if (!streaming) return conversation.quit()
    conversation.end({ kind: 'lost', stage: 'end of data', reply: substitutes.contentUnreadable })
  }

  streamed(): void {
    this.#conversation.streaming = false
  }

  tlsStarted(tls: TlsFacts): void {
    const conversation = this.#conversation
    conversation.securing = false
    conversation.tls = tls
    conversation.replies.clear()
    sayEhlo(conversation)
  }

  timedOut(): void {
    const conversation = this.#conversation
    const stage = conversation.steps.awaited?.stage ?? conversation.stage
    conversation.stage = stage
    conversation.end({ kind: 'timedOut', stage, reply: substitutes.timedOut(stage) })
  }

  /** The message that is under way is finished, then we leave. An errand that keeps `next` waiting must answer it. */
  drain(): void {
    this.#draining = true
  }

  disconnected(): void {
    if (this.#gone) return
    this.#gone = true
    const conversation = this.#conversation
    const stage = conversation.steps.awaited?.stage ?? conversation.stage
    conversation.stage = stage
    conversation.end({ kind: 'lost', stage, reply: substitutes.connectionLost })
    this.#closing = true
    conversation.errand.closed?.(conversation.ending as ClientEnding)
  }

  /** Nothing that an errand learns can be said unasked. */
  wake(): void {}

  get patience(): Patience {
    const { steps, streaming, patience } = this.#conversation
    const step = steps.awaited
    if (streaming) return { milliseconds: patience.block, waitingFor: 'room for message data' }
    return {
      milliseconds: step?.patience ?? patience.command,
      waitingFor: `answer to ${step?.stage ?? 'nothing'}`,
    }
  }

  #waiting(): boolean {
    const { asking, streaming, securing } = this.#conversation
    return asking || streaming || securing
  }

  #output(): Output<SmtpClientQuestion> | undefined {
    const conversation = this.#conversation
    const output = conversation.outputs.shift()
    if (output?.kind === 'close') this.#closing = true
    // What was planned goes before what is asked: a RSET, before the pool is left waiting.
    if (output?.kind === 'ask') {
      const step = this.#say()
      if (step !== undefined) conversation.outputs.unshift(output)
      return step ?? (this.#draining ? this.#leave() : output)
    }
    return output ?? (this.#waiting() ? undefined : this.#say())
  }

  #leave(): Output<SmtpClientQuestion> | undefined {
    this.#conversation.asking = false
    this.#conversation.quit()
    return this.#say()
  }

  #say(): Output<SmtpClientQuestion> | undefined {
    const conversation = this.#conversation
    const step = conversation.steps.take(conversation.offer.has('PIPELINING'))
    if (step === undefined) return undefined
    if (step.say === undefined) return this.#output()
    return this.#send(step, step.say)
  }

  #send(step: Step, say: NonNullable<Step['say']>): Output<SmtpClientQuestion> {
    if (Buffer.isBuffer(say)) return { kind: 'send', bytes: say }
    this.#conversation.streaming = true
    this.#conversation.stage = step.stage
    return { kind: 'stream', source: say }
  }

  /** Hears one reply, if there is one. */
  #hear(): boolean {
    const conversation = this.#conversation
    try {
      const reply = conversation.replies.next()
      if (reply === undefined) return false
      conversation.hear(reply)
    } catch (error) {
      if (!(error instanceof ReplySyntaxError)) throw error
      const stage = conversation.steps.awaited?.stage ?? conversation.stage
      conversation.end({ kind: 'notUnderstood', stage, reply: substitutes.notUnderstood(error.message) })
    }
    return true
  }
}
