import type { ContentId } from '@cartero/content'
import type { NewMessage } from '@cartero/mailstore'
import { MessageIndexer } from '@cartero/message'

const octets = Buffer.from('Subject: numbered\r\n\r\nOctets.\r\n')
const indexer = new MessageIndexer()
indexer.write(octets)
const index = indexer.end()

/** The letter with a number: its content and its idempotency key tell it. */
export function numbered(number: number): NewMessage {
  return {
    account: 'ann',
    mailbox: 'INBOX',
    content: `letter-${number}` as ContentId,
    prefix: Buffer.alloc(number % 300, 'x'),
    index,
    size: octets.length + (number % 300),
    flags: number % 3 === 0 ? ['\\Seen'] : [],
    internalDate: number,
    idempotencyKey: `delivery-${number}`,
  }
}
