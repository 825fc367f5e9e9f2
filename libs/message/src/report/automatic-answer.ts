import { addressSpecOf, mailboxesOf, parseAddressList } from '../field/address-list.ts'
import { parseAutoSubmitted } from '../field/auto-submitted.ts'
import { parseContentType } from '../field/content-type.ts'
import { FieldNames } from '../field-names.ts'
import type { HeaderBlock } from '../header-block.ts'
import { textOf } from '../octet-string.ts'

/** Why a message must not be answered by a machine. */
export type NoAnswerReason =
  | 'null sender'
  | 'automatic'
  | 'list'
  | 'bulk'
  | 'role sender'
  | 'report'
  | 'own address'
  | 'suppressed'
  | 'not addressed'

export type AnswerDecision = { readonly may: true } | { readonly may: false; readonly reason: NoAnswerReason }

export interface AnswerContext {
  /** Our own addresses, aliases included: mail from them is not answered. */
  readonly self?: readonly string[]
  /** A personal responder answers only to those who wrote to one of `self` by name (RFC 3834 §2). */
  readonly personal?: boolean
}

// RFC 2369, RFC 2919
const LIST_FIELDS = new FieldNames([
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
  'mailing-list',
  'x-mailing-list',
])

/** Senders that are no persons (RFC 3834 §2), by local part. */
const ROLE =
  /^(?:owner-.*|.*-(?:request|owner|bounces?)|mailer-daemon|postmaster|listserv|majordomo|no-?reply|do-?not-?reply|bounces?(?:[+-].*)?)$/i

const RECIPIENT_FIELDS = ['to', 'cc', 'bcc', 'resent-to', 'resent-cc', 'resent-bcc']

/**
 * Whether a machine may answer this message, and why not (RFC 3834 §2). How often it answers the same sender is for
 * others to remember.
 */
export function mayAnswerAutomatically(
  header: HeaderBlock,
  reversePath: string,
  { self = [], personal = false }: AnswerContext = {},
): AnswerDecision {
  const reason =
    senderReason(reversePath, self) ??
    headerReason(header) ??
    (personal ? addressReason(header, self) : undefined)
  return reason === undefined ? { may: true } : { may: false, reason }
}

function senderReason(reversePath: string, self: readonly string[]): NoAnswerReason | undefined {
  if (reversePath === '') return 'null sender'
  if (self.some((address) => isSame(address, reversePath))) return 'own address'
  return ROLE.test(reversePath.slice(0, reversePath.lastIndexOf('@'))) ? 'role sender' : undefined
}

function headerReason(header: HeaderBlock): NoAnswerReason | undefined {
  const submitted = header.findAll('auto-submitted').map((field) => parseAutoSubmitted(field.rawValue))
  // RFC 3834 §5: whatever it says, but for `no`.
  if (submitted.some((keyword) => keyword !== undefined && keyword !== 'no')) return 'automatic'
  if (header.fields.some((field) => LIST_FIELDS.find(field.bytes, field.start, field.nameEnd) !== undefined))
    return 'list'
  if (header.findAll('precedence').some((field) => /^\s*(?:bulk|list|junk)\b/i.test(field.value)))
    return 'bulk'
  if (
    header.findAll('x-auto-response-suppress').some((field) => /\b(?:all|oof|autoreply)\b/i.test(field.value))
  )
    return 'suppressed'
  const type = header.find('content-type')
  const parsed = type && parseContentType(type.rawValue)
  return parsed?.type === 'multipart' && parsed.subtype === 'report' ? 'report' : undefined
}

function addressReason(header: HeaderBlock, self: readonly string[]): NoAnswerReason | undefined {
  const named = RECIPIENT_FIELDS.flatMap((name) => header.findAll(name))
    .flatMap((field) => mailboxesOf(parseAddressList(field.rawValue)))
    .map((mailbox) => textOf(addressSpecOf(mailbox)))
  return self.some((address) => named.some((other) => isSame(address, other))) ? undefined : 'not addressed'
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
