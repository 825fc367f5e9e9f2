import { readdirSync, readFileSync } from 'node:fs'

/** One line of a dialogue. */
export type DialogueLine =
  /** `C: text`: said by the client, with CRLF; `c: text` is said as it stands, with the escapes of a JSON string. */
  | { readonly kind: 'client'; readonly text: string }
  /** `S: text`, likewise. A text that ends in ` *` says only how it begins. */
  | { readonly kind: 'server'; readonly text: string }
  /** `! word argument…`: something happens, or is expected, other than words. */
  | { readonly kind: 'event'; readonly word: string; readonly argument: string }

export interface Dialogue {
  readonly name: string
  readonly lines: readonly DialogueLine[]
}

/** All dialogues of a folder beside this one, by file. */
export function dialoguesIn(folder: string): ReadonlyMap<string, readonly Dialogue[]> {
  const url = new URL(`../dialogues/${folder}/`, import.meta.url)
  const files = readdirSync(url)
    .filter((name) => name.endsWith('.smtp'))
    .toSorted()
  return new Map(files.map((file) => [file, parseDialogues(readFileSync(new URL(file, url), 'utf8'))]))
}

function parseDialogues(text: string): Dialogue[] {
  const [, ...sections] = `\n${text}`.split('\n== ')
  return sections.map((section) => {
    const [name, ...lines] = section.split('\n')
    return { name: name!, lines: lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseLine) }
  })
}

function parseLine(line: string): DialogueLine {
  const match = /^(?:([CcSs]):(?: (.*))?|! (\S+) ?(.*))$/.exec(line)
  if (match === null) throw new Error(`no dialogue line: ${line}`)
  if (match[3] !== undefined) return { kind: 'event', word: match[3], argument: match[4]! }
  const text = match[2] ?? ''
  const kind = match[1]!.toUpperCase() === 'C' ? 'client' : 'server'
  const raw = match[1] === 'c' || match[1] === 's'
  return { kind, text: raw ? (JSON.parse(`"${text}"`) as string) : `${text}\r\n` }
}

/** The texts of the lines from `start` on that are said by the same side. */
export function sameKind(lines: readonly DialogueLine[], start: number): string[] {
  const texts: string[] = []
  for (let i = start; i < lines.length; i++) {
    const line = lines[i]!
    if (line.kind === 'event' || line.kind !== lines[start]!.kind) break
    texts.push(line.text)
  }
  return texts
}

/** The lines that are expected match what was said; `...` matches all of a reply but its last line. */
export function sameLines(said: string, expected: readonly string[]): boolean {
  const lines = said === '' ? [] : said.split(/(?<=\n)/)
  for (const line of expected) {
    if (line === '...\r\n') while (lines[0]?.[3] === '-') lines.shift()
    else if (!matches(lines.shift() ?? '', line)) return false
  }
  return lines.length === 0
}

function matches(said: string, expected: string): boolean {
  return expected.endsWith(' *\r\n') ? said.startsWith(expected.slice(0, -3)) : said === expected
}
