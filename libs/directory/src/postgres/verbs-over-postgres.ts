import {
  type Postgres,
  type Queries,
  SharedTransactions,
  SqlError,
  statement,
  type TransactionOptions,
} from '@cartero/sql/postgres'
import { DirectoryError } from '../directory-error.ts'
import type { AskStore } from '../local-directory.ts'
import type { DirectoryVerbs } from '../verbs.ts'
import { settleVerbs, type Verb } from './settled-verbs.ts'

/** They take turns. */
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

/** They ask for whole lists, for which nobody else should wait. All others share what they read. */
const LISTING: ReadonlySet<keyof DirectoryVerbs> = new Set(['listDomains', 'listAccounts', 'listAliases'])

/** One state of the tables for all that is asked within. */
const READS: TransactionOptions = { isolation: 'repeatable read', isReadOnly: true, isPlannedOnce: true }
const WRITES: TransactionOptions = { isPlannedOnce: true }

/** Whoever writes waits for who does already, in whatever process, and sees what he wrote. */
const TAKE_TURN = statement(
  `SELECT pg_advisory_xact_lock(hashtext('cartero write'), hashtext(current_schema()))`,
)

/** The verbs, over the tables of a Postgres; each in a transaction, which sees one state of them. */
export function verbsOverPostgres(database: Postgres): AskStore {
  const shared = new SharedTransactions<Verb<unknown>, () => unknown>({
    database,
    perform: async (queries, verbs) => (await settleVerbs(queries, verbs)).outcomes,
    transaction: READS,
  })
  const run = <T>(name: keyof DirectoryVerbs, verb: Verb<T>): Promise<() => T> => {
    if (WRITING.has(name)) return database.transaction((queries) => write(queries, verb), WRITES)
    if (LISTING.has(name)) return database.transaction((queries) => read(queries, verb), READS)
    return shared.run(verb) as Promise<() => T>
  }
  return async (name, ...argument) => {
    try {
      const outcome = await run(name, (verbs) =>
        (verbs[name] as (...a: typeof argument) => never)(...argument),
      )
      return outcome()
    } catch (error) {
      throw translated(error)
    }
  }
}

async function read<T>(queries: Queries, verb: Verb<T>): Promise<() => T> {
  const { outcomes } = await settleVerbs(queries, [verb])
  return outcomes[0]!
}

async function write<T>(queries: Queries, verb: Verb<T>): Promise<() => T> {
  await queries.rows(TAKE_TURN)
  const { outcomes, writes } = await settleVerbs(queries, [verb])
  const result = outcomes[0]!()
  for (const { statement: text, values } of writes) await queries.run(text, values)
  return () => result
}

/** What passes is told apart from what does not. */
function translated(error: unknown): unknown {
  if (!(error instanceof SqlError) || error.fault === 'bug' || error.fault === 'constraint') return error
  const words = 'the directory cannot be reached at the moment: try again later'
  return new DirectoryError('unavailable', words, { cause: error })
}
