import { ImapFlow } from 'imapflow'
import type { CarteroProcess, Credentials } from './cartero-process.ts'

/**
 * Looks into an account's INBOX with a real IMAP client, which is gone afterwards.
 *
 * @param who a local part of credentials.json, or an account that was added
 * @param look is given the client, with INBOX selected, and how many messages are in it
 */
export async function lookIntoInbox<T>(
  cartero: Pick<CarteroProcess, 'port' | 'account'>,
  who: string | Credentials,
  look: (client: ImapFlow, exists: number) => Promise<T>,
): Promise<T> {
  const { address: user, password: pass } = typeof who === 'string' ? cartero.account(who) : who
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: cartero.port(993),
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user, pass },
    logger: false,
  })
  await client.connect()
  try {
    const { exists } = await client.mailboxOpen('INBOX')
    return await look(client, exists)
  } finally {
    await client.logout()
  }
}
