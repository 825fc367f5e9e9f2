// tools/rfc/sections.tsv: which sections the RFCs have that we cite, from their tables of contents.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../house/files.ts'
import type { Citation } from './citations.ts'

/** The sections of each RFC. */
export type Sections = ReadonlyMap<number, ReadonlySet<string>>

const HEAD = 'rfc\tsections'
const SECTION = /^(?:\d+|[A-Z])(?:\.\d+[a-z]?)*$/
/** `4.1.1.1-11` stands for eleven sections. */
const RANGE = /^((?:(?:\d+|[A-Z])\.)*?)(\d+)-(\d+)$/

export function readSections(): Sections {
  return parseSections(readFileSync(join(root, 'tools/rfc/sections.tsv'), 'utf8'))
}

/** Throws an error that names the line when a row is malformed, out of order or doubled. */
export function parseSections(text: string): Sections {
  const [head, ...rows] = text.trimEnd().split('\n')
  if (head !== HEAD) throw new Error(`sections.tsv: the first line must be ${JSON.stringify(HEAD)}`)
  const sections = new Map<number, ReadonlySet<string>>()
  let last = 0
  for (const [index, row] of rows.entries()) {
    const at = `sections.tsv:${index + 2}`
    const [rfc = '', list = '', ...rest] = row.split('\t')
    if (!/^\d{2,5}$/.test(rfc) || rest.length > 0) throw new Error(`${at}: malformed row`)
    if (Number(rfc) <= last) throw new Error(`${at}: RFC ${rfc} is out of order or doubled`)
    last = Number(rfc)
    sections.set(last, new Set(list.split(' ').flatMap((item) => expand(item, at))))
  }
  return sections
}

function expand(item: string, at: string): readonly string[] {
  const range = RANGE.exec(item)
  if (range !== null) {
    const [, stem = '', from, to] = range
    const count = Number(to) - Number(from) + 1
    if (count < 2) throw new Error(`${at}: '${item}' is no range`)
    return Array.from({ length: count }, (_, n) => `${stem}${Number(from) + n}`)
  }
  if (!SECTION.test(item)) throw new Error(`${at}: '${item}' is no section`)
  return [item]
}

/** Every citation of a section that the RFC does not have, or of an RFC whose sections nobody has listed. */
export function unknownSections(sections: Sections, citations: readonly Citation[]): string[] {
  return citations.flatMap(({ rfc, section, file, line }) => {
    if (section === '') return []
    const known = sections.get(rfc)
    if (known === undefined) return [`${file}:${line}: tools/rfc/sections.tsv does not list RFC ${rfc}`]
    return known.has(section.replace(/^appendix /, ''))
      ? []
      : [`${file}:${line}: RFC ${rfc} has no §${section}`]
  })
}
