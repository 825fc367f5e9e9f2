import type { MailboxRow } from '../../mailbox-row.ts'
import { FlagSets, type PackedRows } from '../../packed-rows.ts'
import type { MailboxId } from '../../ports.ts'
import type { MessageColumns, MessageLine } from './messages.ts'
import type { RecordLine } from './records.ts'
import { numbersOf } from './statements.ts'

/** Rows and what belongs to them. */
export interface PackedMessages extends PackedRows {
  readonly sizes: Float64Array
  readonly dates: Float64Array
  readonly contents: readonly string[]
  /** Prefix, structure, prefix, structure … and where each ends. */
  readonly octets: Uint8Array
  readonly ends: Uint32Array
  /** How many of the uids asked for were looked up. */
  readonly taken: number
}

export interface OpenAnswer {
  readonly mailbox: MailboxRow
  readonly rows: PackedRows
  /** Place of the first row that is \Recent; all that follow it are too. */
  readonly firstRecent: number
}

export interface ChangesAnswer {
  readonly highestModseq: number
  readonly uidNext: number
  readonly changed: PackedRows
  readonly vanished: Uint32Array
}

export interface FlagsAnswer {
  readonly mailbox: MailboxId
  readonly owner: string
  /** Whether the modseq moved. */
  readonly moved: boolean
  /** In portions. */
  readonly changed: readonly PackedRows[]
  readonly refused: Uint32Array
}

type PackedLine = readonly [uid: number, modseq: number, flags: number, keywords: string, ...unknown[]]

export function packRows(lines: readonly PackedLine[]): PackedRows {
  const codes = new Uint32Array(lines.length)
  const sets = new FlagSets()
  for (const [at, [, , flags, keywords]] of lines.entries()) codes[at] = sets.codeOf(flags, keywords)
  return {
    uids: Uint32Array.from(lines, ([uid]) => uid),
    modseqs: Float64Array.from(lines, ([, modseq]) => modseq),
    codes,
    sets: sets.list,
  }
}

/** Packs columns that SQLite has written as text: no object is made for a row. */
export function packColumns(columns: MessageColumns): PackedRows {
  const { count } = columns
  const codes = new Uint32Array(count)
  const sets = new FlagSets()
  const flags = numbersOf(columns.flags, new Uint32Array(count))
  // Without keywords there are only the separators.
  const keywords = columns.keywords.length < count ? undefined : columns.keywords.split('\n')
  for (let at = 0; at < count; at++) codes[at] = sets.codeOf(flags[at] ?? 0, keywords?.[at] ?? '')
  return {
    uids: numbersOf(columns.uids, new Uint32Array(count)),
    modseqs: numbersOf(columns.modseqs, new Float64Array(count)),
    codes,
    sets: sets.list,
  }
}

export function packMessages(
  lines: readonly (readonly [...MessageLine, ...RecordLine])[],
  taken: number,
): PackedMessages {
  const pieces = lines.flatMap((line) => [line[8], line[9]])
  const ends = new Uint32Array(pieces.length)
  let end = 0
  for (const [at, piece] of pieces.entries()) ends[at] = end += piece.length
  const octets = new Uint8Array(end)
  for (const [at, piece] of pieces.entries()) octets.set(piece, ends[at - 1] ?? 0)
  return {
    ...packRows(lines),
    sizes: Float64Array.from(lines, (line) => line[4]),
    dates: Float64Array.from(lines, (line) => line[7]),
    contents: lines.map((line) => line[6]),
    octets,
    ends,
    taken,
  }
}
