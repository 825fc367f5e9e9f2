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

/** Four numbers without leading zeros, which some libraries read as octal; or undefined. */
function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  const numbers = parts.map((part) => (/^(?:0|[1-9]\d{0,2})$/.test(part) ? Number(part) : Infinity))
  return numbers.every((number) => number <= 255) ? numbers : undefined
}

/** Eight groups of sixteen bits, or undefined. */
// RFC 4291 §2.2
function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : []
  if (head === undefined || tail === undefined) return undefined
  const zeros = 8 - head.length - tail.length
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined
  return [...head, ...Array<number>(zeros).fill(0), ...tail]
}

function parseGroups(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    const ipv4 = mayEndInIpv4 && i === parts.length - 1 && part.includes('.') ? parseIpv4(part) : undefined
    if (ipv4) groups.push(ipv4[0]! * 256 + ipv4[1]!, ipv4[2]! * 256 + ipv4[3]!)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** Lower case, the longest run of zero groups cut. */
// RFC 5952 §4
function formatIpv6(groups: readonly number[]): string {
  let start = 0
  let length = 0
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > length) [start, length] = [i, end - i]
  }
  const hex = groups.map((group) => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
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
