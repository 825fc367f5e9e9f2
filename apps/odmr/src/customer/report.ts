import type { TlsFacts } from '@cartero/wire'

/**
 * How a visit ended.
 *
 * - `fetched`, `nothing`: as it should, with mail and without.
 * - `busy`: the provider cannot now.
 * - `refused`: it will not, until somebody has mended what is configured here or there.
 * - `insecure`: TLS is not as it must be.
 * - `unreachable`: there was no connection.
 * - `broken`: the conversation came to nothing before the connection was turned.
 * - `cutOff`: it ended in the middle of the turn; what was acknowledged is ours.
 * - `left`: this process is leaving.
 */
export type VisitEnd = (typeof VISIT_ENDS)[number]

export const VISIT_ENDS = [
  'fetched',
  'nothing',
  'busy',
  'refused',
  'insecure',
  'unreachable',
  'broken',
  'cutOff',
  'left',
] as const

/** How it ended and why, for the operator; no reason where all is well. */
export interface Judgement {
  readonly end: VisitEnd
  readonly reason?: string
}

/** One visit, when it is over. */
export interface VisitReport extends Judgement {
  /** As the log names the connection, in what it tells of each message, too. */
  readonly sid: string
  /** Of the provider, where it was reached. */
  readonly address?: string
  readonly tls?: TlsFacts
  /** Messages that are ours now. */
  readonly messages: number
  readonly octets: number
  /** Recipients and messages that we refused, and the last words of it. Their senders hear of those that were refused for good. */
  readonly refused?: number
  readonly refusal?: string
  /** How long it lasted. */
  readonly milliseconds: number
}
