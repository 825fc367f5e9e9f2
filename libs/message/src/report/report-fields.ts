import { formatDateTime, isAsciiText } from '@cartero/syntax'
import { REPORT_LIMITS } from './delivery-report.ts'

/** RFC 5322 §2.1.1: lines should have at most 78 characters, and must not have more than 998. */
const LINE_LENGTH = 78
const LONGEST_WORD = 900
/** Characters of a piece of what is longer; each has at most four octets, or eight as an escape. */
const PIECE = 120

/**
 * A field of the machine-readable part: one name, one value, whatever was in it; folded where it has spaces, line end
 * included.
 */
function reportField(name: string, value: string, isWide: boolean): string {
  let text = `${name}:`
  let column = text.length
  for (const word of visible(value, isWide).split(/\s+/u).flatMap(pieces)) {
    if (word === '') continue
    const folds = column > name.length + 1 && column + 1 + word.length > LINE_LENGTH
    text += `${folds ? '\r\n ' : ' '}${word}`
    column = (folds ? 0 : column) + 1 + word.length
  }
  return `${text}\r\n`
}

/** Fields of a group: those without a value are left out. */
export function reportFields(
  fields: readonly (readonly [name: string, value: string | undefined])[],
  isWide: boolean,
): string {
  return fields.map(([name, value]) => (value === undefined ? '' : reportField(name, value, isWide))).join('')
}

export function dateOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : formatDateTime(at)
}

/**
 * No control characters, no word that a line cannot hold; in a narrow report nothing but ASCII, with escapes as in
 * RFC 6533 §3.
 */
function visible(value: string, isWide: boolean): string {
  const text = cut(value).replace(/[^\P{Cc}\t\r\n]|\p{Cs}/gu, '?')
  if (isWide || isAsciiText(text)) return text
  return text.replace(
    /[^\x20-\x7e\s]/gu,
    (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`,
  )
}

/** A word or line that the line limit of RFC 5322 §2.1.1 allows, or the pieces of a longer one. */
export function pieces(text: string): readonly string[] {
  return Buffer.byteLength(text) <= LONGEST_WORD
    ? [text]
    : (text.match(new RegExp(`.{1,${PIECE}}`, 'gu')) ?? [])
}

/** As much of a remote's words as is repeated. */
export function cut(text: string): string {
  return text.length <= REPORT_LIMITS.diagnosticOctets
    ? text
    : `${text.slice(0, REPORT_LIMITS.diagnosticOctets)} ...`
}

/** The same on one line, without anything that a terminal or a mailer would act on. */
export function clean(text: string): string {
  return cut(text).replace(/\p{Cc}+|\p{Cs}/gu, ' ')
}
