import type { Queries } from '@cartero/sql/postgres'
import { type DirectoryVerbs, directoryVerbs } from '../verbs.ts'
import { type Answers, KnownRecords, type Write } from './known-records.ts'
import { readAnswers } from './reads.ts'

/**
 * Runs of one verb, each of which knows more than the one before. A list of aliases needs two for each of its MAX_ALIAS_DEPTH levels;
 * more is a verb that never has enough.
 */
export const MOST_RUNS = 64

export type Verb<T> = (verbs: DirectoryVerbs) => T

export interface Settled<T> {
  /** What each verb returned, or throws what it threw. */
  readonly outcomes: readonly (() => T)[]
  /** What the last of them wrote. */
  readonly writes: readonly Write[]
}

/**
 * Runs verbs until nothing is missing that they want to know. What one of them asks and what another asks is read together: as many round
 * trips as the one takes that needs most.
 */
export async function settleVerbs<T>(queries: Queries, verbs: readonly Verb<T>[]): Promise<Settled<T>> {
  const records = new KnownRecords()
  const runnable = directoryVerbs(records)
  const outcomes: (() => T)[] = []
  let open = verbs.map((verb, place) => ({ verb, place }))
  for (let run = 0; run < MOST_RUNS; run++) {
    const missing = new Map<keyof Answers, Set<string>>()
    open = open.filter(({ verb, place }) => {
      records.begin()
      outcomes[place] = attempt(() => verb(runnable))
      for (const [asked, keys] of records.questions)
        missing.set(asked, (missing.get(asked) ?? new Set()).union(keys))
      return records.questions.size > 0
    })
    if (open.length === 0) return { outcomes, writes: records.writes }
    await readAnswers(queries, missing, (asked, key, answer) => records.learn(asked, key, answer))
  }
  throw new Error(`a verb of the directory was not content after ${MOST_RUNS} runs`)
}

/** What a verb throws that was told guesses may be due to them. */
function attempt<T>(verb: () => T): () => T {
  try {
    const result = verb()
    return () => result
  } catch (error) {
    return () => {
      throw error
    }
  }
}
