import type { Credentials } from '@cartero/testkit'
import { ImapFlow } from 'imapflow'
import { asSent } from './letters.ts'
import { until } from './peer.ts'

/** A system of ours, by its door for IMAP. */
export interface Mailboxes {
  /** 127.0.0.1 unless it is said here. */
  readonly host?: string
  /** All it printed so far. */
  readonly output: string
  port(wellKnown: number): number
  account(localPart: string): Credentials
}

/** The octets of everything in the account's INBOX, as IMAP gives them. */
export async function inbox(cartero: Mailboxes, localPart: string): Promise<readonly Buffer[]> {
  const { address, password } = cartero.account(localPart)
  const client = new ImapFlow({
    host: cartero.host ?? '127.0.0.1',
    port: cartero.port(993),
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: address, pass: password },
    logger: false,
  })
  await client.connect()
  try {
    const { exists } = await client.mailboxOpen('INBOX')
    const messages = exists === 0 ? [] : await client.fetchAll('1:*', { source: true })
    return messages.map(({ source }) => source!)
  } finally {
    await client.logout()
  }
}

/** What there is in the INBOX that is wanted, once there is so much of it. */
export function foundIn(
  cartero: Mailboxes,
  localPart: string,
  what: string,
  isWanted: (message: Buffer) => boolean,
  atLeast = 1,
): Promise<readonly Buffer[]> {
  return until(
    `${what} for ${localPart}`,
    async () => {
      const found = (await inbox(cartero, localPart)).filter(isWanted)
      return found.length >= atLeast ? found : undefined
    },
    () => told(cartero),
  )
}

/** The end of its log, without our own looking into mailboxes. */
function told(cartero: Mailboxes): string {
  const lines = cartero.output.split('\n').filter((line) => !line.includes('"agent":"imap"'))
  return lines.join('\n').slice(-6_000)
}

/** The letters of that name in the INBOX as they came in, with the trace fields in front of them, unfolded. */
export async function lettersOf(
  cartero: Mailboxes,
  localPart: string,
  name: string,
  atLeast = 1,
): Promise<readonly { readonly trace: string; readonly octets: Buffer }[]> {
  const isWanted = (message: Buffer): boolean => asSent(message, name) !== undefined
  const found = await foundIn(cartero, localPart, `letter ${name}`, isWanted, atLeast)
  return found.map((message) => ({
    trace: message.toString('utf8', 0, message.indexOf('X-Letter: ')).replace(/\r\n[ \t]+/g, ' '),
    octets: asSent(message, name)!,
  }))
}
