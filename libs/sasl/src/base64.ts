import { MAX_RESPONSE_LINE } from './mechanism.ts'

const EQUALS = 0x3d

/**
 * Decodes base64 and nothing that merely resembles it: no whitespace, no other alphabet, no missing padding, no stray
 * bits in the last group; undefined otherwise. RFC 4648 §3.5, RFC 4954 §4
 */
export function decodeBase64(line: Buffer): Buffer | undefined {
  if (line.length > MAX_RESPONSE_LINE || line.length % 4 !== 0) return undefined
  const text = line.toString('latin1')
  const octets = Buffer.from(text, 'base64')
  return octets.toString('base64') === text ? octets : undefined
}

/** Decodes an initial response, where a lone `=` stands for no octets at all. RFC 4954 §4, RFC 4959 §3 */
export function decodeInitialResponse(argument: Buffer): Buffer | undefined {
  if (argument.length === 1 && argument[0] === EQUALS) return Buffer.alloc(0)
  return argument.length === 0 ? undefined : decodeBase64(argument)
}
