// Finds citations in source text. The one form is `RFC 5321 §4.5.3.1.4`, several in one comment separated by commas;
// `RFC 3030 §3 todo: what is missing` marks a gap and `RFC 5321 §3.3 deviation: what we do` a deliberate difference.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesOfRepository, root } from '../house/files.ts'

/** One citation of a section, or of a whole RFC where `section` is empty. */
export interface Citation {
  readonly rfc: number
  readonly section: string
  readonly kind: 'rule' | 'todo' | 'deviation'
  /** What is missing or different; empty for a rule. */
  readonly note: string
  readonly file: string
  readonly line: number
}

/** A place that means to cite and does not keep the form. */
export interface Malformed {
  readonly file: string
  readonly line: number
  readonly found: string
  readonly advice: string
}

export interface Scan {
  readonly citations: readonly Citation[]
  readonly malformed: readonly Malformed[]
}

const CITATION = /\bRFC (\d{2,5})(?: (?:§([0-9A-Z][0-9A-Za-z]*(?:\.[0-9A-Za-z]+)*)|(appendix [A-Z])))?/g
const MARK = /^ (todo|deviation): (\S.*?)(?:\s*\*\/)?$/

const FAULTS: ReadonlyArray<readonly [form: RegExp, advice: string]> = [
  // `RFC822` is the name of an IMAP data item.
  [/\bRFC[-_]?(?!822\b)\d{2,5}\b/g, 'write it as RFC 5321, with one space'],
  [/\b(?:rfc|Rfc) \d{2,5}\b/g, 'write RFC in capitals'],
  [/\bRFC \d{2,5},? (?:[Ss]ection|[Ss]ec\.|[Cc]hapter)/g, 'write the section as §4.5.3'],
  [/\bRFC \d{2,5} ?(?:, ?§|§ | § |#)/g, 'write the section as RFC 5321 §4.5.3'],
  [/\bRFC \d{2,5}§/g, 'put one space before the §'],
  [/\bRFC \d{2,5} \d+(?:\.\d+)+/g, 'put a § before the section'],
  [
    /\bRFC \d{2,5}(?: §\S+)? (?:TODO|Todo|TO DO|todo(?!: \S)|deviation(?!: \S))/g,
    'write the gap as `todo: what is missing`',
  ],
]

/** Scans one text. */
export function scanText(file: string, text: string): Scan {
  const citations: Citation[] = []
  const malformed: Malformed[] = []
  const lines = text.split('\n')
  for (const [index, content] of lines.entries()) {
    const at = { file, line: index + 1 }
    for (const [form, advice] of FAULTS) {
      for (const [found] of content.matchAll(form)) malformed.push({ ...at, found, advice })
    }
    for (const match of content.matchAll(CITATION)) {
      const [whole, rfc, section, appendix] = match
      const mark = MARK.exec(content.slice(match.index + whole.length))
      const kind = mark === null ? 'rule' : (mark[1] as 'todo' | 'deviation')
      const note = mark?.[2] === undefined ? '' : [mark[2], ...continuation(lines, index + 1)].join(' ')
      citations.push({ ...at, rfc: Number(rfc), section: section ?? appendix ?? '', kind, note })
    }
  }
  return { citations, malformed }
}

/** The rest of a comment that goes on over several lines, up to the next citation. */
function continuation(lines: readonly string[], from: number): string[] {
  const rest: string[] = []
  for (let index = from; ; index++) {
    const next = /^\s*(?:\/\/|\*(?!\/)) (?!RFC \d)(.*?)(?:\s*\*\/)?$/.exec(lines[index] ?? '')
    if (next?.[1] === undefined) return rest
    rest.push(next[1])
  }
}

/** Scans all code and contracts of the repository. This folder is left out: it is full of examples. */
export function scanRepository(): Scan {
  const scans = filesOfRepository('{apps,libs,tools}/**/*.ts', 'proto/**/*.proto')
    .filter((file) => !file.startsWith('tools/rfc/'))
    .map((file) => scanText(file, readFileSync(join(root, file), 'utf8')))
  return {
    citations: scans.flatMap((scan) => scan.citations),
    malformed: scans.flatMap((scan) => scan.malformed),
  }
}
