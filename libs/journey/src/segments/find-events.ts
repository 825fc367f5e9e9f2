import { foldKey, hasKey } from '../event-keys.ts'
import type { JournalQuestion, JourneyEvent } from '../ports.ts'
import { keyHash } from './key-hash.ts'
import type { Segment } from './segment.ts'

/** Events in which the key occurs, in the order in which they were told; of more than `limit`, the newest. */
export async function findEvents(
  segments: readonly Segment[],
  { key, since = Number.NEGATIVE_INFINITY, limit }: JournalQuestion,
  signal: AbortSignal,
): Promise<readonly JourneyEvent[]> {
  const wanted = foldKey(key)
  const hash = keyHash(wanted)
  const found: JourneyEvent[] = []
  for (const segment of segments.toReversed()) {
    signal.throwIfAborted()
    if (segment.lastAt !== undefined && segment.lastAt < since) continue
    try {
      for await (const event of segment.candidates(hash)) {
        if (event.at < since || !hasKey(event, wanted)) continue
        if (found.push(event) >= limit) return found.toReversed()
      }
    } catch (error) {
      // It was too old, and went while it was looked for.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return found.toReversed()
}
