import { mkdir, open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

import { wholeOctets } from './journal-line.ts'
import { MOST_EVENT_OCTETS } from './limits.ts'
import { Segment, type SegmentFile } from './segment.ts'

const NAME = /^(\d{8,15})\.jsonl$/

/** How a segment's file is opened to be written: `node:fs/promises`, or a test that wants a full disk. */
export type OpenFile = (
  path: string,
  flags: string,
  mode: number,
) => Promise<Pick<FileHandle, 'write' | 'truncate' | 'close'>>

export interface SegmentFolder {
  readonly directory: string
  readonly readOnly: boolean
}

export function segmentFile(directory: string, number: number): SegmentFile {
  const name = String(number).padStart(8, '0')
  return { number, path: join(directory, `${name}.jsonl`), indexPath: join(directory, `${name}.index`) }
}

/** What is there, oldest first. A folder that is missing is made, for its owner only, unless it is only read. */
export async function listSegments({ directory, readOnly }: SegmentFolder): Promise<Segment[]> {
  if (!readOnly) await mkdir(directory, { recursive: true, mode: 0o700 })
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (readOnly && error.code === 'ENOENT') return []
    throw error
  })
  const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number)
  const segments: Segment[] = []
  for (const number of numbers.toSorted((a, b) => a - b))
    segments.push(await findSegment(segmentFile(directory, number), readOnly))
  return segments
}

async function findSegment(file: SegmentFile, readOnly: boolean): Promise<Segment> {
  const octets = await wholeLength(file.path)
  const segment = new Segment(file, { octets, readOnly })
  segment.indexOctets = await stat(file.indexPath).then(
    ({ size }) => size,
    () => 0,
  )
  await segment.glance()
  return segment
}

/** Without a last line that was torn when the machine or the process died. */
async function wholeLength(path: string): Promise<number> {
  await using file = await open(path)
  const { size } = await file.stat()
  // One octet first: the last line is whole, but for a crash.
  for (let end = size, length = 1; end > 0; end -= length, length = Math.min(end, MOST_EVENT_OCTETS)) {
    const piece = Buffer.alloc(length)
    await file.read(piece, 0, length, end - length)
    const whole = wholeOctets(piece)
    if (whole > 0) return end - length + whole
  }
  return 0
}
