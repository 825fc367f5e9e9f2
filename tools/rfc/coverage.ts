// Holds the index against the code: what is cited but not listed, claimed but nowhere cited, complete but with gaps.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../house/files.ts'
import type { Citation, Scan } from './citations.ts'
import type { Entry } from './index-file.ts'

/** Every disagreement between index and code, one sentence each. */
export function disagreements(index: readonly Entry[], scan: Scan): string[] {
  const listed = new Set(index.map((entry) => entry.rfc))
  const unlisted = scan.citations
    .filter(({ rfc }) => !listed.has(rfc))
    .map(({ rfc, file, line }) => `${file}:${line}: RFC ${rfc} is not listed in tools/rfc/index.tsv`)
  const malformed = scan.malformed.map(
    ({ file, line, found, advice }) => `${file}:${line}: '${found}': ${advice}`,
  )
  return [...malformed, ...unlisted, ...index.flatMap((entry) => objections(entry, scan.citations))]
}

function objections(entry: Entry, citations: readonly Citation[]): string[] {
  const { rfc, status, room, note } = entry
  const cited = citations.filter((citation) => citation.rfc === rfc)
  const gap = cited.find((citation) => citation.kind === 'todo')
  const found: string[] = []
  if (status === 'yes' && gap)
    found.push(`RFC ${rfc} is said to be complete, but ${gap.file}:${gap.line} has a todo`)
  const rule = cited.find(
    ({ kind, section, file }) => kind === 'rule' && section !== '' && !file.endsWith('.test.ts'),
  )
  if (status === 'no' && rule && note === '') {
    found.push(
      `RFC ${rfc} is said to be missing, but ${rule.file}:${rule.line} cites it: is it there, or say in the note what is`,
    )
  }
  if (status === 'no' && room !== '') found.push(`RFC ${rfc} is not implemented, so no room answers for it`)
  if (room !== '' && !existsSync(join(root, room))) found.push(`RFC ${rfc}: there is no room ${room}`)
  if (room !== '' && !cited.some((citation) => citation.file.startsWith(`${room}/`))) {
    found.push(`RFC ${rfc} is claimed by ${room}, which never cites it`)
  }
  return found
}

/** The sections of one RFC that code other than tests cites, and how many such places there are. */
export function coverageOf(
  rfc: number,
  citations: readonly Citation[],
): { sections: number; places: number } {
  const cited = citations.filter((citation) => citation.rfc === rfc && !citation.file.endsWith('.test.ts'))
  return { sections: new Set(cited.map((citation) => citation.section)).size, places: cited.length }
}
