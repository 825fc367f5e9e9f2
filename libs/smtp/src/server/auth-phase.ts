import { decodeBase64, type SaslServerMechanism, type SaslStep } from '@cartero/sasl'
import type { Patience } from '@cartero/wire'
import { replies } from '../replies.ts'
import { isPositive, type Reply } from '../reply.ts'
import type { Dialogue, Phase } from './dialogue.ts'
import type { SmtpEvent } from './events.ts'
import { offerOf } from './extension/offer.ts'
import { verdictOf, type SmtpAnswer } from './question.ts'

type Failure = Extract<SmtpEvent, { readonly kind: 'authenticationFailed' }>

const CANCEL = 0x2a
const NOTHING = Buffer.alloc(0)

/** Carries one authentication exchange over base64 lines. */
// RFC 4954 §4
export class AuthPhase implements Phase {
  readonly patience: Patience
  readonly #dialogue: Dialogue
  readonly #mechanism: string
  readonly #exchange: SaslServerMechanism
  /** Proved, but the mechanism had a last word, which the client has yet to acknowledge. */
  #account: string | undefined

  constructor(dialogue: Dialogue, mechanism: string, exchange: SaslServerMechanism) {
    this.#dialogue = dialogue
    this.#mechanism = mechanism
    this.#exchange = exchange
    this.patience = { milliseconds: dialogue.policy.limits.authPatience, waitingFor: 'authentication' }
  }

  begin(initialResponse: Buffer | undefined): void {
    this.#put(initialResponse)
  }

  step(dialogue: Dialogue): boolean {
    const line = dialogue.input.next()
    if (line === undefined) return false
    if (
      line.kind === 'tooLong' ||
      (line.kind === 'line' && line.bytes.length + 2 > dialogue.policy.limits.authLine)
    ) {
      this.#fail('malformed', replies.authLineTooLong)
    } else if (line.kind === 'bareNewline') this.#fail('malformed', replies.badBase64)
    else this.#response(line.bytes)
    return true
  }

  #response(line: Buffer): void {
    if (line.length === 1 && line[0] === CANCEL) return this.#fail('cancelled', replies.authCancelled)
    const response = line.length === 0 ? NOTHING : decodeBase64(line)
    if (response === undefined) return this.#fail('malformed', replies.badBase64)
    if (this.#account === undefined) return this.#put(response)
    if (response.length > 0) return this.#fail('malformed', replies.authMalformed)
    this.#prove(this.#account)
  }

  #put(response: Buffer | undefined): void {
    this.#dialogue.ask({ kind: 'sasl', exchange: this.#exchange, response }, (answer) => this.#next(answer))
  }

  #next(answer: SmtpAnswer): void {
    const reply = verdictOf(answer)
    if (reply !== undefined) return this.#fail('unavailable', reply)
    const step = answer as SaslStep
    switch (step.kind) {
      case 'challenge':
        return this.#challenge(step.bytes)
      case 'success':
        if (step.final === undefined) return this.#prove(step.account)
        this.#account = step.account
        return this.#challenge(step.final)
      case 'failure':
        return this.#fail(step.reason, REFUSALS[step.reason], step.login, step.cause)
    }
  }

  #challenge(bytes: Buffer): void {
    this.#dialogue.say(replies.challenge(bytes.toString('base64')))
  }

  #prove(account: string): void {
    const mechanism = this.#mechanism
    if (this.#dialogue.session.authenticated === undefined)
      return this.#succeed(account, replies.authenticated)
    this.#dialogue.ask({ kind: 'authenticated', account, mechanism }, (answer) => {
      const verdict = verdictOf(answer) ?? replies.authenticated
      if (isPositive(verdict)) this.#succeed(account, verdict)
      else this.#fail('refused', verdict, account)
    })
  }

  #succeed(account: string, reply: Reply): void {
    const dialogue = this.#dialogue
    dialogue.account = account
    dialogue.observe({ kind: 'authenticated', mechanism: this.#mechanism, account })
    // RFC 4954 §4: a client without a security layer need not say EHLO again to use what it has won
    if (dialogue.client?.verb !== 'HELO') dialogue.extensions = offerOf(dialogue).understood
    dialogue.say(reply)
    dialogue.readCommands()
  }

  #fail(reason: Failure['reason'], reply: Reply, login?: string, cause?: unknown): void {
    const dialogue = this.#dialogue
    dialogue.observe({
      kind: 'authenticationFailed',
      mechanism: this.#mechanism,
      reason,
      ...(login === undefined ? {} : { login }),
      ...(cause === undefined ? {} : { cause }),
    })
    dialogue.readCommands()
    // Whoever is told to try later has not guessed.
    if (reason === 'unavailable') dialogue.say(reply)
    else dialogue.failAuth(reply)
  }
}

const REFUSALS = {
  credentials: replies.credentialsInvalid,
  malformed: replies.authMalformed,
  unavailable: replies.authNotAvailable,
} as const
