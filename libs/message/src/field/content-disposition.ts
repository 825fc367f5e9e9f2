import { FieldScanner } from './field-scanner.ts'
import { parseParameters, type FieldParameters } from './parameters.ts'

/** How a part wants to be shown (RFC 2183 §2); the type is in lower case. */
export interface ContentDisposition {
  readonly type: string
  readonly parameters: FieldParameters
}

/** The value of Content-Disposition, or undefined when it names no type. */
export function parseContentDisposition(
  value: Buffer,
  mostParameters?: number,
): ContentDisposition | undefined {
  const scanner = new FieldScanner(value)
  scanner.cfws()
  const type = scanner.token()
  if (type === undefined) return undefined
  return { type: type.toLowerCase(), parameters: parseParameters(scanner, mostParameters) }
}
