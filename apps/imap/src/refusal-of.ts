import { ContentStoreError } from '@cartero/content'
import { refusals } from '@cartero/imap/server'
import { MailStoreError } from '@cartero/mailstore'

/** What the client is told of a store's error; anything else is a bug and stays what it is. RFC 5530 §3 */
export function refusalOf(error: unknown): unknown {
  if (error instanceof ContentStoreError) return refusals.unavailable(error)
  if (!(error instanceof MailStoreError)) return error
  switch (error.fault) {
    case 'exists':
      return refusals.mailboxExists()
    case 'noMailbox':
      return refusals.noMailbox()
    case 'notAllowed':
      return refusals.cannot('Not allowed with this mailbox')
    case 'overQuota':
      return refusals.overQuota()
    case 'limit':
      return refusals.limit('Too many of them')
    case 'full':
    case 'unavailable':
      return refusals.unavailable(error)
  }
}

/** Waits for the store; what it throws is thrown as the client is to be told. */
export async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw refusalOf(error)
  }
}

/** As `refusing`, for a target mailbox: the client may create it and try again (RFC 3501 §6.3.11). */
export async function refusingTarget<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof MailStoreError && error.fault === 'noMailbox') throw refusals.tryCreate()
    throw refusalOf(error)
  }
}
