import { Encoder } from '../encoder.ts'
import { encodeUntagged } from '../response.ts'

/** What is said instead of a greeting to whoever gets no session; `code` when another time may be better. */
// RFC 3501 §7.1.5, RFC 5530 §3
export function farewell(text: string, code?: 'UNAVAILABLE'): Buffer {
  const encoder = new Encoder({ utf8: false })
  encodeUntagged(encoder, { kind: 'status', status: 'BYE', text, ...(code && { code: { code } }) })
  return encoder.take()
}
