import {
  isPermanent,
  replies,
  replyText,
  withoutSecret,
  type ClientEnding,
  type Reply,
} from '@cartero/smtp/client'
import type { Ending } from '@cartero/smtp/server'
import { reasonOf } from '@cartero/spool/dispatch'
import { DialError, dialWords } from '@cartero/wire/node'
import type { Provider } from './provider.ts'
import type { Judgement } from './report.ts'
import type { Tally } from './tally.ts'

/** All that is known of a visit at its end. */
export interface Facts {
  readonly provider: Provider
  /** Why we broke it off. */
  readonly breach?: Judgement
  /** What ended the connection, unless the protocol did. */
  readonly error?: Error
  /** Why login or password cannot be said. */
  readonly loginTrouble?: string
  /** How the conversation ended in which we were the client. */
  readonly ending?: ClientEnding
  /** What was said to ATRN. */
  readonly answer?: Reply
  /** Present when the connection was turned. */
  readonly tally?: Tally
}

type Interruption = Extract<ClientEnding, { readonly stage: unknown }>

/** What became of a visit. Never has the password in it, whatever the provider says. */
export function judge(facts: Facts): Judgement {
  const { provider, breach, error, answer, ending, tally } = facts
  if (tally !== undefined) return turnJudgement(facts, tally)
  if (breach !== undefined) return breach
  if (error instanceof DialError) return dialJudgement(provider, error)
  if (answer !== undefined) return answerJudgement(provider, answer)
  if (ending !== undefined && 'stage' in ending) return endingJudgement(facts, ending)
  return { end: 'broken', reason: `${provider.host} left: ${error?.message ?? 'nobody knows why'}` }
}

/** What a turn ended in that did not go on to its QUIT. */
const CUT_OFF: Readonly<Partial<Record<Ending, string>>> = {
  timedOut: 'was silent for too long',
  dismissed: 'was sent away in the middle of the turn',
}

function turnJudgement({ provider, breach }: Facts, { ending, messages, refused }: Tally): Judgement {
  // RFC 2645 §5.2.1: a provider may turn the connection and have nothing
  if (ending === 'quit') return { end: messages + refused > 0 ? 'fetched' : 'nothing' }
  if (breach !== undefined) return breach.end === 'left' ? breach : { ...breach, end: 'cutOff' }
  const what = (ending && CUT_OFF[ending]) ?? 'broke off in the middle of the turn'
  return { end: 'cutOff', reason: `${provider.host} ${what}` }
}

function dialJudgement(provider: Provider, error: DialError): Judgement {
  const { host: name, port } = provider
  const end = error.stage === 'connect' ? 'unreachable' : 'insecure'
  return { end, reason: reasonOf(dialWords({ name, port }, error)) }
}

// RFC 2645 §7
function answerJudgement(provider: Provider, reply: Reply): Judgement {
  if (reply.code === replies.noMailWaiting.code) return { end: 'nothing' }
  const end = isPermanent(reply) ? 'refused' : 'busy'
  return { end, reason: said(provider, 'ATRN', reply) }
}

function endingJudgement({ provider, loginTrouble }: Facts, ending: Interruption): Judgement {
  const { kind, stage, reply } = ending
  if (loginTrouble !== undefined)
    return { end: 'refused', reason: reasonOf(`login or password cannot be said: ${loginTrouble}`) }
  if (kind !== 'refused') return { end: 'broken', reason: concluded(provider, reply) }
  // A provider that cannot prove itself, or has no mechanism that we may use, is no matter of time.
  const isLasting = ending.by === 'us' || isPermanent(reply)
  const end = stage === 'STARTTLS' ? 'insecure' : isLasting ? 'refused' : 'busy'
  const reason = ending.by === 'us' ? concluded(provider, reply) : said(provider, stage, reply)
  return { end, reason }
}

function said(provider: Provider, stage: string, reply: Reply): string {
  const what = stage === 'greeting' ? 'the connection' : stage
  return reasonOf(`${provider.host} said to ${what}: ${replyText(withoutSecret(reply, provider))}`)
}

/** What we had to conclude ourselves. */
function concluded(provider: Provider, reply: Reply): string {
  return reasonOf(`${provider.host}: ${withoutSecret(reply, provider).lines.join(' ')}`)
}
