import { isAsciiText, parseDomain } from '@cartero/syntax'
import { textOf, trimmed, type OctetString } from '../octet-string.ts'
import { FieldWriter } from './field-writer.ts'
import { isForeignWord } from './unstructured.ts'

/**
 * Received, Date and their like: what is not ASCII stands in comments, domains and the address of a for clause
 * (RFC 6857 §3.2).
 */
export function downgradedTrace(name: string, value: OctetString): Buffer {
  const writer = new FieldWriter(name)
  // RFC 6857 §3.2.5: a for clause that is not ASCII goes.
  const kept = trimmed(value.replace(/\sfor\s+<?[^\s;]*[\x80-\xff][^\s;]*/gi, ''))
  for (const [, space = ' ', word = ''] of kept.matchAll(/([ \t]*)([^ \t]+)/g)) {
    if (isForeignWord(word)) addForeign(writer, word, space)
    else writer.add(word, space)
  }
  return writer.end()
}

/** A word of a comment or a domain, with the parentheses and brackets around it left in place. */
function addForeign(writer: FieldWriter, word: OctetString, space: string): void {
  let start = 0
  let end = word.length
  while (start < end && '([<'.includes(word[start]!)) start++
  while (end > start && ')]>;,'.includes(word[end - 1]!)) end--
  const [before, inner, after] = [word.slice(0, start), word.slice(start, end), word.slice(end)]
  const domain = isAsciiText(inner) || !inner.includes('.') ? undefined : parseDomain(textOf(inner))
  if (domain !== undefined) writer.add(before + domain + after, space)
  else if (inner === '') writer.add(word.replace(/[^\x21-\x7e]/g, '?'), space)
  else writer.addEncoded(inner, space, before, after)
}
