import { formatIpv6, parseIpv4, parseIpv6 } from '@cartero/wire'
import { DCONTENT, LDH, LET_DIG } from './ascii.ts'
import type { Domain } from './domain.ts'

/** What stands between the brackets where a domain may stand. */
// RFC 5321 §4.1.3
export type AddressLiteral =
  /** `[192.0.2.1]` */
  | { readonly kind: 'ipv4'; readonly address: string }
  /** `[IPv6:2001:db8::1]`; the address is in the form of RFC 5952 §4. */
  | { readonly kind: 'ipv6'; readonly address: string }
  /** `[tag:content]`, with a tag that has yet to be standardised. */
  | { readonly kind: 'general'; readonly tag: string; readonly content: string }

/** The longest literal that is read: `IPv6:` and 45 characters fit well; the rest is for tags to come. */
export const ADDRESS_LITERAL_OCTETS = 255

/** Reads `[…]` with its brackets, or undefined. */
// RFC 5321 §4.1.3
export function parseAddressLiteral(text: string): AddressLiteral | undefined {
  if (text.length > ADDRESS_LITERAL_OCTETS || !text.startsWith('[') || !text.endsWith(']')) return undefined
  const inner = text.slice(1, -1)
  const colon = inner.indexOf(':')
  if (colon === -1) return parseIpv4(inner) === undefined ? undefined : { kind: 'ipv4', address: inner }
  const tag = inner.slice(0, colon)
  const content = inner.slice(colon + 1)
  if (tag.toLowerCase() === 'ipv6') {
    const groups = parseIpv6(content)
    return groups && { kind: 'ipv6', address: formatIpv6(groups) }
  }
  return isTag(tag) && isDcontent(content) ? { kind: 'general', tag, content } : undefined
}

/** The literal with its brackets, in normal form, which serves as a domain. */
export function formatAddressLiteral(literal: AddressLiteral): Domain {
  switch (literal.kind) {
    case 'ipv4':
      return `[${literal.address}]` as Domain
    case 'ipv6':
      return `[IPv6:${literal.address}]` as Domain
    case 'general':
      return `[${literal.tag}:${literal.content}]` as Domain
  }
}

// RFC 5321 §4.1.3: Standardized-tag = Ldh-str
function isTag(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (LDH[text.charCodeAt(i)] !== 1) return false
  return text.length > 0 && LET_DIG[text.charCodeAt(text.length - 1)] === 1
}

function isDcontent(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (DCONTENT[text.charCodeAt(i)] !== 1) return false
  return text.length > 0
}
