import { type Domain, formatMailbox, parseDomain, parseMailbox } from '@cartero/syntax'
import { DirectoryError } from './directory-error.ts'

/** How this installation reads local parts. It decides what the keys of the store are: do not change it later. */
export interface AddressPolicy {
  /** Stands between user and detail in a subaddress (RFC 5233); empty: there are none. */
  readonly subaddressSeparator: string
  /** Whether `Tim@` and `tim@` are two people. The standard allows it and nobody expects it. RFC 5321 §2.4 */
  readonly caseSensitive: boolean
}

export const DEFAULT_ADDRESS_POLICY: AddressPolicy = { subaddressSeparator: '+', caseSensitive: false }

/** An address in the form in which two equal ones are equal strings. */
export interface Address {
  /** As written, without quotes. */
  readonly localPart: string
  /** A-labels, lower case. */
  readonly domain: Domain
  /** The canonical form: the key in the store, and the identity of an account. */
  readonly text: string
}

/** Reads an address, or undefined when it is none. RFC 5321 §4.1.2, RFC 6531 §3.3 */
export function parseAddress(text: string, policy: AddressPolicy): Address | undefined {
  const mailbox = parseMailbox(text)
  return mailbox && addressOf(mailbox.localPart, mailbox.domain, policy)
}

export function addressOf(localPart: string, domain: Domain, policy: AddressPolicy): Address {
  const normal = localPart.normalize('NFC') // RFC 6532 §3.1
  const folded = policy.caseSensitive ? normal : normal.toLowerCase()
  return { localPart: normal, domain, text: formatMailbox({ localPart: folded, domain }) }
}

/** Of somebody elsewhere: whether capitals count there is not known here. RFC 5321 §2.4 */
export function asWritten({ localPart, domain }: Address): string {
  return formatMailbox({ localPart, domain })
}

/** Reads an address that an operator wrote; `what` names it in the error. */
export function expectAddress(text: string, what: string, policy: AddressPolicy): Address {
  const address = parseAddress(text, policy)
  if (address === undefined) {
    throw new DirectoryError('invalid', `${what} '${text}' is not an address: write it as name@example.org`)
  }
  return address
}

/** Reads a domain name that an operator wrote. */
export function expectDomain(text: string): Domain {
  const domain = parseDomain(text)
  if (domain === undefined) {
    throw new DirectoryError('invalid', `'${text}' is not a domain name: write it as example.org`)
  }
  return domain
}

/** User and detail of a subaddress, cut at the first separator; undefined when there is none. RFC 5233 §4 */
export function splitSubaddress(
  address: Address,
  policy: AddressPolicy,
): { readonly base: Address; readonly detail: string } | undefined {
  const separator = policy.subaddressSeparator
  const at = separator === '' ? -1 : address.localPart.indexOf(separator)
  if (at < 1) return undefined
  const detail = address.localPart.slice(at + separator.length)
  return { base: addressOf(address.localPart.slice(0, at), address.domain, policy), detail }
}

/** Names that every domain must answer for. RFC 5321 §4.5.1 (postmaster), RFC 2142 §2 (abuse); whatever their case. */
export function isRole(address: Address): boolean {
  const name = address.localPart.toLowerCase()
  return name === 'postmaster' || name === 'abuse'
}
