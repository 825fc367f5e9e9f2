/**
 * Controls that tell a terminal what to do (C0, DEL, C1: cursor, colours, titles, replies typed for the user), and those that turn
 * the direction of text round, so that something else is read than stands there.
 */
const CONTROLS = /[\p{Cc}\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}\u{fff9}-\u{fffb}]/gu

/** Many lines are looked at, and few have anything else than this. */
const UNUSUAL = /[^\n -~]/

/** The text with every control made visible: `^[` for escape, U+FFFD for what has no such name. A `text` keeps line ends and tabs. */
export function harmless(text: string, kind: 'line' | 'text'): string {
  const lines = kind === 'text' ? text.replaceAll('\r\n', '\n') : text
  return lines.replace(CONTROLS, (control) => {
    if (kind === 'text' && (control === '\n' || control === '\t')) return control
    const code = control.codePointAt(0)!
    if (code < 0x20) return `^${String.fromCodePoint(code + 0x40)}`
    return code === 0x7f ? '^?' : '\u{fffd}'
  })
}

/** The value as indented JSON in which every control is escaped, those that JSON lets stand included: read again, it is the same. */
export function harmlessJson(value: unknown): string {
  return harmlessJsonText(JSON.stringify(value, undefined, 2))
}

/** JSON as it was written, its line ends included, with every other control escaped. */
export function harmlessJsonText(json: string): string {
  if (!UNUSUAL.test(json)) return json
  return json.replace(CONTROLS, (control) =>
    control === '\n' ? control : `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
