import type { MailHost } from '@cartero/routing'
import { reasonOf } from '@cartero/spool/dispatch'
import type { Trouble } from '@cartero/spool/notices'
import { enhancedStatus } from '@cartero/syntax'
import { dialWords, type DialError } from '@cartero/wire/node'

/** There is no connection, or none that may be used. Waiting may mend that. */
export function dialTrouble(host: Pick<MailHost, 'name' | 'port'>, error: DialError): Trouble {
  const status = enhancedStatus(4, error.stage === 'connect' ? 'noAnswer' : 'cryptographicFailure')
  return { kind: 'deferred', status, reason: reasonOf(dialWords(host, error)) }
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
