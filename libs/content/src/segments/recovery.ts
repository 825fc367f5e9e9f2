import { join } from 'node:path'

import type { StoredFile } from './file-system.ts'
import { FrameWalker, type Damage } from './frame-walker.ts'
import type { Mark } from './mark.ts'
import { decodeSegmentHeader, FIRST_FRAME, segmentName } from './segment.ts'
import { createSegment, type OpenSegment, type WriterOptions } from './writer.ts'

export interface RecoveryOptions extends WriterOptions {
  readonly report: (damage: Damage) => void
}

/**
 * Finds the segment that writing goes on in. It goes on in the last one, behind its last frame, if nothing but zeros
 * follow there; a torn tail is left as it is, and a new segment is begun.
 */
export async function resume(
  options: RecoveryOptions,
  existing: Set<number>,
  mark: Mark | undefined,
): Promise<OpenSegment> {
  const { fileSystem, directory } = options
  for (const last of [...existing].toSorted((a, b) => b - a)) {
    const path = join(directory, segmentName(last))
    const file = await fileSystem.open(path, 'write')
    const found = await continued(file, last, mark, options.report)
    if (found !== undefined && found !== 'unborn') return found
    await file.close()
    if (found === undefined) break
    // The power failed before the segment was begun: its name is there and its header is not.
    await fileSystem.unlink(path)
    existing.delete(last)
  }
  return await createSegment(options, Math.max(0, ...existing) + 1)
}

/** Undefined when nothing may be added to the segment. */
async function continued(
  file: StoredFile,
  number: number,
  mark: Mark | undefined,
  report: (damage: Damage) => void,
): Promise<OpenSegment | 'unborn' | undefined> {
  const header = Buffer.alloc(FIRST_FRAME)
  await file.read(header, 0)
  const identity = decodeSegmentHeader(header, number)
  if (identity === undefined) {
    if (await isEmpty(file, number)) return 'unborn'
    report({
      segment: number,
      from: 0,
      to: await file.size(),
      reason: 'the header of the segment is not readable',
    })
    return undefined
  }
  const known = mark?.segment === number ? { from: mark.offset, batch: mark.batch } : {}
  const walker = new FrameWalker(file, identity, { ...known, report })
  while ((await walker.next()) !== undefined) continue
  if (!walker.isClean) return undefined
  return { ...identity, file, end: walker.offset, batch: walker.batch, stretched: await file.size() }
}

/** A walk without a salt finds nothing; it tells whether there is anything but zeros. */
async function isEmpty(file: StoredFile, number: number): Promise<boolean> {
  const walker = new FrameWalker(file, { number, salt: 0 }, { report: () => {} })
  return (await walker.next()) === undefined && walker.isClean
}
