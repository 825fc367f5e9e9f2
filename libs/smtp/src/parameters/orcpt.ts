import {
  ATEXT,
  decodeUtf8Address,
  decodeXtext,
  encodeUtf8Address,
  encodeXtext,
  isAsciiText,
} from '@cartero/syntax'
import { isPrintable } from './printable.ts'
import type { RcptParameters } from './rcpt-parameters.ts'
import type { ParameterRow } from './row.ts'

/** Octets of the value as it stands in the command. */
// RFC 3461 §4.2
const ORIGINAL_RECIPIENT_OCTETS = 500

/** `ORCPT=<type>;<address>`: the recipient as the sender first wrote him, whatever aliases made of him since. */
// RFC 3461 §4.2, RFC 6533 §3
export const orcpt: ParameterRow<RcptParameters> = {
  keyword: 'ORCPT',
  extension: 'DSN',
  utf8: true,
  parse: (value) => {
    if (value === undefined || Buffer.byteLength(value) > ORIGINAL_RECIPIENT_OCTETS) return undefined
    const semicolon = value.indexOf(';')
    const atom = value.slice(0, Math.max(semicolon, 0))
    const type = atom.toLowerCase()
    const address = isAtom(atom) ? decodeAddress(type, value.slice(semicolon + 1)) : undefined
    return address === undefined ? undefined : { originalRecipient: `${type};${address}` }
  },
  format: ({ originalRecipient }) =>
    originalRecipient === undefined ? undefined : `ORCPT=${encodeOriginalRecipient(originalRecipient)}`,
}

function decodeAddress(type: string, text: string): string | undefined {
  if (type === 'utf-8') return decodeUtf8Address(text)
  const address = decodeXtext(text)
  return address !== undefined && isPrintable(address) ? address : undefined
}

/** Always in ASCII, which every server with DSN understands. */
function encodeOriginalRecipient(text: string): string {
  const semicolon = text.indexOf(';')
  const type = text.slice(0, semicolon)
  const address = text.slice(semicolon + 1)
  // RFC 6533 §3: an address that is not ASCII has this type, whatever it was called
  return type === 'utf-8' || !isAsciiText(address)
    ? `utf-8;${encodeUtf8Address(address)}`
    : `${type};${encodeXtext(address)}`
}

function isAtom(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (ATEXT[text.charCodeAt(i)] !== 1) return false
  // `+` and `=` are atext, but what stands here is not encoded.
  return text.length > 0 && !/[+=]/.test(text)
}
