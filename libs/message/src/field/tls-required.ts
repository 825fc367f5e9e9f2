import type { HeaderBlock } from '../header-block.ts'

/**
 * Whether the sender would rather have his message arrive without TLS than not at all: exactly one `TLS-Required: No`
 * (RFC 8689 §3). Any other value says nothing, and two of them contradict the standard and so each other.
 */
export function isTlsOptional(header: HeaderBlock): boolean {
  const [field, ...others] = header.findAll('tls-required')
  return field !== undefined && others.length === 0 && field.value.toLowerCase() === 'no'
}
