import { decodeUtf8 } from '@cartero/syntax'
import { octetClass } from '@cartero/wire'
import { octetsOf, type OctetString } from '../octet-string.ts'
import { SPACE } from '../octets.ts'

/** RFC 2047 §2: an encoded-word has at most 75 characters, and a line with one at most 76. */
const LONGEST_WORD = 75
export const LINE_LENGTH = 76

/** RFC 2047 §5 rule 3, which is fit for a phrase and so for a comment and for text, too. */
const SAFE = octetClass('!*+-/', ['0', '9'], ['A', 'Z'], ['a', 'z'])

/** RFC 1428: the honest name of what is eight-bit and not UTF-8. */
export const UNKNOWN_CHARSET = 'unknown-8bit'

/** `utf-8`, or what is said of octets that are none. */
function charsetOf(octets: OctetString): string {
  return decodeUtf8(octetsOf(octets)) === undefined ? UNKNOWN_CHARSET : 'utf-8'
}

/**
 * Encoded-words that say these octets (RFC 2047 §4): in Q where that can be read, else in B. Characters are never cut.
 * `firstRoom` are the columns that are left in the line; the other words stand in lines of their own.
 */
export function encodedWords(octets: OctetString, firstRoom: number = LONGEST_WORD): readonly string[] {
  const charset = charsetOf(octets)
  const characters =
    charset === 'utf-8' ? charactersOf(octets) : octetsOf(octets).toString('latin1').split('')
  const isB = 2 * characters.filter((character) => character.charCodeAt(0) >= 0x80).length > characters.length
  const overhead = `=?${charset}?Q??=`.length
  const words: string[] = []
  let room = Math.min(LONGEST_WORD, firstRoom) - overhead
  let text = ''
  for (const character of characters) {
    const longer = text + character
    if (text !== '' && (isB ? lengthInB(longer) : lengthInQ(longer)) > room) {
      words.push(encodedWord(text, charset, isB))
      room = LONGEST_WORD - overhead
      text = character
    } else text = longer
  }
  if (text !== '') words.push(encodedWord(text, charset, isB))
  return words
}

function encodedWord(text: OctetString, charset: string, isB: boolean): string {
  return `=?${charset}?${isB ? `B?${octetsOf(text).toString('base64')}` : `Q?${inQ(text)}`}?=`
}

/** UTF-8 octets, a character each. */
function charactersOf(octets: OctetString): readonly OctetString[] {
  return octets.match(/[^\xc0-\xff]|[\xc0-\xff][\x80-\xbf]*/g) ?? []
}

function lengthInB(octets: OctetString): number {
  return 4 * Math.ceil(octets.length / 3)
}

function lengthInQ(octets: OctetString): number {
  let length = 0
  for (let at = 0; at < octets.length; at++) {
    const octet = octets.charCodeAt(at)
    length += SAFE[octet] === 1 || octet === SPACE ? 1 : 3
  }
  return length
}

function inQ(octets: OctetString): string {
  let text = ''
  for (const octet of octetsOf(octets)) {
    if (octet === SPACE) text += '_'
    else if (SAFE[octet] === 1) text += String.fromCharCode(octet)
    else text += `=${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
