import { systemClock, type Clock } from '@cartero/wire'

import type { Journal, JournalQuestion, JourneyEvent } from '../ports.ts'
import { findEvents } from './find-events.ts'
import { DEFAULT_KEEP_FOR } from './limits.ts'
import { listSegments } from './segment-folder.ts'

export interface JournalReaderOptions {
  /** Nothing is found in one that is missing. */
  readonly directory: string
  /** Milliseconds: what is older is not told any more. */
  readonly keepFor?: number
  readonly clock?: Clock
}

/** The journal of a system that does not run: looked at, and left as it is. Rejects when it cannot be read. */
export async function openJournalReader(options: JournalReaderOptions): Promise<Pick<Journal, 'find'>> {
  const { directory, keepFor = DEFAULT_KEEP_FOR, clock = systemClock } = options
  const segments = await listSegments({ directory, readOnly: true })
  return {
    find(question: JournalQuestion, signal: AbortSignal): Promise<readonly JourneyEvent[]> {
      const since = Math.max(question.since ?? Number.NEGATIVE_INFINITY, clock.now() - keepFor)
      return findEvents(segments, { ...question, since }, signal)
    },
  }
}
