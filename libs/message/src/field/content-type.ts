import { SLASH } from '../octets.ts'
import { FieldScanner } from './field-scanner.ts'
import { parseParameters, type FieldParameters } from './parameters.ts'

/** A media type (RFC 2045 §5.1); type and subtype are in lower case. */
export interface ContentType {
  readonly type: string
  readonly subtype: string
  readonly parameters: FieldParameters
}

/** RFC 2045 §5.2: what a part is that does not say so. */
export const DEFAULT_CONTENT_TYPE: ContentType = {
  type: 'text',
  subtype: 'plain',
  parameters: [['charset', 'us-ascii']],
}

/** The value of Content-Type, or undefined when it has no `type/subtype`; then the default applies (RFC 2045 §5.2). */
export function parseContentType(value: Buffer, mostParameters?: number): ContentType | undefined {
  const scanner = new FieldScanner(value)
  scanner.cfws()
  const type = scanner.token()
  scanner.cfws()
  if (type === undefined || !scanner.octet(SLASH)) return undefined
  scanner.cfws()
  const subtype = scanner.token()
  if (subtype === undefined) return undefined
  const parameters = parseParameters(scanner, mostParameters)
  return { type: type.toLowerCase(), subtype: subtype.toLowerCase(), parameters }
}
