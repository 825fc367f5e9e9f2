import { addressSpecOf, mailboxesOf, parseAddressList, type Mailbox } from '../field/address-list.ts'
import { parseContentType } from '../field/content-type.ts'
import type { HeaderBlock } from '../header-block.ts'
import { textOf } from '../octet-string.ts'

/** Why a report that is asked for must not be sent before the recipient has agreed (RFC 8098 §2.1). */
export type ConsentReason = 'other return path' | 'no return path' | 'several addresses'

/** A wish to hear what becomes of a message. */
export interface DispositionRequest {
  /** Where the report would go, each address once. */
  readonly to: readonly string[]
  /** Absent when nothing in the message speaks against an automatic report; the user's own wish still has to be asked. */
  readonly consentFor?: ConsentReason
}

/** Addresses of Disposition-Notification-To that are read. More than one needs consent anyway. */
const MOST_ADDRESSES = 20

/**
 * The wish of Disposition-Notification-To (RFC 8098 §2.1), or undefined when there is none that may be met: also none
 * of a report, and none that requires an option (§2.2), since we know no options. `reversePath` is that of the
 * envelope, undefined when it is not known.
 */
export function dispositionRequest(
  header: HeaderBlock,
  reversePath: string | undefined,
): DispositionRequest | undefined {
  const fields = header.findAll('disposition-notification-to')
  if (fields.length === 0 || isReport(header) || requiresOption(header)) return undefined
  const found = fields.flatMap((field) => mailboxesOf(parseAddressList(field.rawValue, MOST_ADDRESSES)))
  const to = [
    ...new Map(found.filter(({ host }) => host !== '').map((one) => [comparable(one), one])).entries(),
  ]
  if (to.length === 0) return undefined
  const addresses = to.map(([, mailbox]) => textOf(addressSpecOf(mailbox)))
  const reason = consentReason(
    to.map(([key]) => key),
    reversePath,
  )
  return reason === undefined ? { to: addresses } : { to: addresses, consentFor: reason }
}

function consentReason(keys: readonly string[], reversePath: string | undefined): ConsentReason | undefined {
  if (keys.length > 1) return 'several addresses'
  if (reversePath === undefined) return 'no return path'
  const [sender] = reversePath === '' ? [] : mailboxesOf(parseAddressList(Buffer.from(`<${reversePath}>`), 1))
  return sender !== undefined && comparable(sender) === keys[0] ? undefined : 'other return path'
}

/** RFC 8098 §2.1: local parts are compared with their case, domains without. */
function comparable(mailbox: Mailbox): string {
  return addressSpecOf({ mailbox: mailbox.mailbox, host: mailbox.host.toLowerCase() })
}

/** RFC 8098 §2: no report of a report. */
function isReport(header: HeaderBlock): boolean {
  const field = header.find('content-type')
  const type = field && parseContentType(field.rawValue)
  if (type === undefined) return false
  const isNotification = type.type === 'message' && type.subtype.endsWith('disposition-notification')
  return isNotification || (type.type === 'multipart' && type.subtype === 'report')
}

function requiresOption(header: HeaderBlock): boolean {
  return header
    .findAll('disposition-notification-options')
    .some((field) => /=\s*required\b/i.test(field.value))
}
