import { Base64Decoder } from '../codec/base64-decoder.ts'
import { decodeCharset } from '../codec/charset.ts'
import { hexDigit } from '../codec/hex-digit.ts'
import { octetsOf, textOf, trimmed, type OctetString } from '../octet-string.ts'
import { EQUALS } from '../octets.ts'

/** One encoded-word, not yet in characters: neighbours may have cut a character in two. */
interface Word {
  readonly charset: string
  readonly octets: Buffer
  /** As it stands in the field, for the case that we do not know the charset. */
  readonly raw: OctetString
}

// RFC 2047 §2; the language is of RFC 2231 §5. Longer than 75 octets, and with spaces in it, is read too: mailers write that.
const ENCODED_WORD = /=\?([^?*\s]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*)\?=/g

/**
 * The readable text of an unstructured field or a display-name (RFC 2047). White space between neighbouring encoded-words
 * goes, and neighbours of one charset are decoded together. What is no encoded-word, or of a charset we cannot read, stays.
 */
export function decodeEncodedWords(octets: OctetString): string {
  if (!octets.includes('=?')) return textOf(octets)
  let text = ''
  let end = 0
  let neighbours: Word[] = []
  for (const match of octets.matchAll(ENCODED_WORD)) {
    const between = octets.slice(end, match.index)
    if (neighbours.length === 0 || trimmed(between) !== '') {
      text += wordsText(neighbours) + textOf(between)
      neighbours = []
    }
    end = match.index + match[0].length
    neighbours.push(readWord(match))
  }
  return text + wordsText(neighbours) + textOf(octets.slice(end))
}

function readWord([raw, charset, encoding, encoded]: RegExpMatchArray): Word {
  const octets =
    encoding!.toLowerCase() === 'b' ? new Base64Decoder().write(octetsOf(encoded!)) : decodeQ(encoded!)
  return { charset: charset!.toLowerCase(), octets, raw }
}

/** RFC 2047 §4.2: underscore is a space, in whatever charset. */
function decodeQ(encoded: OctetString): Buffer {
  const octets = octetsOf(encoded.replaceAll('_', ' '))
  let length = 0
  for (let at = 0; at < octets.length; at++) {
    const high = octets[at] === EQUALS ? hexDigit(octets[at + 1]) : -1
    const low = high === -1 ? -1 : hexDigit(octets[at + 2])
    octets[length++] = low === -1 ? octets[at]! : (high << 4) | low
    if (low !== -1) at += 2
  }
  return octets.subarray(0, length)
}

function wordsText(words: readonly Word[]): string {
  let text = ''
  for (let at = 0; at < words.length;) {
    const start = at
    const { charset } = words[start]!
    while (words[at]?.charset === charset) at++
    const run = words.slice(start, at)
    text +=
      decodeCharset(charset, Buffer.concat(run.map((word) => word.octets))) ??
      run.map((word) => word.raw).join(' ')
  }
  return text
}
