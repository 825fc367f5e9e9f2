import { LDH, LET_DIG, isAsciiText } from './ascii.ts'

/**
 * A domain name in its one normal form: A-labels, lower case, no trailing dot (`xn--bcher-kva.example`); or an address
 * literal in its brackets. Two equal domains are equal strings.
 */
export type Domain = string & { readonly __brand: 'Domain' }

// RFC 1035 §2.3.4
export const LABEL_OCTETS = 63
/** 255 octets on the DNS wire are 253 characters of text without a trailing dot. */
// RFC 1035 §2.3.4, RFC 5321 §4.5.3.1.2
export const DOMAIN_OCTETS = 253

/**
 * Reads a domain name; U-labels become A-labels.
 * Undefined for what no domain is, a trailing dot and an all-numeric last label included.
 */
// RFC 5321 §4.1.2, RFC 6531 §3.3
export function parseDomain(text: string): Domain | undefined {
  const ascii = isAsciiText(text) ? text.toLowerCase() : toALabels(text)
  return ascii !== undefined && isDomainName(ascii) ? (ascii as Domain) : undefined
}

/** Latin letters, digits and hyphens, as the DNS of mail wants them. `text` is ASCII. */
// RFC 5321 §4.1.2: sub-domain = Let-dig [Ldh-str]
function isDomainName(text: string): boolean {
  if (text.length === 0 || text.length > DOMAIN_OCTETS) return false
  let start = 0
  let numeric = true
  for (let i = 0; i <= text.length; i++) {
    const octet = i < text.length ? text.charCodeAt(i) : 0x2e
    if (octet === 0x2e) {
      if (!isLabel(text, start, i)) return false
      if (i < text.length) numeric = true
      start = i + 1
    } else {
      if (LDH[octet] !== 1) return false
      if (octet < 0x30 || octet > 0x39) numeric = false
    }
  }
  // `127.0.0.1` without brackets would be taken for an address by resolvers. RFC 1123 §2.1, RFC 3696 §2
  return !numeric
}

function isLabel(text: string, start: number, end: number): boolean {
  const length = end - start
  return (
    length > 0 &&
    length <= LABEL_OCTETS &&
    LET_DIG[text.charCodeAt(start)] === 1 &&
    LET_DIG[text.charCodeAt(end - 1)] === 1
  )
}

/**
 * What UTS 46 drops in silence, so that texts which differ would be one name, and IDNA 2008 refuses. Joiners are letters of
 * some scripts and stay.
 */
// RFC 5891 §4
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}--[\u200c\u200d]]/v

/** `bücher.example` → `xn--bcher-kva.example`, by UTS 46 as browsers do it (RFC 5891 §4, RFC 5895). */
function toALabels(text: string): string | undefined {
  // The URL parser would take these for the end of the host.
  if (/[\s/\\?#@:%[\]]/u.test(text)) return undefined
  if (INVISIBLE.test(text)) return undefined
  return URL.parse(`http://${text}/`)?.hostname
}
