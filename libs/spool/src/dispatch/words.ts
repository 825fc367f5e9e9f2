import {
  isPermanent,
  replyStatus,
  replyText,
  replyWords,
  type ClientEnding,
  type Reply,
  type Stage,
} from '@cartero/smtp/client'
import { enhancedStatus } from '@cartero/syntax'

import type { Trouble } from '../notices/index.ts'

/** Characters of a reason: it is one line of a listing. The remote's words are kept at more length beside it. */
export const REASON_CHARACTERS = 400

/** What a host said, in one line for the operator. */
export function said(host: string, stage: Stage, reply: Reply): string {
  return reasonOf(`${host} said to ${NAMES[stage] ?? stage}: ${replyText(reply)}`)
}

/** Where what was said is no command. */
const NAMES: Readonly<Partial<Record<Stage, string>>> = {
  greeting: 'the connection',
  'end of data': 'the message',
}

/** What we had to conclude ourselves. */
export function concluded(host: string, reply: Reply): string {
  return reasonOf(`${host}: ${reply.lines.join(' ')}`)
}

/** One line of bounded length. */
export function reasonOf(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ')
  return line.length <= REASON_CHARACTERS ? line : `${line.slice(0, REASON_CHARACTERS)} ...`
}

/** How a conversation ends that was to go on. */
export type Interruption = Extract<ClientEnding, { readonly stage: Stage }>

export function isInterruption(how: ClientEnding): how is Interruption {
  return 'stage' in how
}

/** A conversation that ended before a message was taken. */
export function endingTrouble(host: string, ending: Interruption): Trouble {
  const { stage, reply } = ending
  if (ending.kind !== 'refused' || ending.by === 'us') {
    const status = replyStatus({ kind: 'deferred', reply, stage })
    return { kind: 'deferred', status, reason: concluded(host, reply) }
  }
  const remote = { host, reply: replyWords(reply) }
  // A wrong password is the operator's affair, and no reason to give mail back.
  if (stage === 'AUTH') {
    const status = enhancedStatus(4, 'credentialsInvalid')
    return { kind: 'deferred', status, reason: said(host, stage, reply), remote }
  }
  // RFC 3207 §4.1: who declines TLS today may have it tomorrow
  const kind = isPermanent(reply) && stage !== 'STARTTLS' ? 'failed' : 'deferred'
  return { kind, status: replyStatus({ kind, reply, stage }), reason: said(host, stage, reply), remote }
}
