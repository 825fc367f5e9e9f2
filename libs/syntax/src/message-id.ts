// RFC 5322 §3.6.4: the identity of a message, and the lists of them in References and In-Reply-To.

/** A msg-id in its canonical form, angle brackets included and comments left out: `<left@right>`. */
export type MessageId = string

/** Chance of two makers meeting in the same millisecond: 2⁻⁶⁴ with eight octets. */
const RANDOM_OCTETS = 8

/** References of a long thread have some dozens; what comes after so many is not read. */
export const MOST_MESSAGE_IDS = 1_000

/** RFC 5322 §2.1.1: no line, and so no msg-id, is longer. */
const LONGEST_MESSAGE_ID = 998

// Not `\s`: where the text is octets and not yet decoded, U+00A0 is half of some letter.
const ATOM = String.raw`[^()<>[\]:;@\\,."\x00-\x20\x7f]+`
const DOT_ATOM = String.raw`${ATOM}(?:\.${ATOM})*`
const QUOTED = String.raw`"(?:[^"\\\r\n\x00]|\\[^\r\n\x00])*"`
const LITERAL = String.raw`\[[^[\]\\\x00-\x20\x7f]*\]`
const MESSAGE_ID = new RegExp(`^<(?:${DOT_ATOM}|${QUOTED})@(?:${DOT_ATOM}|${LITERAL})>$`, 'u')
const BRACKETED = new RegExp(String.raw`^<[^\x00-\x20\x7f]+>$`)

/**
 * `<time.random@domain>`, unique as long as clock or randomness is (RFC 5322 §3.6.4).
 * `now` gives milliseconds since the epoch, `random` as many unpredictable octets as asked; `domain` is the maker's own.
 */
export function makeMessageId(
  domain: string,
  now: () => number,
  random: (octets: number) => Uint8Array,
): MessageId {
  const suffix = random(RANDOM_OCTETS).reduce((text, octet) => text + octet.toString(16).padStart(2, '0'), '')
  return `<${now().toString(36)}.${suffix}@${domain}>`
}

/**
 * One msg-id with nothing beside it but white space and comments, in canonical form; undefined when it is none.
 * UTF-8 is allowed (RFC 6532 §3.2), and so are the quoted left sides of old (RFC 5322 §4.5.4).
 */
export function parseMessageId(text: string): MessageId | undefined {
  const bare = text.includes('(') ? outsideComments(text) : text
  const id = bare.trim()
  return id.length <= LONGEST_MESSAGE_ID && MESSAGE_ID.test(id) ? id : undefined
}

/**
 * The msg-ids of References or In-Reply-To in order, each once. Phrases between them (RFC 5322 §4.5.4) are passed over, and
 * whatever stands in angle brackets counts as an id if it has no white space, since threads are built on equality alone.
 */
export function parseMessageIds(text: string): readonly MessageId[] {
  const found = new Set<MessageId>()
  let at = 0
  while (found.size < MOST_MESSAGE_IDS) {
    const open = text.indexOf('<', at)
    const close = open === -1 ? -1 : text.indexOf('>', open)
    if (close === -1) break
    // Of "<a <b@c>" only the innermost bracket opens an id.
    const id = text.slice(text.lastIndexOf('<', close), close + 1)
    if (id.length <= LONGEST_MESSAGE_ID && BRACKETED.test(id)) found.add(id)
    at = close + 1
  }
  return [...found]
}

/** Comments nest (RFC 5322 §3.2.2); a parenthesis within quotes opens none. */
function outsideComments(text: string): string {
  let kept = ''
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character === '\\') {
      if (depth === 0) kept += text.slice(i, i + 2)
      i++
    } else if (character === '"' && depth === 0) {
      quoted = !quoted
      kept += character
    } else if (character === '(' && !quoted) depth++
    else if (character === ')' && depth > 0) depth--
    else if (depth === 0) kept += character
  }
  return kept
}
