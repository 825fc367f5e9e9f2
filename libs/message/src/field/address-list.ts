import type { OctetString } from '../octet-string.ts'
import { AddressScanner } from './address-scanner.ts'

/** One mailbox (RFC 5322 §3.4). Quoting is taken off; encoded-words are left as they are. */
export interface Mailbox {
  /** The display-name, or else the comment after the address, as mailers of old had it. */
  readonly name?: OctetString
  /** Source route without its colon, `@a,@b` (RFC 5322 §4.4). */
  readonly route?: OctetString
  /** The local part. */
  readonly mailbox: OctetString
  /** The domain, or '' when the address has none. */
  readonly host: OctetString
}

/** A named group of mailboxes, often empty: `undisclosed-recipients:;`. */
export interface Group {
  readonly group: OctetString
  readonly members: readonly Mailbox[]
}

/** Mailboxes and groups of one field that are read. A field of 256 KiB could name ten times as many. */
export const MOST_ADDRESSES = 5_000

/**
 * The addresses of From, To, Cc and their like (RFC 5322 §3.4), obsolete syntax included (§4.4), UTF-8 allowed
 * (RFC 6532 §3.2). Never throws: what is no address becomes one without a host, and separators may be missing.
 */
export function parseAddressList(value: Buffer, most: number = MOST_ADDRESSES): readonly (Mailbox | Group)[] {
  return new AddressScanner(value, most).addressList()
}

/** All mailboxes, those in groups included. */
export function mailboxesOf(list: readonly (Mailbox | Group)[]): readonly Mailbox[] {
  return list.flatMap((entry) => ('group' in entry ? entry.members : [entry]))
}

/** `local@domain`, with the local part, and what stands in a domain literal, quoted where it must be (RFC 5322 §3.4.1). */
export function addressSpecOf(mailbox: Mailbox): OctetString {
  const local = DOT_ATOM.test(mailbox.mailbox) ? mailbox.mailbox : quoted(mailbox.mailbox)
  return mailbox.host === '' ? local : `${local}@${hostOf(mailbox.host)}`
}

// RFC 5322 §4.4: obs-dtext has quoted-pairs
function hostOf(host: OctetString): OctetString {
  return host.startsWith('[') ? `[${host.slice(1, -1).replace(/[[\]\\]/g, '\\$&')}]` : host
}

const ATOM = String.raw`[^\x00-\x20\x7f()<>[\]:;@\\,."]+`
const DOT_ATOM = new RegExp(String.raw`^${ATOM}(?:\.${ATOM})*$`)

function quoted(text: OctetString): OctetString {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
