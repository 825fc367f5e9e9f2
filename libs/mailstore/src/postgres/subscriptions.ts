import { type Queries, statement } from '@cartero/sql/postgres'

import { MailStoreError, type AccountId } from '../ports.ts'
import { existingOwner, type Owner } from './accounts.ts'
import type { Asking } from './folders.ts'
import { mailboxesAround } from './mailboxes.ts'

const dropAll = statement('DELETE FROM subscription WHERE account = $1')
const add = statement(
  `INSERT INTO subscription (account, name) SELECT $1::bigint, name FROM unnest($2::text[]) AS name
   ON CONFLICT DO NOTHING`,
)
const countOthers = statement(
  'SELECT COUNT(*)::int AS count FROM subscription WHERE account = $1 AND name <> $2',
)
const remove = statement('DELETE FROM subscription WHERE account = $1 AND name = $2')
const names = statement(
  `SELECT subscription.name FROM subscription JOIN account ON account.id = subscription.account
   WHERE account.name = $1 AND active`,
)

/** Names, whether there is a mailbox or not (RFC 9051 §6.3.7). */
export async function subscriptionsOf(queries: Queries, account: AccountId): Promise<string[]> {
  return (await queries.rows<{ name: string }>(names, [account])).map(({ name }) => name)
}

/** Throws `noMailbox` when subscribing to what is not there, or there is no such account; `limit`. */
export async function subscribe(
  queries: Queries,
  { account, limits }: Asking,
  { name, subscribed }: { readonly name: string; readonly subscribed: boolean },
): Promise<void> {
  const owner = await existingOwner(queries, account)
  if (!subscribed) return void (await queries.run(remove, [owner.id, name]))
  const [found] = await mailboxesAround(queries, owner.id, { names: [name] })
  if (found === undefined) throw new MailStoreError('noMailbox', `there is no ${name}`)
  const [others] = await queries.rows<{ count: number }>(countOthers, [owner.id, name])
  if ((others?.count ?? 0) >= limits.subscriptionsPerAccount) {
    throw new MailStoreError('limit', 'too many subscriptions')
  }
  await addSubscriptions(queries, owner, [name])
}

export async function addSubscriptions(
  queries: Queries,
  owner: Owner,
  added: readonly string[],
): Promise<void> {
  await queries.run(add, [owner.id, added])
}

export async function dropSubscriptions(queries: Queries, owner: Owner): Promise<void> {
  await queries.run(dropAll, [owner.id])
}
