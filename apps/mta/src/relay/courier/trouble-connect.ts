import type { MailHost } from '@cartero/routing'
import type { DialError } from '@cartero/wire/node'

/** What an address did, by the code of the system. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'broke off',
  ETIMEDOUT: 'did not answer in time',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'is in a network to which there is no way from here',
  EADDRNOTAVAIL: 'cannot be called from the address that is configured',
}

/** Why there is no connection, address by address: `cannot connect to mx.example.net port 25: 192.0.2.1 refused (ECONNREFUSED)`. */
export function connectWords(
  { name, port }: Pick<MailHost, 'name' | 'port'>,
  { attempts, message }: Pick<DialError, 'attempts' | 'message'>,
): string {
  if (attempts.length === 0) return message
  const failures = attempts.map(({ address, code }) => {
    const who = address === name ? 'it' : address
    return `${who} ${WORDS[code] ?? 'failed'} (${code})`
  })
  return `cannot connect to ${name} port ${port}: ${failures.join('; ')}`
}
