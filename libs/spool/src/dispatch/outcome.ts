import { replies, replyStatus, replyWords, type RecipientOutcome } from '@cartero/smtp/client'

import type { RecipientResult } from '../notices/index.ts'
import { concluded, said } from './words.ts'

/** What the queue makes of what became of a recipient at a host. */
export function resultOf(outcome: RecipientOutcome, host: string): RecipientResult {
  const { kind, reply, by, stage, without = [] } = outcome
  if (kind === 'delivered') {
    // RFC 3461 §5.2.2, RFC 2852 §4: nobody behind that host answers for them
    const isOurs = without.includes('DSN') || without.includes('DELIVERBY')
    return { kind: isOurs ? 'relayed' : 'passed', remote: { host, reply: replyWords(reply) } }
  }
  const status = replyStatus(outcome)
  if (by === 'us') return { kind, status, reason: concluded(host, reply) }
  return { kind, status, reason: said(host, stage, reply), remote: { host, reply: replyWords(reply) } }
}

const LEAVING = replies.notAvailable('').code

/**
 * The conversation ended before anything was decided of any recipient, and before the message can have been taken: it can go
 * on in the next one, as if it had not been tried.
 */
// RFC 5321 §3.8
export function isUndecided(outcomes: readonly RecipientOutcome[]): boolean {
  return outcomes.every(
    ({ reply, stage, cutOff }) => cutOff === 'early' || (stage === 'MAIL' && reply.code === LEAVING),
  )
}
