import { type Queries, statement } from '@cartero/sql/postgres'

import { afterSeparator, separator } from '../mailbox-name.ts'
import type { MailboxRow, MailboxState } from '../mailbox-row.ts'
import { MailStoreError, type AccountId, type MailboxId, type SpecialUse } from '../ports.ts'
import { numbers, WRITTEN_AT_ONCE } from './columns.ts'

/** Of `mailbox` joined with `account`. */
export const columns = `mailbox.id, mailbox.account, account.name AS owner, mailbox.name, uid_validity AS "uidValidity",
  no_select::int AS "noSelect", special_use AS "specialUse", uid_next AS "uidNext", modseq, messages, unseen, size, recent,
  recent_from AS "recentFrom", remembered, forgotten, keywords`

export const subscribed = `EXISTS (SELECT 1 FROM subscription
  WHERE subscription.account = mailbox.account AND subscription.name = mailbox.name)::int AS subscribed`

const from = 'FROM mailbox JOIN account ON account.id = mailbox.account'

const selectedById = statement(`SELECT ${columns} ${from} WHERE mailbox.id = $1 AND NOT no_select`)
const ownerById = statement(`SELECT account.name AS owner ${from} WHERE mailbox.id = $1`)
const byPlaces = statement(
  `SELECT ${columns} FROM unnest($1::text[], $2::text[]) AS place (account, name)
   JOIN account ON account.name = place.account
   JOIN mailbox ON mailbox.account = account.id AND mailbox.name = place.name`,
)
const around = statement(
  `SELECT ${columns} ${from} WHERE mailbox.account = $1
   AND (mailbox.name = ANY($2::text[]) OR special_use = ANY($3::text[]) OR (mailbox.name > $4 AND mailbox.name < $5))`,
)
const views = statement(`SELECT ${columns}, ${subscribed} ${from} WHERE account.name = $1 AND active`)
const view = statement(
  `SELECT ${columns}, ${subscribed} ${from} WHERE account.name = $1 AND active AND mailbox.name = $2`,
)
const counts = statement(
  `SELECT account, COUNT(*)::int AS count FROM mailbox WHERE account = ANY($1::bigint[]) GROUP BY account`,
)
const insert = statement(
  `INSERT INTO mailbox (account, name, uid_validity, no_select, special_use)
   SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::boolean[], $5::text[]) RETURNING id, account, name`,
)
const update = statement(
  `UPDATE mailbox SET uid_next = given.uid_next, modseq = given.modseq, messages = given.messages, unseen = given.unseen,
     size = given.size, recent = given.recent, recent_from = given.recent_from, remembered = given.remembered,
     forgotten = given.forgotten, keywords = given.keywords
   FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
     $8::bigint[], $9::bigint[], $10::bigint[], $11::text[]) AS given (id, uid_next, modseq, messages, unseen, size,
     recent, recent_from, remembered, forgotten, keywords) WHERE mailbox.id = given.id`,
)
const rename = statement(
  `UPDATE mailbox SET name = given.name FROM unnest($1::bigint[], $2::text[]) AS given (id, name)
   WHERE mailbox.id = given.id`,
)
const remove = statement('DELETE FROM mailbox WHERE id = ANY($1::bigint[])')
const dropMessages = statement(
  `WITH portion AS MATERIALIZED (
     SELECT uid, record FROM message WHERE mailbox = $1 AND uid > $2 ORDER BY uid LIMIT ${WRITTEN_AT_ONCE}
   ), messages AS (
     DELETE FROM message USING portion WHERE message.mailbox = $1 AND message.uid = portion.uid
   ), records AS (
     DELETE FROM record USING portion WHERE record.id = portion.record
   )
   SELECT MAX(uid) AS last FROM portion`,
)
const dropExpunges = statement('DELETE FROM expunge WHERE mailbox = ANY($1::bigint[])')

/** Throws `noMailbox`. */
export async function accountOfMailbox(queries: Queries, id: MailboxId): Promise<AccountId> {
  const [found] = await queries.rows<{ owner: AccountId }>(ownerById, [id])
  if (found === undefined) throw goneMailbox()
  return found.owner
}

/** Throws `noMailbox` when it is gone or cannot be selected. To be asked after its account was locked. */
export async function selectedMailbox(queries: Queries, id: MailboxId): Promise<MailboxState> {
  const [found] = await queries.rows<MailboxState>(selectedById, [id])
  if (found === undefined) throw goneMailbox()
  return found
}

export function goneMailbox(): MailStoreError {
  return new MailStoreError('noMailbox', 'the mailbox is gone')
}

/** Those of the places (account, name) at which there is one. To be asked after the accounts were locked. */
export async function mailboxesAt(
  queries: Queries,
  accounts: readonly AccountId[],
  names: readonly string[],
): Promise<readonly MailboxState[]> {
  return queries.rows<MailboxState>(byPlaces, [accounts, names])
}

/** Those of an account that have one of the names or uses, or are below a name. */
export async function mailboxesAround(
  queries: Queries,
  account: number,
  wanted: {
    readonly names: readonly string[]
    readonly uses?: readonly SpecialUse[]
    readonly below?: string
  },
): Promise<readonly MailboxState[]> {
  const { names, uses = [], below } = wanted
  const range = below === undefined ? ['', ''] : [below + separator, below + afterSeparator]
  return queries.rows<MailboxState>(around, [account, names, uses, ...range])
}

export async function viewsOf(queries: Queries, account: AccountId): Promise<readonly MailboxRow[]> {
  return queries.rows<MailboxRow>(views, [account])
}

export async function viewOf(
  queries: Queries,
  account: AccountId,
  name: string,
): Promise<MailboxRow | undefined> {
  return (await queries.rows<MailboxRow>(view, [account, name]))[0]
}

/** How many mailboxes, noSelect names included, each account has. */
export async function countsOf(
  queries: Queries,
  accounts: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await queries.rows<{ account: number; count: number }>(counts, [numbers(accounts)])
  return new Map(rows.map(({ account, count }) => [account, count]))
}

/** Returns their ids in the order in which they are given. */
export async function insertMailboxes(
  queries: Queries,
  fresh: readonly MailboxState[],
): Promise<MailboxId[]> {
  if (fresh.length === 0) return []
  const rows = await queries.rows<{ id: number; account: number; name: string }>(insert, [
    numbers(fresh.map(({ account }) => account)),
    fresh.map(({ name }) => name),
    numbers(fresh.map(({ uidValidity }) => uidValidity)),
    fresh.map(({ noSelect }) => noSelect === 1),
    fresh.map(({ specialUse }) => specialUse),
  ])
  const ids = new Map(rows.map(({ id, account, name }) => [placeOf(account, name), id]))
  return fresh.map(({ account, name }) => ids.get(placeOf(account, name)) as MailboxId)
}

export function placeOf(account: number, name: string): string {
  return `${account} ${name}`
}

/** Writes the counters and keywords. */
export async function saveMailboxes(queries: Queries, states: readonly MailboxState[]): Promise<void> {
  if (states.length === 0) return
  const column = (of: (state: MailboxState) => number) => numbers(states.map(of))
  await queries.run(update, [
    column(({ id }) => id),
    column(({ uidNext }) => uidNext),
    column(({ modseq }) => modseq),
    column(({ messages }) => messages),
    column(({ unseen }) => unseen),
    column(({ size }) => size),
    column(({ recent }) => recent),
    column(({ recentFrom }) => recentFrom),
    column(({ remembered }) => remembered),
    column(({ forgotten }) => forgotten),
    states.map(({ keywords }) => keywords),
  ])
}

export async function renameMailboxes(
  queries: Queries,
  ids: readonly MailboxId[],
  names: readonly string[],
): Promise<void> {
  await queries.run(rename, [numbers(ids), names])
}

/** Removes rows that have no messages. */
export async function removeMailboxes(queries: Queries, ids: readonly MailboxId[]): Promise<void> {
  if (ids.length > 0) await queries.run(remove, [numbers(ids)])
}

/** Removes mailboxes and their messages. */
export async function dropMailboxes(queries: Queries, ids: readonly MailboxId[]): Promise<void> {
  if (ids.length === 0) return
  for (const id of ids) {
    for (let last: number | null = 0; last !== null;) last = await dropPortion(queries, id, last)
  }
  await queries.run(dropExpunges, [numbers(ids)])
  await queries.run(remove, [numbers(ids)])
}

/** Removes some messages after a uid. Returns the last of them; null when there was none. */
async function dropPortion(queries: Queries, id: MailboxId, after: number): Promise<number | null> {
  const [portion] = await queries.rows<{ last: number | null }>(dropMessages, [id, after])
  return portion?.last ?? null
}
