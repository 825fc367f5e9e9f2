import type { Reply } from '../reply.ts'

/** What of a server's words is repeated to others. */
export const WORDS_LIMITS = {
  /** Lines of a reply. Advice for people has a dozen; a thousand are somebody's joke. */
  lines: 50,
  /** Characters, in all. */
  characters: 4_000,
} as const

/** The reply as it came, line by line: `550-5.1.1 no such user\n550 5.1.1 really`. What is too long ends in `...`. */
// RFC 3464 §2.3.6
export function replyWords({ code, status, lines }: Reply): string {
  const front = status === undefined ? '' : `${status} `
  if (lines.length === 1) return bounded(`${code} ${front}${lines[0]!}`)
  const last = lines.length - 1
  const kept = lines
    .slice(0, WORDS_LIMITS.lines)
    .map((line, i) => `${code}${i === last ? ' ' : '-'}${front}${line}`)
  if (lines.length > WORDS_LIMITS.lines) kept.push(`${code} ...`)
  return bounded(kept.join('\n'))
}

function bounded(text: string): string {
  return text.length <= WORDS_LIMITS.characters ? text : `${text.slice(0, WORDS_LIMITS.characters)} ...`
}
