import { isAsciiText, parseDomain } from '@cartero/syntax'
import { addressSpecOf, parseAddressList, type Group, type Mailbox } from '../field/address-list.ts'
import { textOf, type OctetString } from '../octet-string.ts'
import { FieldWriter } from './field-writer.ts'
import { addText, isEncodedWord } from './unstructured.ts'

// RFC 5322 §3.2.3
const ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/

/**
 * From, To, Cc and their like in ASCII (RFC 6857 §3.1.7, §3.1.8): names become encoded-words, domains A-labels. An
 * address whose local part is not ASCII cannot be written; it becomes a group without members that is named after it.
 * Comments are lost.
 */
export function downgradedAddresses(name: string, value: Buffer): Buffer {
  const writer = new FieldWriter(name)
  // Every address has an octet at least, so that none is dropped.
  const list = parseAddressList(value, value.length)
  for (const [index, entry] of list.entries()) {
    const end = index === list.length - 1 ? '' : ','
    if ('group' in entry) addGroup(writer, entry, end)
    else addMailbox(writer, entry, end)
  }
  return writer.end()
}

/** The address in ASCII, or undefined when it has no such form. */
function asciiAddress(mailbox: Mailbox): OctetString | undefined {
  if (!isAsciiText(mailbox.mailbox)) return undefined
  if (isAsciiText(mailbox.host)) return addressSpecOf(mailbox)
  const host = parseDomain(textOf(mailbox.host))
  return host && addressSpecOf({ mailbox: mailbox.mailbox, host })
}

function addMailbox(writer: FieldWriter, mailbox: Mailbox, end: string): void {
  const { name = '' } = mailbox
  const address = asciiAddress(mailbox)
  if (address === undefined) addNamelessGroup(writer, name, addressSpecOf(mailbox), end)
  else if (name === '') writer.add(`${address}${end}`)
  else {
    addPhrase(writer, name)
    writer.add(`<${address}>${end}`)
  }
}

function addGroup(writer: FieldWriter, { group, members }: Group, end: string): void {
  const addresses = members.map(asciiAddress)
  if (addresses.includes(undefined)) {
    addNamelessGroup(writer, group, members.map(addressSpecOf).join(', '), end)
    return
  }
  addPhrase(writer, group)
  writer.add(':', '')
  for (const [index, member] of members.entries())
    addMailbox(writer, member, index === members.length - 1 ? '' : ',')
  writer.add(`;${end}`, '')
}

/** RFC 6857 §3.1.8: `name =?utf-8?Q?address?= :;`. */
function addNamelessGroup(writer: FieldWriter, name: OctetString, addresses: OctetString, end: string): void {
  if (name !== '') addPhrase(writer, name)
  // Two encoded-words in a row are read without the white space between them.
  const followsWord = name !== '' && !isAsciiPhrase(name)
  writer.addEncoded(followsWord ? ` ${addresses}` : addresses)
  writer.add(`:;${end}`)
}

/** RFC 5322 §3.2.5: a display-name. */
function addPhrase(writer: FieldWriter, name: OctetString): void {
  if (isAsciiPhrase(name)) writer.add(name)
  else if (/^[\x20-\x7e]*$/.test(name)) writer.add(`"${name.replace(/["\\]/g, '\\$&')}"`)
  else addText(writer, ` ${name}`, (word) => !ATOM.test(word))
}

function isAsciiPhrase(name: OctetString): boolean {
  return name.split(' ').every((word) => ATOM.test(word) || isEncodedWord(word))
}
