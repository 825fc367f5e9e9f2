import { formatFlags } from './flags.ts'
import { splitKeywords } from './keywords.ts'
import type { Flag, MessageRow } from './ports.ts'

/**
 * Rows as columns: a mailbox of 100,000 messages crosses to the event loop as three arrays of numbers. Messages with the
 * same flags share an entry of `sets`.
 */
export interface PackedRows {
  readonly uids: Uint32Array
  readonly modseqs: Float64Array
  /** Index into `sets`. */
  readonly codes: Uint32Array
  readonly sets: readonly (readonly [flags: number, keywords: string])[]
}

/** Messages with the same flags share the array of them. */
export function rowsOf(packed: PackedRows): MessageRow[] {
  const { uids, modseqs, codes } = packed
  const sets = flagsOf(packed)
  const rows: MessageRow[] = []
  for (let at = 0; at < uids.length; at++) {
    rows.push({ uid: uids[at] ?? 0, flags: sets[codes[at] ?? 0] ?? [], modseq: modseqs[at] ?? 0 })
  }
  return rows
}

/** Gives each set of flags its place in `sets`. */
export class FlagSets {
  readonly list: (readonly [flags: number, keywords: string])[] = []
  readonly #plain: (number | undefined)[] = []
  readonly #withKeywords = new Map<string, number>()

  codeOf(flags: number, keywords: string): number {
    if (keywords === '') return (this.#plain[flags] ??= this.#enter(flags, keywords))
    const name = `${flags} ${keywords}`
    const known = this.#withKeywords.get(name)
    if (known !== undefined) return known
    const code = this.#enter(flags, keywords)
    this.#withKeywords.set(name, code)
    return code
  }

  #enter(flags: number, keywords: string): number {
    return this.list.push([flags, keywords]) - 1
  }
}

function flagsOf({ sets }: PackedRows): readonly (readonly Flag[])[] {
  return sets.map(([system, keywords]) => formatFlags({ system, keywords: splitKeywords(keywords) }))
}
