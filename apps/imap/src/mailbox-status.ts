import type { StatusItem, StatusValue } from '@cartero/imap'
import { refusals } from '@cartero/imap/server'
import type { AccountId, Mailbox, MailStore } from '@cartero/mailstore'
import { refusing } from './refusal-of.ts'

/** STATUS of a mailbox (RFC 3501 §6.3.10). Throws ImapRefusal NONEXISTENT. */
export async function mailboxStatus(
  store: MailStore,
  account: AccountId,
  name: string,
  items: readonly StatusItem[],
): Promise<readonly StatusValue[]> {
  const mailbox = await refusing(store.mailbox(account, name))
  if (mailbox === undefined || mailbox.noSelect) throw refusals.noMailbox()
  const deleted = items.includes('DELETED') ? await countDeleted(store, mailbox) : 0
  return items.map((item) => [item, item === 'DELETED' ? deleted : valueOf(mailbox, item)])
}

function valueOf(mailbox: Mailbox, item: Exclude<StatusItem, 'DELETED'>): number {
  switch (item) {
    case 'MESSAGES':
      return mailbox.messages
    case 'RECENT':
      return mailbox.recent
    case 'UIDNEXT':
      return mailbox.uidNext
    case 'UIDVALIDITY':
      return mailbox.uidValidity
    case 'UNSEEN':
      return mailbox.unseen
    case 'SIZE':
      return mailbox.size
    case 'HIGHESTMODSEQ':
      return mailbox.highestModseq
  }
}

/** RFC 9051 §6.3.11. Asked seldom, so it is counted and not kept. */
async function countDeleted(store: MailStore, mailbox: Mailbox): Promise<number> {
  const { rows } = await refusing(store.open(mailbox.id))
  return rows.filter(({ flags }) => flags.includes('\\Deleted')).length
}
