import { type Queries, statement } from '@cartero/sql/postgres'

import { MailStoreError, type AccountId, type AccountUsage } from '../ports.ts'
import { numbers } from './columns.ts'

/** A row of `account` that is locked: nobody else writes anything of this account until the transaction ends. */
export interface Owner {
  readonly id: number
  readonly name: AccountId
  readonly quota: number
  /** Saved by whoever makes mailboxes. */
  lastUidValidity: number
}

const columns = 'id, name, quota, last_uid_validity AS "lastUidValidity"'

// In order of number: two that lock several meet at the first they share.
const lockAll = statement(
  `SELECT ${columns} FROM account WHERE name = ANY($1::text[]) AND active ORDER BY id FOR NO KEY UPDATE`,
)
const lockByMailbox = statement(
  `SELECT ${columns} FROM account WHERE id = (SELECT account FROM mailbox WHERE id = $1) AND active FOR NO KEY UPDATE`,
)
const provide = statement(
  `INSERT INTO account (name, active) VALUES ($1, true) ON CONFLICT (name) DO UPDATE SET active = true
   RETURNING ${columns}`,
)
const retire = statement('UPDATE account SET active = false, quota = 0 WHERE id = $1')
const setQuota = statement('UPDATE account SET quota = $2 WHERE name = $1 AND active')
const saveUidValidities = statement(
  `UPDATE account SET last_uid_validity = given.last FROM unnest($1::bigint[], $2::bigint[]) AS given (id, last)
   WHERE account.id = given.id`,
)
const usedBy = statement(
  `SELECT account, SUM(size)::bigint AS octets FROM mailbox
   WHERE account IN (SELECT id FROM account WHERE name = ANY($1::text[]) AND quota <> 0) GROUP BY account`,
)
const usage = statement(
  `SELECT quota, COALESCE(SUM(size), 0)::bigint AS octets, COALESCE(SUM(messages), 0)::bigint AS messages
   FROM account LEFT JOIN mailbox ON mailbox.account = account.id WHERE account.name = $1 AND active GROUP BY account.id`,
)

/** Locks those of the accounts that are there. */
export async function lockOwners(queries: Queries, names: readonly AccountId[]): Promise<readonly Owner[]> {
  return queries.rows<Owner>(lockAll, [names])
}

export async function lockOwner(queries: Queries, name: AccountId): Promise<Owner | undefined> {
  return (await lockOwners(queries, [name]))[0]
}

/** Throws `noMailbox`. */
export async function existingOwner(queries: Queries, name: AccountId): Promise<Owner> {
  const owner = await lockOwner(queries, name)
  if (owner === undefined) throw new MailStoreError('noMailbox', `there is no account ${name}`)
  return owner
}

/** Locks the account whose mailbox it is. Throws `noMailbox`. */
export async function ownerOf(queries: Queries, mailbox: number): Promise<Owner> {
  const [owner] = await queries.rows<Owner>(lockByMailbox, [mailbox])
  if (owner === undefined) throw new MailStoreError('noMailbox', 'the mailbox is gone')
  return owner
}

/** Makes the account, or wakes it up, and locks it. */
export async function provideOwner(queries: Queries, name: AccountId): Promise<Owner> {
  const owner = await lockOwner(queries, name)
  return owner ?? ((await queries.rows<Owner>(provide, [name]))[0] as Owner)
}

export async function retireOwner(queries: Queries, owner: Owner): Promise<void> {
  await queries.run(retire, [owner.id])
}

/** False when there is no such account. */
export async function changeQuota(queries: Queries, name: AccountId, octets: number): Promise<boolean> {
  return (await queries.run(setQuota, [name, octets])) > 0
}

/** Ascending for ever within an account, and close to the time (RFC 9051 §2.3.1.1). */
export function nextUidValidity(owner: Owner, now: number): number {
  return (owner.lastUidValidity = Math.max(owner.lastUidValidity + 1, Math.floor(now / 1000)))
}

export async function keepUidValidities(queries: Queries, owners: readonly Owner[]): Promise<void> {
  const last = owners.map(({ lastUidValidity }) => lastUidValidity)
  await queries.run(saveUidValidities, [numbers(owners.map(({ id }) => id)), numbers(last)])
}

/** Octets that accounts with a quota hold, by their numbers. To be asked after they were locked. */
export async function octetsUsed(
  queries: Queries,
  names: readonly AccountId[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await queries.rows<{ account: number; octets: number }>(usedBy, [names])
  return new Map(rows.map(({ account, octets }) => [account, octets]))
}

/** Octets that an account may still take. */
export function roomOf({ id, quota }: Owner, used: ReadonlyMap<number, number>): number {
  return quota === 0 ? Infinity : quota - (used.get(id) ?? 0)
}

export async function usageOf(queries: Queries, name: AccountId): Promise<AccountUsage | undefined> {
  return (await queries.rows<AccountUsage>(usage, [name]))[0]
}
