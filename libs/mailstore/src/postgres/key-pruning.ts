import { type Postgres, statement } from '@cartero/sql/postgres'

/** Appends after which expired keys are pruned, and how many go then: twice as many as came, so that nothing ever has to sweep. */
export const PRUNING = { appends: 1_000, keys: 2_000 } as const

const prune = statement(
  `DELETE FROM delivered USING (
     SELECT account, key FROM delivered WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
   ) AS old WHERE delivered.account = old.account AND delivered.key = old.key`,
)

/** Removes idempotency keys that have expired, in portions. What an expired key says is not believed, pruned or not. */
export class KeyPruning {
  readonly #database: Postgres
  readonly #lifetime: number
  #appended = 0

  constructor(database: Postgres, lifetime: number) {
    this.#database = database
    this.#lifetime = lifetime
  }

  /** To be called after a commit. Rejects with SqlError; whatever was left goes another time. */
  async after(appended: number, now: number): Promise<void> {
    this.#appended += appended
    if (this.#appended < PRUNING.appends) return
    this.#appended = 0
    await this.#database.run(prune, [now - this.#lifetime, PRUNING.keys])
  }
}
