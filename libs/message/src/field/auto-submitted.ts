import { FieldScanner } from './field-scanner.ts'

/**
 * The keyword of Auto-Submitted in lower case (RFC 3834 §5): `no`, `auto-generated`, `auto-replied`, `auto-notified` or a
 * later one; undefined when there is none. Whoever answers automatically answers only to `no` and to messages without the field.
 */
export function parseAutoSubmitted(value: Buffer): string | undefined {
  const scanner = new FieldScanner(value)
  scanner.cfws()
  return scanner.token()?.toLowerCase()
}
