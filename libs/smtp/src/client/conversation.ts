import type { Output, TlsFacts } from '@cartero/wire'
import type { Offer } from '../extensions.ts'
import { ReplyReader } from '../reply-reader.ts'
import { replies, substitutes } from '../replies.ts'
import type { Reply } from '../reply.ts'
import type { Delivery } from './delivery.ts'
import type { ClientEnding, SmtpClientQuestion, SmtpErrand, Stage } from './errand.ts'
import { DEFAULT_PATIENCE, type ClientPatience } from './limits.ts'
import type { SmtpClientOptions } from './options.ts'
import { Steps, type Step } from './steps.ts'

const NO_OFFER: Offer = new Map()
const LEAVING = replies.notAvailable('').code

/** What is known of one connection to a server, and what is still to be said in it. */
export class Conversation {
  readonly errand: SmtpErrand
  readonly options: SmtpClientOptions
  readonly patience: ClientPatience
  readonly steps = new Steps()
  readonly replies = new ReplyReader()
  readonly outputs: Output<SmtpClientQuestion>[] = []
  greeting: Reply | undefined
  offer: Offer = NO_OFFER
  tls: TlsFacts | undefined
  authenticated = false
  transactions = 0
  delivery: Delivery | undefined
  asking = false
  streaming = false
  securing = false
  ending: ClientEnding | undefined
  /** What was said or heard last; for the ending. */
  stage: Stage = 'greeting'

  constructor(errand: SmtpErrand, options: SmtpClientOptions) {
    this.errand = errand
    this.options = options
    this.patience = { ...DEFAULT_PATIENCE, ...options.patience }
    this.tls = options.tls
  }

  /** Plans a line of its own; most steps are. */
  command(stage: Stage, line: string, heard: (reply: Reply) => void, more: Partial<Step> = {}): void {
    this.steps.plan({
      stage,
      say: Buffer.from(`${line}\r\n`),
      patience: this.patience.command,
      endsGroup: true,
      heard,
      ...more,
    })
  }

  /** Gives one reply to the step that awaits it. */
  hear(reply: Reply): void {
    const step = this.steps.awaited
    if (step === undefined) {
      this.end({ kind: 'refused', stage: this.stage, reply, by: 'peer' })
      return
    }
    this.stage = step.stage
    this.steps.answered()
    step.heard(reply)
    // RFC 5321 §3.8: the server leaves, whatever it was asked
    if (reply.code === LEAVING) this.end({ kind: 'refused', stage: step.stage, reply, by: 'peer' })
  }

  /** The server will not have us; leave in the proper way. */
  refused(stage: Stage, reply: Reply, by: 'peer' | 'us' = 'peer'): void {
    this.ending ??= { kind: 'refused', stage, reply, by }
    this.quit()
  }

  // RFC 5321 §4.1.1.10
  quit(): void {
    this.command('QUIT', 'QUIT', () => this.end({ kind: 'quit' }), { patience: this.patience.quit })
  }

  ask(): void {
    this.asking = true
    this.outputs.push({ kind: 'ask', question: { kind: 'next', peer: this.#peer() } })
  }

  startTls(): void {
    this.securing = true
    // RFC 3207 §6: what the server, or somebody between, said behind its 220 is not to be taken as said in TLS.
    this.replies.clear()
    this.outputs.push({ kind: 'startTls' })
  }

  /** All is over; what is not yet settled is settled. */
  end(ending: ClientEnding): void {
    this.ending ??= ending
    this.steps.clear()
    this.outputs.length = 0
    this.asking = false
    const by = ending.kind === 'refused' ? ending.by : 'us'
    this.delivery?.abandon(ending.kind === 'quit' ? substitutes.connectionLost : ending.reply, by)
    this.outputs.push({ kind: 'close' })
  }

  #peer(): SmtpClientQuestion['peer'] {
    const facts = { greeting: this.greeting!, offer: this.offer, transactions: this.transactions }
    return this.tls === undefined ? facts : { ...facts, tls: this.tls }
  }
}
