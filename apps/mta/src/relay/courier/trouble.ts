import type { MailHost } from '@cartero/routing'
import {
  isPermanent,
  replyStatus,
  replyText,
  replyWords,
  type ClientEnding,
  type Reply,
  type Stage,
} from '@cartero/smtp/client'
import type { Trouble } from '@cartero/spool/notices'
import { enhancedStatus } from '@cartero/syntax'
import type { DialError } from '@cartero/wire/node'
import { certificateWords } from './trouble-certificate.ts'
import { connectWords } from './trouble-connect.ts'

/** Characters of a reason: it is one line of a listing. The remote's words are kept at more length beside it. */
export const REASON_CHARACTERS = 400

/** What may be base64. */
const RUNS = /[A-Za-z0-9+/=]{6,}/g

/** Characters of a run that is taken for base64 whatever is in it. */
const LONG_RUN = 16

/** What was said at a login, with what may be repeated of it: servers quote lines that they do not understand. */
export function withoutSecret(reply: Reply, { username, password }: Login): Reply {
  const said = `\0${username}\0${password}`
  const blotted = (run: string): string =>
    run.length >= LONG_RUN || said.includes(Buffer.from(run, 'base64').toString()) ? '***' : run
  const lines = reply.lines.map((line) => line.replaceAll(password, '***').replace(RUNS, blotted))
  return { ...reply, lines }
}

interface Login {
  readonly username: string
  readonly password: string
}

/** What a host said, in one line for the operator. */
export function said(host: string, stage: Stage, reply: Reply): string {
  return bounded(`${host} said to ${NAMES[stage] ?? stage}: ${replyText(reply)}`)
}

/** Where what was said is no command. */
const NAMES: Readonly<Partial<Record<Stage, string>>> = {
  greeting: 'the connection',
  'end of data': 'the message',
}

/** What we had to conclude ourselves. */
export function concluded(host: string, reply: Reply): string {
  return bounded(`${host}: ${reply.lines.join(' ')}`)
}

function bounded(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ')
  return line.length <= REASON_CHARACTERS ? line : `${line.slice(0, REASON_CHARACTERS)} ...`
}

/** There is no connection, or none that may be used. Waiting may mend that. */
export function dialTrouble(host: Pick<MailHost, 'name' | 'port'>, error: DialError): Trouble {
  const isConnect = error.stage === 'connect'
  const words = error.stage === 'certificate' ? certificateWords(error) : error.message
  const reason = isConnect ? connectWords(host, error) : `${host.name}: ${words}`
  const status = enhancedStatus(4, isConnect ? 'noAnswer' : 'cryptographicFailure')
  return { kind: 'deferred', status, reason: bounded(reason) }
}

/** A conversation that ended before a message was taken. */
export function endingTrouble(host: string, ending: Exclude<ClientEnding, { kind: 'quit' }>): Trouble {
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

/**
 * What to say of a destination none of whose hosts takes mail: what may mend itself weighs more than what does not, and
 * what a host has said more than silence.
 */
// RFC 5321 §5.1
export function mostTelling(troubles: readonly Trouble[]): Trouble | undefined {
  return troubles.toSorted((a, b) => weight(b) - weight(a))[0]
}

function weight({ kind, remote }: Trouble): number {
  return (kind === 'deferred' ? 2 : 0) + (remote === undefined ? 0 : 1)
}
