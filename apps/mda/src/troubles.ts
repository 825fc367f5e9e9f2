import { ContentStoreError } from '@cartero/content'
import { MailStoreError, type AppendOutcome } from '@cartero/mailstore'
import { SpoolError, type DeliveryRecipient } from '@cartero/spool'
import type { RecipientResult, Trouble } from '@cartero/spool/notices'
import { enhancedStatus, type StatusDetail } from '@cartero/syntax'

const never = (detail: StatusDetail, reason: string): Trouble => ({
  kind: 'failed',
  status: enhancedStatus(5, detail),
  reason,
})

const later = (detail: StatusDetail, reason: string): Trouble => ({
  kind: 'deferred',
  status: enhancedStatus(4, detail),
  reason,
})

const PROBLEMS: Readonly<Record<NonNullable<DeliveryRecipient['problem']>, Trouble>> = {
  noSuchMailbox: never('badDestinationMailbox', 'there is no such mailbox here any more'),
  mailboxDisabled: never('mailboxDisabled', 'the mailbox is disabled'),
  aliasLoop: never('loop', 'the address leads in a circle'),
  refused: never('notAuthorised', 'this system sends no mail to that address'),
}

/** Why there is no mailbox for it; undefined when there is one. */
export function problemOf({ account, problem }: DeliveryRecipient): Trouble | undefined {
  if (problem !== undefined) return PROBLEMS[problem]
  return account === '' ? PROBLEMS.noSuchMailbox : undefined
}

/** Nobody looks at a terminal now who did when it was accepted. */
// RFC 821 §3.4
export const NOT_AT_TERMINAL: Trouble = later('otherMailbox', 'the user is not at a terminal')
export const LEFT_TERMINAL: Trouble = never('otherMailbox', 'the user is not at a terminal')

/** What the mailstore said of one copy. */
export function resultOf(outcome: AppendOutcome): RecipientResult {
  switch (outcome.kind) {
    case 'appended':
    case 'duplicate':
      return { kind: 'delivered' }
    case 'overQuota':
      return later('mailboxFull', 'the mailbox is full')
    case 'noMailbox':
      return later('otherMailbox', 'the account has no INBOX')
    case 'noAccount':
      return later('otherMailbox', 'the mailstore cannot make mailboxes for the account')
  }
}

/** Whether a store failed, which says why itself, and not we. */
export function isOfStore(error: unknown): boolean {
  return error instanceof SpoolError || error instanceof MailStoreError || error instanceof ContentStoreError
}

/** A store's trouble: nothing is lost, it comes again. */
export function troubleOf(error: unknown): Trouble {
  const isFull =
    (error instanceof MailStoreError || error instanceof ContentStoreError) && error.fault === 'full'
  return later(isFull ? 'systemFull' : 'otherSystem', error instanceof Error ? error.message : String(error))
}
