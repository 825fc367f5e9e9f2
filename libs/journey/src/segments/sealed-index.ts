import { open, readFile } from 'node:fs/promises'

import type { IndexBuilder } from './index-builder.ts'
import {
  ENTRY_OCTETS,
  HEADER_OCTETS,
  parseHeader,
  parseStarts,
  wordsOf,
  type IndexHeader,
} from './index-format.ts'

/** An index file that was found whole. Its directory stays in memory; a question reads one bucket. */
export class SealedIndex {
  readonly #path: string
  readonly #starts: Uint32Array
  readonly #shift: number

  private constructor(path: string, starts: Uint32Array, bits: number) {
    this.#path = path
    this.#starts = starts
    this.#shift = 32 - bits
  }

  /** Undefined when there is none for a segment of that length, or it is damaged. */
  static async open(path: string, octets: number): Promise<SealedIndex | undefined> {
    const file = await readWhole(path, octets)
    return file && new SealedIndex(path, file.starts, file.header.bits)
  }

  /** Offsets of lines that may have the key, ascending, without repetition. Rejects when the file is gone. */
  async offsetsOf(hash: number): Promise<readonly number[]> {
    const bucket = hash >>> this.#shift
    const [from, to] = [this.#starts[bucket]!, this.#starts[bucket + 1]!]
    if (from === to) return []
    const piece = Buffer.allocUnsafe((to - from) * ENTRY_OCTETS)
    const start = HEADER_OCTETS + this.#starts.length * 4 + from * ENTRY_OCTETS
    await using file = await open(this.#path)
    const { bytesRead } = await file.read(piece, 0, piece.length, start)
    const words = wordsOf(piece.subarray(0, bytesRead))
    const found = new Set<number>()
    for (let i = 0; i + 1 < words.length; i += 2) if (words[i] === hash) found.add(words[i + 1]!)
    return [...found].toSorted((a, b) => a - b)
  }
}

/** Fills a builder with what an index file holds, so that its segment can be written on. False when there is none that fits. */
export async function resumeIndex(path: string, octets: number, builder: IndexBuilder): Promise<boolean> {
  const file = await readWhole(path, octets)
  if (file === undefined) return false
  const { header, starts, octets: all } = file
  const words = wordsOf(all.subarray(HEADER_OCTETS + starts.length * 4))
  for (let i = 0; i < words.length; i += 2) builder.addEntry(words[i]!, words[i + 1]!)
  builder.events = header.events
  builder.firstAt = header.firstAt
  builder.lastAt = header.lastAt
  return true
}

/** The header of an index file alone. Undefined when there is none for a segment of that length. */
export async function headerOf(path: string, octets: number): Promise<IndexHeader | undefined> {
  try {
    await using file = await open(path)
    const piece = Buffer.alloc(HEADER_OCTETS)
    await file.read(piece, 0, piece.length, 0)
    return fitting(piece, octets)
  } catch {
    return undefined
  }
}

interface WholeIndex {
  readonly header: IndexHeader
  readonly starts: Uint32Array
  readonly octets: Buffer
}

async function readWhole(path: string, octets: number): Promise<WholeIndex | undefined> {
  const file = await readFile(path).catch(() => undefined)
  const header = file && fitting(file, octets)
  const starts = header && parseStarts(file, header)
  return starts && { header, starts, octets: file }
}

function fitting(file: Buffer, octets: number): IndexHeader | undefined {
  const header = parseHeader(file)
  return header?.octets === octets ? header : undefined
}
