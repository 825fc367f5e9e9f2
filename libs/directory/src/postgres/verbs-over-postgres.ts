import {
  type Postgres,
  type Queries,
  SqlError,
  statement,
  type TransactionOptions,
} from '@cartero/sql/postgres'
import { DirectoryError } from '../directory-error.ts'
import type { AskStore } from '../local-directory.ts'
import { type DirectoryVerbs, directoryVerbs } from '../verbs.ts'
import { KnownRecords } from './known-records.ts'
import { readAnswers } from './reads.ts'

/**
 * Runs of one verb, each of which knows more than the one before. A list of aliases needs two for each of its MAX_ALIAS_DEPTH levels;
 * more is a verb that never has enough.
 */
export const MOST_RUNS = 64

/** All others only read. */
const WRITING: ReadonlySet<keyof DirectoryVerbs> = new Set([
  'completeCredential',
  'addDomain',
  'setDomain',
  'removeDomain',
  'addAccount',
  'setAccount',
  'setPassword',
  'removeAccount',
  'setAlias',
  'removeAlias',
])

/** Whoever writes waits for who does already, in whatever process, and sees what he wrote. */
const TAKE_TURN = statement(
  `SELECT pg_advisory_xact_lock(hashtext('cartero write'), hashtext(current_schema()))`,
)

const WRITES: TransactionOptions = { isPlannedOnce: true }
const READS: TransactionOptions = { isolation: 'repeatable read', isReadOnly: true, isPlannedOnce: true }

/** The verbs, over the tables of a Postgres; each in a transaction of its own, which sees one state of them. */
export function verbsOverPostgres(database: Postgres): AskStore {
  return async (verb, ...argument) => {
    const isWriting = WRITING.has(verb)
    const work = async (queries: Queries) => {
      if (isWriting) await queries.rows(TAKE_TURN)
      return await settled(queries, (verbs) => (verbs[verb] as (...a: typeof argument) => never)(...argument))
    }
    try {
      return await database.transaction(work, isWriting ? WRITES : READS)
    } catch (error) {
      throw translated(error)
    }
  }
}

/** Runs the verb until nothing is missing that it wants to know, and then writes what it wrote. */
async function settled<T>(queries: Queries, verb: (verbs: DirectoryVerbs) => T): Promise<T> {
  const records = new KnownRecords()
  const verbs = directoryVerbs(records)
  for (let run = 0; run < MOST_RUNS; run++) {
    records.begin()
    const outcome = attempt(() => verb(verbs))
    if (records.questions.size === 0) {
      const result = outcome()
      for (const { statement: text, values } of records.writes) await queries.run(text, values)
      return result
    }
    await readAnswers(queries, records.questions, (asked, key, answer) => records.learn(asked, key, answer))
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

/** What passes is told apart from what does not. */
function translated(error: unknown): unknown {
  if (!(error instanceof SqlError) || error.fault === 'bug' || error.fault === 'constraint') return error
  const words = 'the directory cannot be reached at the moment: try again later'
  return new DirectoryError('unavailable', words, { cause: error })
}
