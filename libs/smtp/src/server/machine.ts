import type { Output, Patience, ProtocolMachine, TlsFacts } from '@cartero/wire'
import { replies } from '../replies.ts'
import type { Reply } from '../reply.ts'
import { CommandPhase } from './command-phase.ts'
import { Dialogue } from './dialogue.ts'
import type { Ending } from './events.ts'
import { GreetingPhase } from './greeting-phase.ts'
import { policyOf, type SmtpServerOptions } from './options.ts'
import type { SmtpAnswer, SmtpQuestion } from './question.ts'
import type { ServedSession } from './session.ts'

/**
 * An SMTP server without I/O. What it asks, the session answers (`serveSession`); the session itself is only looked
 * at for its capabilities, and told what needs no answer: `reset`, `tlsStarted`, `closed`.
 */
// RFC 5321
export class SmtpServerMachine implements ProtocolMachine<SmtpQuestion, SmtpAnswer> {
  readonly #dialogue: Dialogue
  /** How we leave, once nothing is lost by it. */
  #farewell: { readonly reply: (host: string) => Reply; readonly how: Ending } | undefined
  #gone = false

  constructor(session: ServedSession, options: SmtpServerOptions) {
    const policy = policyOf(options)
    this.#dialogue = new Dialogue(session, policy, options, new GreetingPhase(), new CommandPhase(policy))
  }

  receive(bytes: Buffer): void {
    if (this.#dialogue.ending === undefined) this.#dialogue.input.push(bytes)
  }

  next(): Output<SmtpQuestion> | undefined {
    const dialogue = this.#dialogue
    for (;;) {
      const output = dialogue.take()
      if (output?.kind === 'become') this.#over()
      if (output !== undefined) return output
      if (dialogue.asking || dialogue.phase === undefined) return undefined
      // RFC 5321 §3.8; a message that is being read is read to its end first
      if (this.#farewell !== undefined && dialogue.transaction?.message === undefined) {
        dialogue.dismiss(this.#farewell.reply(dialogue.policy.hostname), this.#farewell.how)
      } else if (!dialogue.phase.step(dialogue)) return undefined
    }
  }

  answer(answer: SmtpAnswer): void {
    this.#dialogue.answer(answer)
  }

  fail(error: unknown): void {
    this.#dialogue.fail(error)
  }

  /** This machine streams nothing. */
  streamed(): void {}

  tlsStarted(tls: TlsFacts): void {
    this.#dialogue.tlsStarted(tls)
    this.#dialogue.readCommands()
  }

  timedOut(): void {
    if (this.#dialogue.ending !== undefined) return
    this.#dialogue.dismiss(replies.tooSlow(this.#dialogue.policy.hostname), 'timedOut')
  }

  drain(): void {
    this.#dialogue.leaving = true
    this.#farewell = { reply: replies.shuttingDown, how: 'drained' }
  }

  outlived(): void {
    this.#dialogue.leaving = true
    this.#farewell ??= { reply: replies.tooLongConnected, how: 'dismissed' }
  }

  disconnected(): void {
    if (this.#gone) return
    const dialogue = this.#dialogue
    dialogue.withdraw()
    dialogue.dropTransaction()
    dialogue.phase = undefined
    dialogue.ending ??= 'lost'
    this.#over()
  }

  /** The last that the session hears: the connection is gone, or another machine's. */
  #over(): void {
    this.#gone = true
    const dialogue = this.#dialogue
    const how = dialogue.ending ?? 'lost'
    dialogue.tell('closed', () => dialogue.session.closed?.(how))
    dialogue.observe({ kind: 'closed', how })
  }

  /** This session knows no news. */
  wake(): void {}

  get lifetime(): number {
    return this.#dialogue.policy.limits.connectionDuration
  }

  get patience(): Patience {
    return this.#dialogue.phase?.patience ?? LEAVING
  }
}

// RFC 3207 §4: a handshake is the driver's affair; this is for what comes after `close`.
const LEAVING: Patience = { milliseconds: 60_000, waitingFor: 'the end' }
