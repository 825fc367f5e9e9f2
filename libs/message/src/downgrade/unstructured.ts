import type { OctetString } from '../octet-string.ts'
import { FieldWriter } from './field-writer.ts'

/** A run of words: to be encoded, or fit as it is. */
interface Run {
  space: string
  text: OctetString
  readonly isForeign: boolean
}

const ENCODED_WORD = /^=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=$/

/** Whether a word is one that readers decode, so that the white space between it and another one vanishes (RFC 2047 §6.2). */
export function isEncodedWord(word: OctetString): boolean {
  return ENCODED_WORD.test(word)
}

/** Not visible ASCII throughout. */
export function isForeignWord(word: OctetString): boolean {
  return /[^\x21-\x7e]/.test(word)
}

/**
 * Subject, Comments and whatever else is text: words that are not ASCII become encoded-words, all else stays
 * (RFC 6857 §3.1.1).
 */
export function downgradedText(name: string, value: OctetString): Buffer {
  const writer = new FieldWriter(name)
  addText(writer, value, isForeignWord)
  return writer.end()
}

/** Adds words; what is foreign is encoded, runs of it together with the white space within. */
export function addText(
  writer: FieldWriter,
  value: OctetString,
  isForeign: (word: OctetString) => boolean,
): void {
  for (const { space, text, isForeign: isEncoded } of runsOf(value, isForeign)) {
    if (isEncoded) writer.addEncoded(text, space)
    else writer.add(text, space)
  }
}

function runsOf(value: OctetString, isForeign: (word: OctetString) => boolean): readonly Run[] {
  const runs: Run[] = []
  for (const [, space = '', word = ''] of value.matchAll(/([ \t]*)([^ \t]+)/g)) {
    const last = runs.at(-1)
    const next = { space, text: word, isForeign: isForeign(word) }
    if (last?.isForeign === true && next.isForeign) last.text += space + word
    else {
      if (last !== undefined) keepSpaceBetween(last, next)
      runs.push(next)
    }
  }
  return runs
}

/** White space between encoded-words is not shown: between an old one and a new one, it becomes part of the new one. */
function keepSpaceBetween(left: Run, right: Run): void {
  if (left.isForeign && isEncodedWord(right.text)) left.text += right.space
  else if (right.isForeign && isEncodedWord(left.text)) right.text = right.space + right.text
  else return
  right.space = ' '
}
