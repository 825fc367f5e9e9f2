import { replies, type ReversePath } from '@cartero/smtp'
import { ReplyError, type RcptCommand } from '@cartero/smtp/server'
import { parseDomain, type Mailbox } from '@cartero/syntax'
import type { SubmissionPolicy } from './submission-policy.ts'

type Qualification = Pick<SubmissionPolicy, 'unqualifiedDomains' | 'qualifyWith'>

/**
 * Every domain of the envelope is fully qualified: `tim@sales` means nothing to other hosts. Only single labels are
 * expanded, because nobody can tell whether `tim@eu.sales` is complete. Throws ReplyError.
 */
// RFC 6409 §4.2
export function qualifiedSender(path: ReversePath, policy: Qualification): ReversePath {
  if (path === undefined || isQualified(path)) return path
  return qualified(path, policy) ?? refuse(replies.unqualifiedSender)
}

// RFC 6409 §4.2
export function qualifiedRecipient(
  path: RcptCommand['forwardPath'],
  policy: Qualification,
): RcptCommand['forwardPath'] {
  if (path === 'postmaster' || isQualified(path)) return path
  return qualified(path, policy) ?? refuse(replies.unqualifiedRecipient)
}

function isQualified({ domain, literal }: Mailbox): boolean {
  return literal !== undefined || domain.includes('.')
}

function qualified(
  mailbox: Mailbox,
  { unqualifiedDomains, qualifyWith }: Qualification,
): Mailbox | undefined {
  if (unqualifiedDomains === 'accept') return mailbox
  if (unqualifiedDomains === 'refuse' || qualifyWith === undefined) return undefined
  const domain = parseDomain(`${mailbox.domain}.${qualifyWith}`)
  return domain && { ...mailbox, domain }
}

function refuse(reply: ConstructorParameters<typeof ReplyError>[0]): never {
  throw new ReplyError(reply)
}
