import { isSolicitationKeyword, SOLICITATIONS_OCTETS } from '@cartero/syntax'
import type { HeaderBlock } from '../header-block.ts'

/**
 * What kinds of solicitation a message is, as its Solicitation fields say (RFC 3865 §2.5): keywords in order, each
 * once, whatever their case.
 */
export function solicitationsOf(header: HeaderBlock): readonly string[] {
  const found = new Map<string, string>()
  for (const { value } of header.findAll('solicitation')) {
    if (value.length > SOLICITATIONS_OCTETS) continue
    for (const word of value.split(',').map((each) => each.replace(/^[ \t]+|[ \t]+$/g, '')))
      if (isSolicitationKeyword(word) && !found.has(word.toLowerCase())) found.set(word.toLowerCase(), word)
  }
  return [...found.values()]
}
