import { type Queries, statement } from '@cartero/sql/postgres'

import type { AccountId, MailboxId } from '../ports.ts'
import type { SharedNews } from './news.ts'

/** Milliseconds between two looks for what was told to nobody: clients poll at such intervals, too, and a look is one statement. */
export const CATCH_UP_INTERVAL = 30_000

const looks = statement(
  `SELECT account.name, array_agg(mailbox.id::text ORDER BY mailbox.id) AS ids,
     md5(string_agg(mailbox.id || ' ' || modseq || ' ' || mailbox.name, '/' ORDER BY mailbox.id)) AS look
   FROM account JOIN mailbox ON mailbox.account = account.id
   WHERE account.name = ANY($1::text[]) AND active GROUP BY account.name`,
)

interface Look {
  readonly name: AccountId
  readonly ids: readonly string[]
  readonly look: string
}

/**
 * Looks at all watched accounts for what no news were heard of. An account that looks otherwise than the last time, or that nobody has
 * looked at before, is told as changed: hints may be repeated.
 */
export class CatchUp {
  readonly #queries: Queries
  readonly #news: SharedNews
  #looks = new Map<AccountId, Look>()

  constructor(queries: Queries, news: SharedNews) {
    this.#queries = queries
    this.#news = news
  }

  /** Rejects with SqlError; then it is done anew the next time. */
  async look(): Promise<void> {
    const watched = this.#news.watched()
    if (watched.length === 0) {
      this.#looks.clear()
      return
    }
    const rows = await this.#queries.rows<Look>(looks, [watched])
    const before = this.#looks
    this.#looks = new Map(rows.map((row) => [row.name, row]))
    for (const account of watched) {
      const [was, is] = [before.get(account), this.#looks.get(account)]
      if (was === undefined || was.look !== is?.look) this.#tell(account, was, is)
    }
  }

  #tell(account: AccountId, was: Look | undefined, is: Look | undefined): void {
    const ids = new Set<MailboxId>([...(was?.ids ?? []), ...(is?.ids ?? [])].map(Number))
    for (const mailbox of ids) {
      this.#news.tellHere({ account, mailbox, kind: 'messages' })
      this.#news.tellHere({ account, mailbox, kind: 'list' })
    }
  }
}
