import { HeaderBlock } from '../header-block.ts'
import { CR, LF } from '../octets.ts'

/** What a header is to say of its body from now on; what is undefined stays as it is. */
export interface MimeFields {
  readonly encoding?: string | undefined
  readonly contentType?: string | undefined
  readonly mimeVersion?: boolean | undefined
}

const BLANK_LINE = Buffer.from('\r\n')
const SUBSTITUTE = 0x3f

/** A header of which every field can be read, limits included; of others nothing can be changed. */
export function isReadable(header: Buffer): boolean {
  const { truncated, bodyStart } = HeaderBlock.parse(header)
  return !truncated && bodyStart === header.length
}

/**
 * The header with these fields: Content-Transfer-Encoding where it stood (others of that name go), missing ones behind
 * the last field, and a blank line at its end.
 */
export function withMimeFields(header: Buffer, fields: MimeFields): Buffer {
  const { encoding, contentType, mimeVersion = false } = fields
  const block = HeaderBlock.parse(header)
  const pieces: Buffer[] = []
  let isEncodingTold = encoding === undefined
  for (const field of block.fields) {
    if (encoding === undefined || !field.is('content-transfer-encoding')) pieces.push(field.raw)
    else if (!isEncodingTold) {
      pieces.push(Buffer.from(`${field.name}: ${encoding}\r\n`))
      isEncodingTold = true
    }
  }
  if (mimeVersion && block.find('mime-version') === undefined)
    pieces.push(Buffer.from('MIME-Version: 1.0\r\n'))
  if (contentType !== undefined) pieces.push(Buffer.from(`Content-Type: ${contentType}\r\n`))
  if (!isEncodingTold) pieces.push(Buffer.from(`Content-Transfer-Encoding: ${encoding}\r\n`))
  return Buffer.concat([...pieces.map(endedLine), BLANK_LINE])
}

/** A field at the end of the octets may lack its line end. */
function endedLine(field: Buffer): Buffer {
  return field.at(-1) === LF ? field : Buffer.concat([field, BLANK_LINE])
}

/** Every line ends in CRLF; a CR elsewhere and a NUL, which nothing in a header may be, become `?` (RFC 5322 §2.2). */
export function canonicalHeader(header: Buffer): Buffer {
  const canonical = Buffer.allocUnsafe(2 * header.length)
  let length = 0
  for (let at = 0; at < header.length; at++) {
    const octet = header[at]!
    if (octet === LF && header[at - 1] !== CR) canonical[length++] = CR
    const isStray = octet === 0 || (octet === CR && header[at + 1] !== LF)
    canonical[length++] = isStray ? SUBSTITUTE : octet
  }
  return canonical.subarray(0, length)
}
