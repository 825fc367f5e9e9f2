import type { Output, Patience, ProtocolMachine, TlsFacts } from '@cartero/wire'
import { ReplySyntaxError } from '../reply-reader.ts'
import { substitutes } from '../replies.ts'
import { Conversation } from './conversation.ts'
import type {
  ClientEnding,
  OutgoingTransaction,
  SmtpClientAnswer,
  SmtpClientQuestion,
  SmtpErrand,
  Stage,
} from './errand.ts'
import { open, sayEhlo } from './opening.ts'
import type { SmtpClientOptions } from './options.ts'
import type { Step } from './steps.ts'

/**
 * An SMTP or LMTP client without I/O: opens the conversation, then asks its errand for one message after the other and
 * tells it what became of each recipient, whatever happens to the connection.
 */
// RFC 5321, RFC 2033
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

  /** Says what can be said, then begins what can be begun, then hears; the errand is asked when nothing else is to be done. */
  next(): Output<SmtpClientQuestion> | undefined {
    const conversation = this.#conversation
    while (!this.#closing) {
      const output = conversation.outputs.shift()
      if (output !== undefined) return this.#note(output)
      if (this.#waiting()) return undefined
      const said = this.#say()
      if (said !== undefined) return said
      if (conversation.outputs.length > 0 || this.#begin() || this.#hear()) continue
      if (!this.#isIdle()) return undefined
      if (this.#draining || conversation.exhausted) conversation.quit()
      else conversation.ask()
    }
    return undefined
  }

  answer(answer: SmtpClientAnswer): void {
    const conversation = this.#conversation
    const { asking } = conversation
    conversation.asking = undefined
    if (asking === undefined) return
    if (asking !== 'next') return asking.begin(answer as Buffer)
    if (answer === undefined) conversation.quit()
    else if ('command' in answer) conversation.inquire(answer)
    else conversation.take(answer as OutgoingTransaction)
  }

  /** A message that cannot be read must not be ended by a dot: only breaking off says that it is not whole. */
  fail(error: unknown): void {
    const conversation = this.#conversation
    const { asking, streaming } = conversation
    conversation.asking = undefined
    conversation.streaming = undefined
    if (asking === 'next') return conversation.quit()
    if (asking !== undefined) {
      return asking.abandon({ reply: substitutes.contentUnreadable, stage: 'MAIL', by: 'us' })
    }
    if (streaming === undefined) return
    streaming.failed?.(error)
    conversation.end({ kind: 'lost', stage: streaming.stage, reply: substitutes.contentUnreadable })
  }

  streamed(): void {
    const { streaming } = this.#conversation
    this.#conversation.streaming = undefined
    streaming?.streamed?.()
  }

  // RFC 3207 §4.2
  tlsStarted(tls: TlsFacts): void {
    const conversation = this.#conversation
    conversation.securing = false
    conversation.tls = tls
    conversation.forget()
    sayEhlo(conversation)
  }

  timedOut(): void {
    const stage = this.#stage()
    this.#conversation.end({ kind: 'timedOut', stage, reply: substitutes.timedOut(stage) })
  }

  /** The messages that are under way are finished, then we leave. An errand that keeps `next` waiting must answer it. */
  drain(): void {
    this.#draining = true
  }

  disconnected(): void {
    if (this.#gone) return
    const conversation = this.#conversation
    const stage = this.#stage()
    // RFC 3207 §4.1: what was not to be said in the clear is not said
    const reply = conversation.securing ? substitutes.tlsFailed : substitutes.connectionLost
    conversation.end({ kind: 'lost', stage, reply })
    this.#closing = true
    this.#over()
  }

  /** The last that the errand hears: the connection is gone, or its role's. */
  #over(): void {
    this.#gone = true
    const { errand, ending } = this.#conversation
    errand.closed?.(ending as ClientEnding)
  }

  /** The errand may have one more. */
  wake(): void {
    this.#conversation.mayHaveMore = true
  }

  /** What is waited for has another name with every answer, so that a server is given time for each. */
  get patience(): Patience {
    const { steps, streaming, patience } = this.#conversation
    const step = steps.awaited
    if (streaming !== undefined) return { milliseconds: patience.block, waitingFor: 'room for message data' }
    return {
      milliseconds: step?.patience ?? patience.command,
      waitingFor: step === undefined ? 'nothing' : `answer ${steps.heard + 1}, to ${step.stage}`,
    }
  }

  #stage(): Stage {
    const conversation = this.#conversation
    conversation.stage = conversation.steps.awaited?.stage ?? conversation.stage
    return conversation.stage
  }

  #waiting(): boolean {
    const { asking, streaming, securing } = this.#conversation
    return asking !== undefined || streaming !== undefined || securing
  }

  #isIdle(): boolean {
    const { ready, consignments } = this.#conversation
    return ready && consignments.size === 0
  }

  #note(output: Output<SmtpClientQuestion>): Output<SmtpClientQuestion> {
    if (output.kind === 'close' || output.kind === 'become') this.#closing = true
    if (output.kind === 'become') this.#over()
    return output
  }

  #say(): Output<SmtpClientQuestion> | undefined {
    const conversation = this.#conversation
    for (;;) {
      const step = conversation.steps.take(conversation.pipelining)
      if (step === undefined) return undefined
      if (step.say !== undefined) return this.#send(step, step.say)
    }
  }

  #send(step: Step, say: NonNullable<Step['say']>): Output<SmtpClientQuestion> {
    if (Buffer.isBuffer(say)) return { kind: 'send', bytes: say }
    this.#conversation.streaming = step
    this.#conversation.stage = step.stage
    return { kind: 'stream', source: say }
  }

  /** Begins one transaction, if one can be. */
  #begin(): boolean {
    const conversation = this.#conversation
    if (!conversation.ready || !conversation.hasRoom) return false
    return conversation.proceed() || (!this.#draining && conversation.takeMore())
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
      const stage = this.#stage()
      conversation.end({ kind: 'notUnderstood', stage, reply: substitutes.notUnderstood(error.message) })
    }
    return true
  }
}
