import { parseContentDisposition, type ContentDisposition } from '../field/content-disposition.ts'
import { DEFAULT_CONTENT_TYPE, parseContentType, type ContentType } from '../field/content-type.ts'
import { FieldScanner } from '../field/field-scanner.ts'
import { FieldNames } from '../field-names.ts'
import { HeaderBlock, type HeaderField } from '../header-block.ts'
import type { OctetString } from '../octet-string.ts'
import { COMMA } from '../octets.ts'
import { ENVELOPE_FIELDS, EnvelopeBuilder } from './envelope.ts'
import type { IndexLimits } from './index-limits.ts'
import type { Envelope } from './message-index.ts'

const NAMES = new FieldNames([
  'content-type',
  'content-transfer-encoding',
  'content-id',
  'content-description',
  'content-disposition',
  'content-language',
  'content-location',
  'content-md5',
  ...ENVELOPE_FIELDS,
])

/** What a part's header says of the part (RFC 2045 §3, RFC 2183, RFC 3282, RFC 2557, RFC 1864). */
export class PartHeader {
  /** Undefined when the part does not name it; the default when what it names is none (RFC 2045 §5.2). */
  contentType: ContentType | undefined
  encoding: string | undefined
  id: OctetString | undefined
  description: OctetString | undefined
  disposition: ContentDisposition | undefined
  language: readonly OctetString[] | undefined
  location: OctetString | undefined
  md5: OctetString | undefined
  /** Empty for a part that is not the root of a message. */
  envelope: Envelope = {}

  /** Reads the header of a part. Of a field that comes twice the first counts. */
  static parse(header: Buffer, limits: IndexLimits, isMessage: boolean): PartHeader {
    const parsed = new PartHeader()
    const envelope = isMessage ? new EnvelopeBuilder(limits.addresses) : undefined
    for (const field of HeaderBlock.parse(header, limits).fields) {
      const name = NAMES.find(field.bytes, field.start, field.nameEnd)
      if (name === undefined) continue
      if (name.startsWith('content-')) parsed.#read(name, field, limits)
      else envelope?.add(name, field)
    }
    if (envelope !== undefined) parsed.envelope = envelope.build()
    return parsed
  }

  #read(name: string, field: HeaderField, limits: IndexLimits): void {
    switch (name) {
      case 'content-type':
        this.contentType ??= parseContentType(field.rawValue, limits.parameters) ?? DEFAULT_CONTENT_TYPE
        return
      case 'content-transfer-encoding':
        this.encoding ??= tokens(field.rawValue)[0]?.toLowerCase()
        return
      case 'content-disposition':
        this.disposition ??= parseContentDisposition(field.rawValue, limits.parameters)
        return
      case 'content-language':
        this.language ??= tokens(field.rawValue)
        return
      case 'content-id':
        this.id ??= text(field)
        return
      case 'content-description':
        this.description ??= text(field)
        return
      case 'content-location':
        // RFC 2557 §4.4.2: white space within is the fold's, not the URI's.
        this.location ??= text(field)?.replace(/[ \t\r\n]+/g, '')
        return
      default:
        this.md5 ??= text(field)
    }
  }
}

function text(field: HeaderField): OctetString | undefined {
  const { value } = field
  return value === '' ? undefined : value
}

/** Tokens between commas, as in Content-Language (RFC 3282 §2). */
function tokens(value: Buffer): readonly OctetString[] {
  const scanner = new FieldScanner(value)
  const found: OctetString[] = []
  for (;;) {
    scanner.cfws()
    const token = scanner.token()
    if (token !== undefined) found.push(token)
    scanner.skipTo(COMMA)
    if (!scanner.octet(COMMA)) return found
  }
}
