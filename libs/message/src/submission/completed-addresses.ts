import { isAsciiText, parseDomain, type Domain } from '@cartero/syntax'
import { FieldWriter } from '../downgrade/field-writer.ts'
import { isEncodedWord } from '../downgrade/unstructured.ts'
import { isAddressField } from '../field/address-fields.ts'
import {
  addressSpecOf,
  mailboxesOf,
  parseAddressList,
  type Group,
  type Mailbox,
} from '../field/address-list.ts'
import { HeaderBlock, type HeaderField } from '../header-block.ts'
import { textOf, type OctetString } from '../octet-string.ts'

/** What of an address may be completed. */
export interface Completion {
  /** Put behind domains of one label and local parts that stand alone; they stay as they are when it is absent. */
  readonly qualifyWith?: Domain
  /** Domains of one label are left alone, whatever stands behind local parts. */
  readonly keepLabels?: boolean
  /** Domains in other scripts become A-labels, which every host understands. */
  readonly aLabels?: boolean
}

/**
 * The header with its addresses completed (RFC 6409 §4.2, §8.8): `tim@sales` becomes `tim@sales.example.com`, `tim`
 * becomes `tim@example.com`. Fields in which nothing has to be completed stay octet by octet; the others are written
 * anew, without their comments.
 */
export function completedAddresses(header: Buffer, completion: Completion): Buffer {
  const block = HeaderBlock.parse(header)
  const fields = block.fields.map((field) => completedField(field, completion))
  return Buffer.concat([...fields, header.subarray(block.fieldsEnd)])
}

function completedField(field: HeaderField, completion: Completion): Buffer {
  if (!isAddressField(field)) return field.raw
  const { rawValue } = field
  const list = parseAddressList(rawValue, rawValue.length)
  if (mailboxesOf(list).every((mailbox) => completed(mailbox, completion) === mailbox)) return field.raw
  const writer = new FieldWriter(field.name)
  for (const [index, entry] of list.entries()) {
    const end = index === list.length - 1 ? '' : ','
    if ('group' in entry) addGroup(writer, entry, end, completion)
    else addMailbox(writer, completed(entry, completion), end)
  }
  return writer.end()
}

/** The same object when there is nothing to complete. */
function completed(
  mailbox: Mailbox,
  { qualifyWith, aLabels = false, keepLabels = false }: Completion,
): Mailbox {
  const { host } = mailbox
  if (host === '') return withHost(mailbox, standsAlone(mailbox) ? qualifyWith : undefined)
  if (host.startsWith('[')) return mailbox
  const domain = !aLabels || isAsciiText(host) ? host : (parseDomain(textOf(host)) ?? host)
  if (qualifyWith === undefined || keepLabels || domain.includes('.'))
    return domain === host ? mailbox : withHost(mailbox, domain)
  return withHost(mailbox, `${domain}.${qualifyWith}`)
}

/** Of several words, as in `undisclosed recipients`, nobody knows whether they are an address. */
function standsAlone({ mailbox }: Mailbox): boolean {
  return /^[^\s@"]+$/.test(mailbox)
}

function withHost(mailbox: Mailbox, host: OctetString | undefined): Mailbox {
  return host === undefined ? mailbox : { ...mailbox, host }
}

function addMailbox(writer: FieldWriter, mailbox: Mailbox, end: string): void {
  const { name = '' } = mailbox
  const address = addressSpecOf(mailbox)
  if (name === '') writer.add(`${address}${end}`)
  else writer.add(phrase(name)).add(`<${address}>${end}`)
}

function addGroup(writer: FieldWriter, { group, members }: Group, end: string, completion: Completion): void {
  writer.add(`${phrase(group)}:`)
  for (const [index, member] of members.entries())
    addMailbox(writer, completed(member, completion), index === members.length - 1 ? '' : ',')
  writer.add(`;${end}`, '')
}

// RFC 5322 §3.2.3, RFC 6532 §3.2
const ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]+$/

function phrase(name: OctetString): OctetString {
  const isPlain = name.split(' ').every((word) => ATOM.test(word) || isEncodedWord(word))
  return isPlain ? name : `"${name.replace(/["\\]/g, '\\$&')}"`
}
