import type { HeaderBlock } from '../header-block.ts'

// RFC 3865 §2.2: word = ALPHA 0*(wordchar)
const WORD = /^[A-Za-z][A-Za-z0-9._:-]*$/

/** Octets of all keywords of a field with the commas between them (RFC 3865 §2.2); what is longer is no list of keywords. */
const MOST_OCTETS = 1_000

/**
 * What kinds of solicitation a message is, as its Solicitation fields say (RFC 3865 §2.5): keywords in order, each
 * once, whatever their case.
 */
export function solicitationsOf(header: HeaderBlock): readonly string[] {
  const found = new Map<string, string>()
  for (const { value } of header.findAll('solicitation')) {
    if (value.length > MOST_OCTETS) continue
    for (const word of value.split(',').map((each) => each.replace(/^[ \t]+|[ \t]+$/g, '')))
      if (WORD.test(word) && !found.has(word.toLowerCase())) found.set(word.toLowerCase(), word)
  }
  return [...found.values()]
}
