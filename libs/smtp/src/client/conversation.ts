import type { Output, Role, TlsFacts } from '@cartero/wire'
import type { Offer } from '../extensions.ts'
import { ReplyReader } from '../reply-reader.ts'
import { replies, substitutes } from '../replies.ts'
import { isPermanent, isPositive, type Reply } from '../reply.ts'
import { Consignment } from './consignment.ts'
import type { Delivery } from './delivery.ts'
import type {
  AtrnRequest,
  ClientEnding,
  Inquiry,
  OutgoingTransaction,
  PeerFacts,
  SmtpClientQuestion,
  SmtpErrand,
  Stage,
} from './errand.ts'
import { DEFAULT_LIMITS, DEFAULT_PATIENCE, type ClientLimits, type ClientPatience } from './limits.ts'
import type { SmtpClientOptions } from './options.ts'
import { peerLimits, type PeerLimits } from './peer-limits.ts'
import { formatAtrn } from '../verb/atrn.ts'
import { formatInquiry, isAtrn } from './inquiry.ts'
import { Steps, type Step } from './steps.ts'

const NO_OFFER: Offer = new Map()
const TURNING = replies.turning.code
const LEAVING = replies.notAvailable('').code
const INTERMEDIATE = 300

/** What is known of one connection to a server, and what is still to be said in it. */
export class Conversation {
  readonly errand: SmtpErrand
  readonly options: SmtpClientOptions
  readonly patience: ClientPatience
  readonly limits: ClientLimits
  readonly steps: Steps
  readonly replies = new ReplyReader()
  readonly outputs: Output<SmtpClientQuestion>[] = []
  greeting: Reply | undefined
  offer: Offer = NO_OFFER
  peerLimits: PeerLimits = peerLimits(NO_OFFER)
  tls: TlsFacts | undefined
  authenticated = false
  introduced = false
  /** The server can be given mail. */
  ready = false
  /** Messages settled. */
  transactions = 0
  /** MAIL commands planned. */
  mails = 0
  /** The errand was not yet asked in vain for one more. */
  mayHaveMore = true
  /** Messages that are not settled. */
  readonly consignments = new Set<Consignment>()
  /** Their transactions that wait. */
  readonly waiting: Delivery[] = []
  /** Those whose steps are planned. */
  readonly inFlight: Delivery[] = []
  asking: 'next' | Consignment | undefined
  streaming: Step | undefined
  securing = false
  ending: ClientEnding | undefined
  /** What was said or heard last; for the ending. */
  stage: Stage = 'greeting'

  constructor(errand: SmtpErrand, options: SmtpClientOptions) {
    this.errand = errand
    this.options = options
    this.patience = { ...DEFAULT_PATIENCE, ...options.patience }
    this.limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.steps = new Steps(this.limits.commandsInFlight)
    this.tls = options.tls
  }

  get isLmtp(): boolean {
    return this.options.protocol === 'lmtp'
  }

  get pipelining(): boolean {
    return this.offer.has('PIPELINING')
  }

  /** No transaction more is taken in this connection. */
  // RFC 9422 §4.1
  get exhausted(): boolean {
    return this.mails >= this.peerLimits.transactions
  }

  /** Believes an EHLO answer, or that there is none. */
  learn(offer: Offer): void {
    this.offer = offer
    this.peerLimits = peerLimits(offer)
  }

  /** Plans a line of its own; most steps are. */
  command(
    stage: Stage,
    line: string,
    heard: (reply: Reply, n: number) => void,
    more: Partial<Step> = {},
  ): void {
    this.steps.plan({
      stage,
      say: Buffer.from(`${line}\r\n`),
      patience: this.patience.command,
      endsGroup: true,
      heard,
      ...more,
    })
  }

  // RFC 5321 §4.1.1.5
  reset(): void {
    this.command('RSET', 'RSET', () => undefined, { endsGroup: false })
  }

  /** Gives one reply to the step that awaits it. */
  hear(reply: Reply): void {
    const step = this.steps.awaited
    if (step === undefined) {
      this.end({ kind: 'refused', stage: this.stage, reply, by: 'peer' })
      return
    }
    this.stage = step.stage
    if (isPositive(reply) && reply.code >= INTERMEDIATE && reply.code !== step.goAhead) {
      return this.outOfStep(`${reply.code} is no answer to ${step.stage}`)
    }
    step.heard(reply, this.steps.answered())
    // RFC 5321 §3.8: the server leaves, whatever it was asked
    if (reply.code === LEAVING) this.end({ kind: 'refused', stage: step.stage, reply, by: 'peer' })
  }

  /** What the server says does not fit what it was asked; the next answer may be that to something else. */
  outOfStep(what: string): void {
    this.end({ kind: 'notUnderstood', stage: this.stage, reply: substitutes.notUnderstood(what) })
  }

  /** The server will not have us; leave in the proper way. */
  refused(stage: Stage, reply: Reply, by: 'peer' | 'us' = 'peer'): void {
    this.ending ??= { kind: 'refused', stage, reply, by }
    this.quit()
  }

  // RFC 5321 §4.1.1.10
  quit(): void {
    this.ready = false
    this.command('QUIT', 'QUIT', () => this.end({ kind: 'quit' }), { patience: this.patience.quit })
  }

  ask(): void {
    this.asking = 'next'
    this.outputs.push({ kind: 'ask', question: { kind: 'next', peer: this.peer() } })
  }

  /** Something more can be said behind what is under way. */
  // RFC 2920 §3.1
  get hasRoom(): boolean {
    const { inFlight, steps, limits } = this
    if (inFlight.length === 0) return true
    if (!this.pipelining || inFlight.length >= limits.transactionsInFlight) return false
    return steps.allSaid && inFlight.at(-1)!.isPlanned
  }

  /** Begins the next transaction of those that wait, or says that it will not be. False, when none waits. */
  proceed(): boolean {
    const delivery = this.waiting.shift()
    if (delivery === undefined) return false
    if (!this.exhausted) delivery.begin()
    else delivery.dismiss(substitutes.sessionUsedUp)
    return true
  }

  /** Takes a message on that is at hand. False, when none is. */
  takeMore(): boolean {
    if (!this.mayHaveMore || this.exhausted || this.inFlight.length === 0) return false
    const transaction = this.errand.more?.(this.peer())
    this.mayHaveMore = transaction !== undefined
    if (transaction !== undefined) this.take(transaction)
    return transaction !== undefined
  }

  /** Takes a message on. */
  take(transaction: OutgoingTransaction): void {
    const consignment = new Consignment(this, transaction)
    this.consignments.add(consignment)
    consignment.begin()
  }

  /** Nothing else is said until the answer is there. */
  inquire(inquiry: Inquiry | AtrnRequest): void {
    this.ready = false
    if (isAtrn(inquiry)) return this.#askToTurn(inquiry)
    const { command } = inquiry
    this.command(command.verb, formatInquiry(command), (reply) => {
      this.ready = true
      inquiry.heard(reply)
    })
  }

  // RFC 2645 §5.2.1
  #askToTurn(request: AtrnRequest): void {
    const line = formatAtrn(request.command.domains)
    this.command('ATRN', line, (reply) => this.#heardOfTurn(request, reply), { patience: this.patience.atrn })
  }

  /** Behind its 250 the provider has to wait for a greeting: what stands there was not said by somebody who knows that. */
  // RFC 2645 §5.3
  #heardOfTurn(request: AtrnRequest, reply: Reply): void {
    const turns = isPositive(reply)
    if (turns && reply.code !== TURNING) return this.outOfStep(`${reply.code} is no answer to ATRN`)
    if (turns && this.replies.buffered > 0) return this.outOfStep('it spoke before it was greeted')
    const role = request.heard(reply)
    if (!turns) this.ready = true
    else if (role === undefined) this.end({ kind: 'turned' })
    else this.#turnAround(role)
  }

  #turnAround(role: Role): void {
    this.ending = { kind: 'turned' }
    this.outputs.push({ kind: 'become', role })
  }

  startTls(): void {
    this.securing = true
    this.forget()
    this.outputs.push({ kind: 'startTls' })
  }

  /** What the server, or somebody between, said in the clear is not to be taken as said in TLS. */
  // RFC 3207 §4.2, RFC 3207 §6
  forget(): void {
    this.replies.clear()
    this.greeting = undefined
    this.learn(NO_OFFER)
  }

  /** All is over; what is not yet settled is settled. */
  end(ending: ClientEnding): void {
    this.ending ??= ending
    this.ready = false
    this.steps.clear()
    this.outputs.length = 0
    this.asking = undefined
    const said = 'reply' in ending ? ending.reply : substitutes.connectionLost
    const reply = isPermanent(said) ? substitutes.connectionLost : said
    const by = ending.kind === 'refused' && reply === said ? ending.by : 'us'
    for (const delivery of this.inFlight.splice(0)) delivery.abandon(reply, by)
    this.waiting.length = 0
    for (const consignment of this.consignments)
      consignment.abandon({ reply, stage: 'MAIL', by, cutOff: 'early' })
    this.outputs.push({ kind: 'close' })
  }

  peer(): PeerFacts {
    const { offer, transactions, greeting, tls } = this
    return {
      offer,
      transactions,
      ...(greeting === undefined ? {} : { greeting }),
      ...(tls === undefined ? {} : { tls }),
    }
  }
}
