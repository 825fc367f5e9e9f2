import { decodeCharset } from '../codec/charset.ts'
import { hexDigit } from '../codec/hex-digit.ts'
import { octetsOf, textOf, type OctetString } from '../octet-string.ts'
import { EQUALS, PERCENT, QUOTE, SEMICOLON } from '../octets.ts'
import { decodeEncodedWords } from './encoded-word.ts'
import { FieldScanner } from './field-scanner.ts'
import { joinContinuations } from './parameter-continuation.ts'

/**
 * Parameters in order, names in lower case (RFC 2045 §5.1). Continuations are joined (RFC 2231 §3). A value with charset
 * (§4) keeps the asterisk in its name and its form `charset'language'text`: the octets that BODYSTRUCTURE shows.
 */
export type FieldParameters = readonly (readonly [name: string, value: OctetString])[]

/** Parameters of one field that are read, continuations included: a file name of 60 pieces still comes out whole. */
export const MOST_PARAMETERS = 100

/** Reads `*(";" attribute "=" value)`; what is neither is passed over. */
export function parseParameters(scanner: FieldScanner, most: number = MOST_PARAMETERS): FieldParameters {
  const parameters: [string, OctetString][] = []
  let hasContinuation = false
  for (;;) {
    scanner.cfws()
    scanner.skipTo(SEMICOLON)
    while (scanner.octet(SEMICOLON) || scanner.cfws());
    if (scanner.atEnd || parameters.length === most) break
    const next = readParameter(scanner)
    if (next === undefined) continue
    parameters.push(next)
    hasContinuation ||= next[0].includes('*')
  }
  return hasContinuation ? joinContinuations(parameters) : parameters
}

function readParameter(scanner: FieldScanner): [string, OctetString] | undefined {
  const name = scanner.token()
  scanner.cfws()
  if (name === undefined || !scanner.octet(EQUALS)) return undefined
  scanner.cfws()
  const value = scanner.peek() === QUOTE ? scanner.quotedString() : scanner.bareValue()
  return [name.toLowerCase(), value ?? '']
}

/** The value of that name as it stands; with several, the first counts. */
export function parameter(parameters: FieldParameters, name: string): OctetString | undefined {
  return parameters.find(([candidate]) => candidate === name)?.[1]
}

// RFC 2047 §5 deviation: encoded-words are decoded in parameters too, since half of all mailers write them there.

/** What a person would read; the form of RFC 2231 §4 comes first. */
export function parameterText(parameters: FieldParameters, name: string): string | undefined {
  const extended = parameter(parameters, `${name}*`)
  if (extended !== undefined) return extendedText(extended)
  const plain = parameter(parameters, name)
  return plain === undefined ? undefined : decodeEncodedWords(plain)
}

/** RFC 2231 §4: `charset'language'percent-encoded`. */
function extendedText(value: OctetString): string {
  const quote = value.indexOf("'")
  const second = value.indexOf("'", quote + 1)
  if (quote === -1 || second === -1) return textOf(percentDecoded(value).toString('latin1'))
  const octets = percentDecoded(value.slice(second + 1))
  return decodeCharset(value.slice(0, quote), octets) ?? textOf(octets.toString('latin1'))
}

function percentDecoded(text: OctetString): Buffer {
  const octets = octetsOf(text)
  let length = 0
  for (let at = 0; at < octets.length; at++) {
    const high = octets[at] === PERCENT ? hexDigit(octets[at + 1]) : -1
    const low = high === -1 ? -1 : hexDigit(octets[at + 2])
    octets[length++] = low === -1 ? octets[at]! : (high << 4) | low
    if (low !== -1) at += 2
  }
  return octets.subarray(0, length)
}
