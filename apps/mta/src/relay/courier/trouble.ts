import type { MailHost } from '@cartero/routing'
import type { Reply } from '@cartero/smtp/client'
import { reasonOf } from '@cartero/spool/dispatch'
import type { Trouble } from '@cartero/spool/notices'
import { enhancedStatus } from '@cartero/syntax'
import type { DialError } from '@cartero/wire/node'
import { certificateWords } from './trouble-certificate.ts'
import { connectWords } from './trouble-connect.ts'

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

/** There is no connection, or none that may be used. Waiting may mend that. */
export function dialTrouble(host: Pick<MailHost, 'name' | 'port'>, error: DialError): Trouble {
  const isConnect = error.stage === 'connect'
  const words = error.stage === 'certificate' ? certificateWords(error) : error.message
  const reason = isConnect ? connectWords(host, error) : `${host.name}: ${words}`
  const status = enhancedStatus(4, isConnect ? 'noAnswer' : 'cryptographicFailure')
  return { kind: 'deferred', status, reason: reasonOf(reason) }
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
