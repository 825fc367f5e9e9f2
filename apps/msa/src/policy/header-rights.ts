import type { HeaderBlock } from '@cartero/message'
import { ReplyError, replies } from '@cartero/smtp/server'
import { addressesIn } from './authors.ts'

/** Whether an address is the account's own. */
export type OwnAddress = (address: string) => Promise<boolean>

/** Throws ReplyError when author or sender in the header is an address that the account may not send from. */
// RFC 6409 §6.1, RFC 6409 §6.3
export async function checkHeaderRights(header: HeaderBlock, isOwn: OwnAddress): Promise<void> {
  for (const field of ['From', 'Sender'])
    for (const address of addressesIn(header, field))
      if (!(await isOwn(address))) throw new ReplyError(replies.authorNotAllowed)
}
