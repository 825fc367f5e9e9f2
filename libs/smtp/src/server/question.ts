import type { SaslServerMechanism, SaslStep } from '@cartero/sasl'
import type { MaybePromise } from '@cartero/wire'
import type { Domain } from '@cartero/syntax'
import type { Verb } from '../command.ts'
import type { Reply } from '../reply.ts'
import type { QueueNode } from '../verb/etrn.ts'
import type { GreetingCommand } from '../verb/greeting.ts'
import type { MailCommand } from '../verb/mail.ts'
import type { ProxiedClient } from '../verb/proxied.ts'
import type { RcptCommand } from '../verb/rcpt.ts'
import { replies } from '../replies.ts'
import type { Reversal, ServedSession, Verdict } from './session.ts'

/** What the machine asks its session; one at a time. */
export type SmtpQuestion =
  | { readonly kind: 'greeting' }
  | { readonly kind: 'helo'; readonly client: GreetingCommand }
  | { readonly kind: 'mail'; readonly command: MailCommand }
  | { readonly kind: 'rcpt'; readonly command: RcptCommand }
  | { readonly kind: 'data'; readonly by: 'DATA' | 'BDAT' }
  | { readonly kind: 'body'; readonly octets: Buffer; readonly by: 'DATA' | 'BDAT' }
  | { readonly kind: 'endOfData' | 'endOfDataForEach'; readonly by: 'DATA' | 'BDAT' }
  | { readonly kind: 'sasl'; readonly exchange: SaslServerMechanism; readonly response: Buffer | undefined }
  | { readonly kind: 'authenticated'; readonly account: string; readonly mechanism: string }
  | { readonly kind: 'verify' | 'expand'; readonly text: string; readonly smtpUtf8: boolean }
  | { readonly kind: 'etrn'; readonly node: QueueNode }
  | TurnQuestion
  | { readonly kind: 'xclient' | 'xforward'; readonly client: ProxiedClient }

export interface TurnQuestion {
  readonly kind: 'turn'
  readonly domains: readonly Domain[]
  readonly by: 'ATRN' | 'TURN'
  /** Aborts when the answer will not be heard. */
  readonly signal: AbortSignal
}

/**
 * An exchange answers with its next step, LMTP's end of data with a reply for each recipient, a request to turn with the role
 * that has the connection then, all else with a verdict.
 */
export type SmtpAnswer = Verdict | SaslStep | readonly Reply[] | Reversal

/** Makes a session the one that answers a machine's questions. */
export function serveSession(session: ServedSession): (question: SmtpQuestion) => MaybePromise<SmtpAnswer> {
  return (question) => {
    switch (question.kind) {
      case 'greeting':
        return session.greeting?.()
      case 'helo':
        return session.helo?.(question.client)
      case 'mail':
        return session.mail(question.command)
      case 'rcpt':
        return session.rcpt(question.command)
      case 'data':
        return session.data()
      case 'body':
        return session.body(question.octets) as MaybePromise<undefined>
      case 'endOfData':
        return session.endOfData()
      case 'endOfDataForEach':
        return session.endOfDataForEach === undefined ? session.endOfData() : session.endOfDataForEach()
      case 'sasl':
        return question.exchange.next(question.response)
      case 'authenticated':
        return session.authenticated?.(question.account, question.mechanism)
      case 'verify':
        return session.verify?.(question.text) ?? replies.cannotVerify
      case 'expand':
        return session.expand?.(question.text) ?? replies.notImplemented
      case 'etrn':
        return session.etrn?.(question.node) ?? replies.notImplemented
      case 'turn':
        return turn(session, question)
      case 'xclient':
        return session.xclient?.(question.client)
      case 'xforward':
        return session.xforward?.(question.client)
    }
  }
}

/** A role that nobody hears of would keep what it has for ever: it is told that there is no connection. */
async function turn(
  session: ServedSession,
  { domains, by, signal }: TurnQuestion,
): Promise<Reply | Reversal> {
  const answer = (await session.turn?.(domains, by, signal)) ?? replies.notImplemented
  const machine = reversalOf(answer)?.role.machine
  if (signal.aborted) machine?.disconnected()
  else signal.addEventListener('abort', () => machine?.disconnected(), { once: true })
  return answer
}

const VERBS = {
  mail: 'MAIL',
  rcpt: 'RCPT',
  sasl: 'AUTH',
  authenticated: 'AUTH',
  verify: 'VRFY',
  expand: 'EXPN',
  etrn: 'ETRN',
  xclient: 'XCLIENT',
  xforward: 'XFORWARD',
} as const satisfies Partial<Record<SmtpQuestion['kind'], Verb>>

/** What the client had said when the question came up; '' before it said anything. */
export function verbOf(question: SmtpQuestion): Verb | '' {
  if (question.kind === 'greeting') return ''
  if (question.kind === 'helo') return question.client.verb
  return 'by' in question ? question.by : VERBS[question.kind]
}

/** The reply among the answers; a step is none. */
export function verdictOf(answer: SmtpAnswer): Reply | undefined {
  return answer !== undefined && 'code' in answer ? answer : undefined
}

export function reversalOf(answer: SmtpAnswer): Reversal | undefined {
  return answer !== undefined && 'role' in answer ? answer : undefined
}
