// tools/rfc/index.tsv: the standards we know of, and what we say of each.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../house/files.ts'

export type Status = 'yes' | 'partial' | 'no'

export interface Entry {
  readonly rfc: number
  readonly title: string
  /** `yes`: all of it that concerns us; `partial`: the note or the gaps in the code say what is missing. */
  readonly status: Status
  /** The room that answers for it; empty where the status is `no`. */
  readonly room: string
  readonly note: string
}

const HEAD = 'rfc\ttitle\tstatus\troom\tnote'

export function readIndex(): readonly Entry[] {
  return parseIndex(readFileSync(join(root, 'tools/rfc/index.tsv'), 'utf8'))
}

/** Throws an error that names the line when a row is malformed, out of order or doubled. */
export function parseIndex(text: string): readonly Entry[] {
  const [head, ...rows] = text.trimEnd().split('\n')
  if (head !== HEAD) throw new Error(`index.tsv: the first line must be ${JSON.stringify(HEAD)}`)
  let last = 0
  return rows.map((row, index) => {
    const entry = parseRow(row, index + 2)
    if (entry.rfc <= last)
      throw new Error(`index.tsv:${index + 2}: RFC ${entry.rfc} is out of order or doubled`)
    last = entry.rfc
    return entry
  })
}

function parseRow(row: string, line: number): Entry {
  const [rfc = '', title = '', status = '', room = '', note = '', ...rest] = row.split('\t')
  if (!/^\d{2,5}$/.test(rfc) || title === '' || rest.length > 0)
    throw new Error(`index.tsv:${line}: malformed row`)
  if (!isStatus(status))
    throw new Error(`index.tsv:${line}: the status is yes, partial or no, not '${status}'`)
  return { rfc: Number(rfc), title, status, room, note }
}

function isStatus(text: string): text is Status {
  return text === 'yes' || text === 'partial' || text === 'no'
}
