import { ZoneFileError } from './zone-file-error.ts'

/** A line of a zone file, or several in parentheses. */
export interface Entry {
  readonly file: string
  readonly line: number
  readonly words: readonly string[]
  /** Whether it begins with a blank: it is about the name before. */
  readonly continuesOwner: boolean
}

/** A comment, a parenthesis, a string in quotes, a line's end, blanks, or a word. */
const TOKEN = /;[^\n]*|[()]|"(?:[^"\\\n]|\\[^\n])*"|\n|[^\S\n]+|(?:\\.|[^\s;()"\\])+|[^]/g

/** The entries of a zone file that have words. Throws ZoneFileError for quotes and parentheses that are not closed. */
// RFC 1035 §5.1
export function* entriesOf(text: string, file: string): Generator<Entry> {
  let words: string[] = []
  let line = 1
  let start = 1
  let isInParentheses = false
  let continuesOwner = false
  let isAtStart = true
  for (const [token] of `${text}\n`.matchAll(TOKEN)) {
    if (token === '\n') {
      if (!isInParentheses) {
        if (words.length > 0) yield { file, line: start, words, continuesOwner }
        words = []
        start = line + 1
        isAtStart = true
      }
      line++
      continue
    }
    if (isAtStart) continuesOwner = token.trim() === ''
    isAtStart = false
    if (token === '(' || token === ')') {
      if (isInParentheses === (token === '('))
        throw new ZoneFileError({ file, line }, `'${token}' where none can be`)
      isInParentheses = token === '('
    } else if (token === '"' || token === '\\')
      throw new ZoneFileError({ file, line }, 'a quote that is not closed')
    else if (token.trim() !== '' && !token.startsWith(';')) words.push(plain(token))
  }
  if (isInParentheses) throw new ZoneFileError({ file, line: start }, 'a parenthesis that is not closed')
}

/** `\"` and `\034` are characters. */
function plain(token: string): string {
  const text = token.startsWith('"') ? token.slice(1, -1) : token
  return text.replace(/\\(?:(\d{3})|(.))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? character : String.fromCharCode(Number(code)),
  )
}
