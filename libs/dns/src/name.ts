import { DOMAIN_OCTETS, LABEL_OCTETS } from '@cartero/syntax'
import { DnsError } from './ports.ts'

/**
 * The one form of a name that is asked for: lower case, A-labels, no dot at the end; underscores are as good as letters.
 * Throws DnsError (`malformed`) for what cannot be a name in a packet: nobody would answer.
 */
// RFC 1035 §2.3.3, RFC 1035 §2.3.4, RFC 2181 §11
export function normalName(name: string): string {
  if (name.length > DOMAIN_OCTETS) throw new DnsError('malformed', `a name of ${name.length} octets`)
  if (!/^[!-[\]-~]+$/.test(name))
    throw new DnsError('malformed', `${JSON.stringify(name)} is no name in A-labels`)
  for (const label of name.split('.')) {
    if (label === '' || label.length > LABEL_OCTETS)
      throw new DnsError('malformed', `${JSON.stringify(name)} has a label of ${label.length} octets`)
  }
  return name.toLowerCase()
}
