import { LineReader, type Output, type Patience, type TlsFacts } from '@cartero/wire'
import type { Extension } from '../extensions.ts'
import { ReplyError, type Fault } from '../reply-error.ts'
import { replies } from '../replies.ts'
import { formatReply, isPositive, replyText, type Reply } from '../reply.ts'
import type { GreetingCommand } from '../verb/greeting.ts'
import type { Ending, SmtpEvent } from './events.ts'
import type { ServerPolicy, SmtpServerOptions } from './options.ts'
import { verbOf, verdictOf, type SmtpAnswer, type SmtpQuestion } from './question.ts'
import { authSessionOf, type Honours, type Reversal, type ServedSession } from './session.ts'
import type { Transaction } from './transaction.ts'

/** The part of a conversation that says who reads what comes in: commands, message data, an authentication exchange. */
export interface Phase {
  /** Reads what is at hand. False says that nothing can be done until more comes. */
  step(dialogue: Dialogue): boolean
  readonly patience: Patience
}

interface Asked {
  readonly question: SmtpQuestion
  readonly resume: (answer: SmtpAnswer) => void
  /** Aborted when the answer will not be heard. */
  readonly unheard?: AbortController | undefined
}

const LEAVING = replies.notAvailable('').code
const NO_EXTENSIONS: ReadonlySet<Extension> = new Set()
const NOTHING: Honours = {}

/** What is known of one connection, and what is still to be said in it. Lives as long as the connection. */
export class Dialogue {
  readonly session: ServedSession
  readonly policy: ServerPolicy
  readonly input: LineReader
  readonly #observer: ((event: SmtpEvent) => void) | undefined
  readonly #commandPhase: Phase
  #outputs: Output<SmtpQuestion>[] = []
  #asked: Asked | undefined

  tls: TlsFacts | undefined
  /** Undefined until the client has said who it is. */
  client: GreetingCommand | undefined
  account: string | undefined
  transaction: Transaction | undefined
  /** Those whose parameters are understood: none before EHLO. */
  extensions: ReadonlySet<Extension> = NO_EXTENSIONS
  /** Undefined while nothing is read: TLS is being started, or all is over. */
  phase: Phase | undefined
  /** The greeting refused the client; it may only leave (RFC 5321 §3.1). */
  turnedAway = false
  ending: Ending | undefined
  /** Nothing more is begun: the machine is about to say goodbye. */
  leaving = false
  /** Messages that were begun. */
  transactions = 0
  #commands = 0
  #errors = 0
  #junk = 0
  #refusedRecipients = 0
  #authFailures = 0

  constructor(
    session: ServedSession,
    policy: ServerPolicy,
    options: SmtpServerOptions,
    greeting: Phase,
    commands: Phase,
  ) {
    this.session = session
    this.policy = policy
    // One reader for commands and for exchanges; the shorter limit of commands is checked when the verb is known.
    this.input = new LineReader(Math.max(this.policy.limits.authLine, this.policy.limits.commandLine) - 2)
    this.#observer = options.observer
    this.tls = options.tls
    this.phase = greeting
    this.#commandPhase = commands
  }

  get asking(): boolean {
    return this.#asked !== undefined
  }

  take(): Output<SmtpQuestion> | undefined {
    return this.#outputs.shift()
  }

  /** A reply that says that we leave (421) is followed by leaving, whoever thought of it. */
  // RFC 5321 §3.8
  say(reply: Reply): void {
    if (reply.code === LEAVING) return this.dismiss(reply)
    if (!isPositive(reply) && this.#tries >= this.policy.limits.softErrors)
      this.pause(this.policy.limits.errorDelay)
    this.#send(reply)
  }

  /** Says several replies, all of them also where one says that we leave. */
  sayEach(each: readonly Reply[]): void {
    if (each.length === 1) return this.say(each[0]!)
    for (const reply of each) this.#send(reply)
    if (each.some(({ code }) => code === LEAVING)) this.close('dismissed')
  }

  /** What is said next waits, and so does the client. Nobody else does: nothing of the session is held meanwhile. */
  pause(milliseconds: number): void {
    if (milliseconds > 0) this.#outputs.push({ kind: 'pause', milliseconds })
  }

  /** Says a refusal and tells the observer. */
  refuse(verb: string, reply: Reply): void {
    this.tellRefused(verb, reply)
    this.say(reply)
  }

  /** Puts a question; `resume` gets the answer, or the reply that its failure amounts to. */
  ask(question: SmtpQuestion, resume: Asked['resume'], unheard?: AbortController): void {
    this.#asked = { question, resume, unheard }
    this.#outputs.push(
      question.kind === 'turn' ? { kind: 'ask', question, attentive: true } : { kind: 'ask', question },
    )
  }

  answer(answer: SmtpAnswer): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked === undefined) return
    const verdict = verdictOf(answer)
    if (verdict !== undefined && !isPositive(verdict)) this.tellRefused(verbOf(asked.question), verdict)
    asked.resume(answer)
  }

  fail(error: unknown): void {
    const asked = this.#asked
    this.#asked = undefined
    asked?.unheard?.abort()
    asked?.resume(this.#publicFace(asked.question, error))
  }

  /** Nothing more can be said, and the question that is out will not be answered. */
  withdraw(): void {
    this.#unask()
    for (const output of this.#outputs.splice(0)) if (output.kind === 'become') this.#notTurned(output.role)
  }

  #unask(): void {
    this.#asked?.unheard?.abort()
    this.#asked = undefined
  }

  /** Says yes, and then another machine has the connection. */
  // RFC 2645 §5.3
  turnAround({ reply, role }: Reversal): void {
    this.#send(reply)
    this.phase = undefined
    this.ending = 'turned'
    this.#outputs.push({ kind: 'become', role })
  }

  /** The connection broke before the other machine had it. */
  #notTurned(role: Reversal['role']): void {
    this.ending = 'lost'
    this.tell('disconnected', () => role.machine.disconnected())
  }

  observe(event: SmtpEvent): void {
    this.#observer?.(event)
  }

  /** Mechanisms that may be used now. */
  mechanisms(): readonly string[] {
    if (this.tls === undefined && !this.policy.allowPlaintextAuth) return []
    let mechanisms: readonly string[] = []
    this.tell('mechanisms', () => (mechanisms = authSessionOf(this.session)?.mechanisms(this.tls) ?? []))
    return mechanisms
  }

  /** What the session does for messages, now. A session that fails to say does nothing. */
  honours(): Honours {
    let honours = NOTHING
    this.tell('honours', () => (honours = this.session.honours?.() ?? NOTHING))
    return honours
  }

  /** What comes next is a command. */
  readCommands(): void {
    this.phase = this.#commandPhase
  }

  dropTransaction(): void {
    if (this.transaction === undefined) return
    this.transaction = undefined
    this.tell('reset', () => this.session.reset())
  }

  /** Calls what cannot be answered; what it throws is a bug. */
  tell(during: string, call: () => void): void {
    try {
      call()
    } catch (error) {
      this.observe({ kind: 'bug', during, error })
    }
  }

  startTls(): void {
    this.dropTransaction()
    this.phase = undefined
    // RFC 3207 §6, CVE-2011-0411: what was sent in the clear behind STARTTLS must not be taken as if it were not.
    this.input.clear()
    this.#outputs.push({ kind: 'startTls' })
  }

  /** All that the client said before TLS is forgotten. */
  // RFC 3207 §4.2
  tlsStarted(tls: TlsFacts): void {
    this.tls = tls
    this.client = undefined
    this.account = undefined
    this.extensions = NO_EXTENSIONS
    this.input.clear()
    this.tell('tlsStarted', () => this.session.tlsStarted?.(tls))
  }

  /** The answer to a question that is out is not heard any more. */
  close(how: Ending): void {
    this.#unask()
    this.dropTransaction()
    this.phase = undefined
    this.ending = how
    this.#outputs = this.#outputs.filter(({ kind }) => kind !== 'ask')
    this.#outputs.push({ kind: 'close' })
  }

  /** Says why the connection is closed, and closes it. */
  // RFC 5321 §3.8
  dismiss(reply: Reply, how: Ending = 'dismissed'): void {
    this.#send(reply)
    this.close(how)
  }

  #send(reply: Reply): void {
    this.#outputs.push({ kind: 'send', bytes: formatReply(reply) })
  }

  /** @returns whether one more is borne with */
  countCommand(): boolean {
    if (++this.#commands <= this.policy.limits.commands) return true
    this.#lose(replies.tooManyCommands)
    return false
  }

  countError(): void {
    if (++this.#errors >= this.policy.limits.errors) this.#lose(replies.tooManyErrors)
  }

  countRefusedRecipient(): void {
    if (++this.#refusedRecipients >= this.policy.limits.refusedRecipients) this.#lose(replies.tooManyErrors)
  }

  /** Says why an authentication failed, later each time. */
  // RFC 4954 §9: guessing is cut short
  failAuth(reply: Reply): void {
    this.pause(this.policy.limits.authFailureDelay * (this.#authFailures + 1))
    this.say(reply)
    if (++this.#authFailures >= this.policy.limits.authFailures) this.#lose(replies.tooManyAuthFailures)
  }

  countJunk(): void {
    if (++this.#junk > this.policy.limits.junk) this.#lose(replies.tooMuchIdling)
  }

  /** Mail got somewhere: what came before was worth it. */
  forgiveJunk(): void {
    this.#junk = 0
  }

  get #tries(): number {
    return this.#errors + this.#refusedRecipients
  }

  #lose(patience: (host: string) => Reply): void {
    if (this.phase !== undefined) this.dismiss(patience(this.policy.hostname))
  }

  tellRefused(verb: string, reply: Reply, reason: string = replyText(reply), fault: Fault = 'peer'): void {
    this.#observer?.({ kind: 'refused', verb, reply, reason, fault })
  }

  #publicFace(question: SmtpQuestion, error: unknown): Reply {
    if (error instanceof ReplyError && !isPositive(error.reply)) {
      this.tellRefused(verbOf(question), error.reply, error.reason, error.fault)
      return error.reply
    }
    this.observe({ kind: 'bug', during: question.kind, error })
    return replies.tryLater
  }
}
