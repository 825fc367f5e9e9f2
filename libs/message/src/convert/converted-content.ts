import { ContentConverter, type ConversionOptions } from './content-converter.ts'
import type { Hop } from './hop.ts'

/** A message in one piece, or as it comes. */
export type MessageSource = Buffer | AsyncIterable<Uint8Array>

/**
 * The message for a hop that carries 7bit only (RFC 6152 §3, RFC 2045 §6): eight-bit and binary text as
 * quoted-printable, everything else as base64, headers in ASCII. What is encoded already, and what fits, stays as it
 * is; so do signed and encrypted parts, and if those do not fit, a ConversionError is thrown. Decoding gives back the
 * original octets.
 */
export function to7Bit(source: Buffer, options?: ConversionOptions): Buffer
export function to7Bit(source: AsyncIterable<Uint8Array>, options?: ConversionOptions): AsyncIterable<Buffer>
export function to7Bit(source: MessageSource, options?: ConversionOptions): Buffer | AsyncIterable<Buffer>
export function to7Bit(source: MessageSource, options?: ConversionOptions): Buffer | AsyncIterable<Buffer> {
  return converted(source, '7bit', options)
}

/**
 * The same for a hop with 8BITMIME and without BINARYMIME (RFC 3030 §3): only NULs, bare line ends and long lines are
 * encoded away.
 */
export function to8Bit(source: Buffer, options?: ConversionOptions): Buffer
export function to8Bit(source: AsyncIterable<Uint8Array>, options?: ConversionOptions): AsyncIterable<Buffer>
export function to8Bit(source: MessageSource, options?: ConversionOptions): Buffer | AsyncIterable<Buffer>
export function to8Bit(source: MessageSource, options?: ConversionOptions): Buffer | AsyncIterable<Buffer> {
  return converted(source, '8bit', options)
}

function converted(
  source: MessageSource,
  hop: Hop,
  options?: ConversionOptions,
): Buffer | AsyncIterable<Buffer> {
  if (!Buffer.isBuffer(source)) return convertedStream(source, hop, options)
  const converter = new ContentConverter(hop, options)
  return Buffer.concat([converter.write(source), converter.end()])
}

async function* convertedStream(
  source: AsyncIterable<Uint8Array>,
  hop: Hop,
  options?: ConversionOptions,
): AsyncGenerator<Buffer> {
  const converter = new ContentConverter(hop, options)
  for await (const { buffer, byteOffset, byteLength } of source) {
    const octets = converter.write(Buffer.from(buffer, byteOffset, byteLength))
    if (octets.length > 0) yield octets
  }
  const rest = converter.end()
  if (rest.length > 0) yield rest
}
