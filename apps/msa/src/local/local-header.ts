import {
  addressSpecOf,
  completedAddresses,
  HeaderBlock,
  mailboxesOf,
  parseAddressList,
  textOf,
  type HeaderEnd,
} from '@cartero/message'
import type { Domain } from '@cartero/syntax'

export interface LocalAuthor {
  /** Stands behind local parts that have no domain. */
  readonly home: Domain
  /** With domain; '' is the null path. */
  readonly sender: string
  readonly fullName?: string | undefined
  readonly dropsBlindCopies: boolean
}

const CRLF = '\r\n'

/**
 * What becomes of the beginning of a message, up to where its body begins: addresses get the domain that programs leave out, and a
 * From is added. `octets` go on to `end.bodyStart` at least. A header that lacks its empty line gets one.
 */
export function localHeader(octets: Buffer, end: HeaderEnd, author: LocalAuthor): Buffer {
  const { home, sender, fullName, dropsBlindCopies } = author
  const block = HeaderBlock.parse(octets.subarray(0, end.fieldsEnd))
  const kept = dropsBlindCopies
    ? block.fields.filter((field) => !BLIND.some((name) => field.is(name)))
    : block.fields
  const completed = completedAddresses(Buffer.concat(kept.map(({ raw }) => raw)), {
    qualifyWith: home,
    keepLabels: true,
  })
  const from = block.find('From') === undefined && sender !== '' ? fromField(sender, fullName) : ''
  const separator = end.reason === 'blankLine' ? '' : CRLF
  return Buffer.concat([Buffer.from(from), completed, Buffer.from(separator), octets.subarray(end.fieldsEnd)])
}

const BLIND = ['bcc', 'resent-bcc']
const NAMED = ['to', 'cc', 'bcc']

/** Whom the header names as recipients; those of the last resending alone when there was one. */
// RFC 5322 §3.6.3
export function headerRecipients(octets: Buffer, end: HeaderEnd): readonly string[] {
  const { fields } = HeaderBlock.parse(octets.subarray(0, end.fieldsEnd))
  const resent = lastResending(fields).filter((field) => NAMED.some((name) => field.is(`resent-${name}`)))
  const naming = resent.length > 0 ? resent : fields.filter((field) => NAMED.some((name) => field.is(name)))
  return naming.flatMap(({ rawValue }) => addressesIn(rawValue))
}

/** Each resending puts its fields in front, together and each of them once. */
// RFC 5322 §3.6.6
function lastResending(fields: HeaderBlock['fields']): HeaderBlock['fields'] {
  const names = fields.map(({ name }) => name.toLowerCase())
  const start = names.findIndex((name) => name.startsWith('resent-'))
  if (start === -1) return []
  let end = start
  while (names[end]?.startsWith('resent-') && names.indexOf(names[end]!, start) === end) end++
  return fields.slice(start, end)
}

/** Each address as `local@domain`, or `local` when it has no domain. */
export function addressesIn(list: Buffer): readonly string[] {
  return mailboxesOf(parseAddressList(list)).map((mailbox) => textOf(addressSpecOf(mailbox)))
}

// RFC 5322 §3.6.2
function fromField(sender: string, fullName: string | undefined): string {
  const name = fullName?.replaceAll(/\p{Cc}/gu, '').trim() ?? ''
  if (name === '') return `From: ${sender}${CRLF}`
  return `From: "${name.replaceAll(/["\\]/g, '\\$&')}" <${sender}>${CRLF}`
}
