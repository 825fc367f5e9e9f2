import type { Queries } from '@cartero/sql/postgres'

import { inbox, isBelow, parentsOf, parseMailboxName, provisioned } from '../mailbox-name.ts'
import type { MailboxState } from '../mailbox-row.ts'
import { MailStoreError, type AccountId, type MailboxId, type SpecialUse } from '../ports.ts'
import { existingOwner, lockOwner, provideOwner, retireOwner, type Owner } from './accounts.ts'
import { moveLines } from './copies.ts'
import { Household, type Making } from './household.ts'
import { countsOf, dropMailboxes, mailboxesAround, renameMailboxes, viewsOf } from './mailboxes.ts'
import { linesOf } from './messages.ts'
import { addSubscriptions, dropSubscriptions } from './subscriptions.ts'

/** Who asks, when, and within which limits. */
export interface Asking extends Making {
  readonly account: AccountId
}

/** What a change of the list touched. */
export interface ListChange {
  /** Mailboxes that came, were renamed, or went. */
  readonly listed: readonly MailboxId[]
  /** Mailboxes whose messages changed. */
  readonly changed: readonly MailboxId[]
}

export async function provision(queries: Queries, asking: Asking): Promise<ListChange> {
  const owner = await provideOwner(queries, asking.account)
  const [names, uses] = [provisioned.map(([name]) => name), provisioned.map(([, use]) => use)]
  const states = await mailboxesAround(queries, owner.id, { names: [inbox, ...names], uses })
  const household = await householdOf(queries, owner, states)
  const used = new Set(states.map(({ specialUse }) => specialUse))
  const wanted = [[inbox, null] as const, ...provisioned.filter(([, use]) => !used.has(use))]
  const missing = wanted.filter(([name]) => !household.selectable(name))
  if (missing.length === 0) return { listed: [], changed: [] }
  const made = missing.flatMap(([name, use]) => household.make(name, asking, use))
  await Household.keep(queries, [household])
  await addSubscriptions(
    queries,
    owner,
    missing.map(([name]) => name),
  )
  return { listed: idsOf(made), changed: [] }
}

export async function removeAccount(queries: Queries, account: AccountId): Promise<ListChange> {
  const owner = await lockOwner(queries, account)
  if (owner === undefined) return { listed: [], changed: [] }
  const listed = idsOf(await viewsOf(queries, account))
  await dropMailboxes(queries, listed)
  await dropSubscriptions(queries, owner)
  await retireOwner(queries, owner)
  return { listed, changed: [] }
}

/** Throws `exists`, `notAllowed`, `limit`, `noMailbox`. */
export async function create(
  queries: Queries,
  asking: Asking,
  { name, specialUse }: { readonly name: string; readonly specialUse: SpecialUse | null },
): Promise<ListChange> {
  const owner = await existingOwner(queries, asking.account)
  if (name === '') throw new MailStoreError('notAllowed', 'the name is not allowed')
  const uses = specialUse === null ? [] : [specialUse]
  const states = await mailboxesAround(queries, owner.id, { names: [name, ...parentsOf(name)], uses })
  const household = await householdOf(queries, owner, states)
  if (household.selectable(name)) throw new MailStoreError('exists', `${name} exists`)
  if (specialUse !== null && states.some((state) => state.specialUse === specialUse)) {
    throw new MailStoreError('notAllowed', `another mailbox is ${specialUse}`)
  }
  const made = household.make(name, asking, specialUse)
  await Household.keep(queries, [household])
  return { listed: idsOf(made), changed: [] }
}

/** Throws `noMailbox`, `notAllowed`. */
export async function remove(queries: Queries, asking: Asking, name: string): Promise<ListChange> {
  const owner = await existingOwner(queries, asking.account)
  const states = await mailboxesAround(queries, owner.id, { names: [name], below: name })
  const household = new Household(owner, states)
  const found = existing(household, name)
  const hasChildren = states.some((state) => isBelow(state.name, name))
  if (name === inbox || (found.noSelect && hasChildren)) {
    throw new MailStoreError('notAllowed', `${name} cannot be deleted`)
  }
  await dropMailboxes(queries, [found.id])
  if (hasChildren) household.makeNoSelect(name, asking)
  await Household.keep(queries, [household])
  return { listed: [found.id], changed: [] }
}

/** Throws `noMailbox`, `exists`, `notAllowed`, `limit`. */
export async function rename(
  queries: Queries,
  asking: Asking,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<ListChange> {
  const owner = await existingOwner(queries, asking.account)
  const states = await mailboxesAround(queries, owner.id, {
    names: [from, to, ...parentsOf(to)],
    below: from,
  })
  const household = await householdOf(queries, owner, states)
  const source = existing(household, from)
  if (to === '') throw new MailStoreError('notAllowed', 'the name is not allowed')
  if (household.find(to)) throw new MailStoreError('exists', `${to} exists`)
  if (from === inbox) return emptyInbox(queries, { household, source, to }, asking)
  if (isBelow(to, from)) throw new MailStoreError('notAllowed', `${to} is below ${from}`)
  return renameTree(queries, { household, source, to, states }, asking)
}

interface Renaming {
  readonly household: Household
  readonly source: MailboxState
  readonly to: string
}

async function renameTree(
  queries: Queries,
  { household, source, to, states }: Renaming & { readonly states: readonly MailboxState[] },
  making: Making,
): Promise<ListChange> {
  const moved = [source, ...states.filter(({ name }) => isBelow(name, source.name))]
  const names = moved.map(({ name }) => to + name.slice(source.name.length))
  if (names.some((name) => parseMailboxName(name, making.limits) === undefined)) {
    throw new MailStoreError('notAllowed', 'the name of a child would not be allowed')
  }
  // A renamed mailbox keeps its UIDVALIDITY: why, is told where SQLite does it.
  const made = household.makeParents(to, making)
  await Household.keep(queries, [household])
  await renameMailboxes(queries, idsOf(moved), names)
  return { listed: [...idsOf(made), ...idsOf(moved)], changed: [] }
}

/** RFC 9051 §6.3.6: INBOX stays, its messages go. */
async function emptyInbox(
  queries: Queries,
  { household, source, to }: Renaming,
  making: Making,
): Promise<ListChange> {
  const made = household.make(to, making)
  await Household.keep(queries, [household])
  const lines = await linesOf(queries, source.id)
  const target = made.at(-1) as MailboxState
  await moveLines(queries, { source, target, lines, limits: making.limits })
  return { listed: idsOf(made), changed: lines.length > 0 ? [source.id] : [] }
}

async function householdOf(
  queries: Queries,
  owner: Owner,
  states: readonly MailboxState[],
): Promise<Household> {
  return new Household(owner, states, (await countsOf(queries, [owner.id])).get(owner.id) ?? 0)
}

function existing(household: Household, name: string): MailboxState {
  const found = household.find(name)
  if (found === undefined) throw new MailStoreError('noMailbox', `there is no ${name}`)
  return found
}

function idsOf(states: readonly MailboxState[]): MailboxId[] {
  return states.map(({ id }) => id)
}
