import type { Clock } from '@cartero/wire'

import type { Segment } from './segment.ts'

export interface RetentionTerms {
  readonly keepOctets: number
  /** Milliseconds. */
  readonly keepFor: number
  readonly clock: Clock
}

/** How much is kept and for how long. Whole segments go, the oldest first. */
export class Retention {
  /** Oldest first. */
  readonly #segments: Segment[]
  readonly #terms: RetentionTerms

  constructor(segments: Segment[], terms: RetentionTerms) {
    this.#segments = segments
    this.#terms = terms
  }

  /** Milliseconds since the epoch: what is older is not told any more, though its segment may still be there. */
  get oldest(): number {
    return this.#terms.clock.now() - this.#terms.keepFor
  }

  /** @param active is written to, and stays */
  async apply(active: Segment | undefined): Promise<void> {
    const { keepOctets } = this.#terms
    let octets = this.#segments.reduce((sum, segment) => sum + octetsOf(segment), 0)
    while (this.#segments[0] !== undefined && this.#segments[0] !== active) {
      const first = this.#segments[0]
      if (octets <= keepOctets && !(await this.#isTooOld(first))) return
      this.#segments.shift()
      octets -= octetsOf(first)
      await first.remove()
    }
  }

  async #isTooOld(segment: Segment): Promise<boolean> {
    if (segment.lastAt === undefined) await segment.index()
    // Without any event that can be read it is nobody's loss.
    return (segment.lastAt ?? Number.NEGATIVE_INFINITY) < this.oldest
  }
}

function octetsOf({ octets, indexOctets }: Segment): number {
  return octets + indexOctets
}
