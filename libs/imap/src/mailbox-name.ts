/**
 * Mailbox names on the wire. Inside they are Unicode with `/` between levels and INBOX spelled `INBOX`.
 * Before IMAP4rev2 or UTF8=ACCEPT they travel in modified UTF-7 (RFC 3501 §5.1.3).
 */
export const DELIMITER = '/'

const AMPERSAND = 0x26
const UTF8 = new TextDecoder('utf-8', { fatal: true })
const UTF16 = new TextDecoder('utf-16be', { fatal: true })

/** The Unicode name, or undefined when the octets are not well-formed. */
export function decodeMailboxName(octets: Buffer, utf8: boolean): string | undefined {
  const name = utf8 ? fromUtf8(octets) : fromModifiedUtf7(octets)
  return name === undefined ? undefined : canonicalName(name)
}

/** The octets for a Unicode name, as text with one character an octet. */
export function encodeMailboxName(name: string, utf8: boolean): string {
  return utf8 ? Buffer.from(name, 'utf8').toString('latin1') : toModifiedUtf7(name)
}

/** Of ASCII only: `ınbox` with a dotless i is a name of its own. */
const INBOX = /^inbox(?=\/|$)/i

/** INBOX is INBOX in any case, also as a parent (RFC 3501 §5.1, RFC 9051 §5.1); the rest is normalized to NFC. */
export function canonicalName(name: string): string {
  return name.normalize('NFC').replace(INBOX, 'INBOX')
}

function fromUtf8(octets: Buffer): string | undefined {
  try {
    return UTF8.decode(octets)
  } catch {
    return undefined
  }
}

// RFC 3501 §5.1.3
function fromModifiedUtf7(octets: Buffer): string | undefined {
  let name = ''
  for (let at = 0; at < octets.length;) {
    const shift = octets.indexOf(AMPERSAND, at)
    const plain = octets.subarray(at, shift === -1 ? octets.length : shift)
    if (!isPrintable(plain)) return undefined
    name += plain.toString('latin1')
    if (shift === -1) break
    const end = octets.indexOf('-', shift + 1)
    const shifted = end === -1 ? undefined : decodeShifted(octets.toString('latin1', shift + 1, end))
    if (shifted === undefined) return undefined
    name += shifted
    at = end + 1
  }
  return name
}

function isPrintable(octets: Buffer): boolean {
  return octets.every((octet) => octet >= 0x20 && octet <= 0x7e)
}

/** What stands between `&` and `-`: nothing for `&` itself, else UTF-16 in base64 with `,` for `/`. */
function decodeShifted(base64: string): string | undefined {
  if (base64 === '') return '&'
  for (let i = 0; i < base64.length; i++) {
    if (!isModifiedBase64(base64.charCodeAt(i))) return undefined
  }
  const utf16 = Buffer.from(base64.replaceAll(',', '/'), 'base64')
  if (utf16.length === 0 || utf16.length % 2 !== 0) return undefined
  try {
    return UTF16.decode(utf16)
  } catch {
    return undefined
  }
}

function isModifiedBase64(code: number): boolean {
  const letter = code | 0x20
  return (
    (letter >= 0x61 && letter <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2c
  )
}

function toModifiedUtf7(name: string): string {
  let octets = ''
  let special = ''
  for (let i = 0; i <= name.length; i++) {
    const code = i < name.length ? name.charCodeAt(i) : 0x20
    if (code < 0x20 || code > 0x7e) {
      special += name[i]!
      continue
    }
    if (special !== '') octets += encodeShifted(special)
    special = ''
    if (i < name.length) octets += code === AMPERSAND ? '&-' : name[i]!
  }
  return octets
}

function encodeShifted(text: string): string {
  const base64 = Buffer.from(text, 'utf16le').swap16().toString('base64')
  return `&${base64.replaceAll('=', '').replaceAll('/', ',')}-`
}
