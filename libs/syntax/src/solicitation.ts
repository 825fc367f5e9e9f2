/** Octets of all keywords of one list with the commas between them. */
// RFC 3865 §2.2
export const SOLICITATIONS_OCTETS = 1000

// RFC 3865 §2.2: word = ALPHA 0*(wordchar)
const KEYWORD = /^[A-Za-z][A-Za-z0-9._:-]*$/

/** Whether a word can name a kind of solicitation, as `org.example:ADV` does. */
export function isSolicitationKeyword(word: string): boolean {
  return KEYWORD.test(word)
}
