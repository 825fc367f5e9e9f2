import { ImapFlow } from 'imapflow'
import type { CarteroProcess } from './cartero-process.ts'

/**
 * Looks into an account's INBOX with a real IMAP client, which is gone afterwards.
 *
 * @param look is given the client, with INBOX selected, and how many messages are in it
 */
export async function lookIntoInbox<T>(
  cartero: CarteroProcess,
  localPart: string,
  look: (client: ImapFlow, exists: number) => Promise<T>,
): Promise<T> {
  const { address: user, password: pass } = cartero.account(localPart)
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
