import type { Queries } from '@cartero/sql/postgres'

import type { MailStoreLimits } from '../limits.ts'
import { parentsOf } from '../mailbox-name.ts'
import type { MailboxState } from '../mailbox-row.ts'
import { MailStoreError, type MailboxId, type SpecialUse } from '../ports.ts'
import { keepUidValidities, nextUidValidity, type Owner } from './accounts.ts'
import { insertMailboxes, removeMailboxes } from './mailboxes.ts'

/** When and within what mailboxes are made. */
export interface Making {
  readonly now: number
  readonly limits: MailStoreLimits
}

/** Mailboxes of a locked account, as far as they were read, and those that are to be made or to give way. */
export class Household {
  readonly owner: Owner
  /** Mailboxes it has; read only when some are made. */
  count = 0
  #states: Map<string, MailboxState>
  #fresh: MailboxState[] = []
  #removed: MailboxId[] = []

  constructor(owner: Owner, states: Iterable<MailboxState> = [], count = 0) {
    this.owner = owner
    this.count = count
    this.#states = new Map([...states].map((state) => [state.name, state]))
  }

  find(name: string): MailboxState | undefined {
    return this.#states.get(name)
  }

  selectable(name: string): MailboxState | undefined {
    const found = this.find(name)
    return found?.noSelect ? undefined : found
  }

  add(state: MailboxState): void {
    this.#states.set(state.name, state)
  }

  /**
   * Makes a mailbox and its missing parents; a noSelect of the name gives way. The parents come first. Throws `limit`, and then nothing
   * was made.
   */
  make(name: string, { now, limits }: Making, specialUse: SpecialUse | null = null): readonly MailboxState[] {
    const old = this.find(name)
    const missing = parentsOf(name).filter((parent) => !this.#states.has(parent))
    this.#leavePlace(missing.length + (old ? 0 : 1), limits)
    if (old) this.giveWay(old)
    const parents = missing.map((parent) => this.#make(parent, now, { noSelect: 0, specialUse: null }))
    return [...parents, this.#make(name, now, { noSelect: 0, specialUse })]
  }

  /** Throws `limit`. */
  makeParents(name: string, { now, limits }: Making): readonly MailboxState[] {
    const missing = parentsOf(name).filter((parent) => !this.#states.has(parent))
    this.#leavePlace(missing.length, limits)
    return missing.map((parent) => this.#make(parent, now, { noSelect: 0, specialUse: null }))
  }

  /** A name that cannot be selected. */
  makeNoSelect(name: string, { now }: Making): void {
    this.#make(name, now, { noSelect: 1, specialUse: null })
  }

  /** Takes a row out that has no messages. */
  giveWay(state: MailboxState): void {
    this.#states.delete(state.name)
    this.#removed.push(state.id)
    this.count--
  }

  /** What undoes all that is done from now on. */
  savepoint(): () => void {
    const { lastUidValidity } = this.owner
    const [count, fresh, removed] = [this.count, [...this.#fresh], [...this.#removed]]
    const states = [...this.#states.values()].map((state) => [state, { ...state }] as const)
    return () => {
      this.owner.lastUidValidity = lastUidValidity
      Object.assign(this, { count })
      this.#fresh = fresh
      this.#removed = removed
      this.#states = new Map(states.map(([state, was]) => [was.name, Object.assign(state, was)]))
    }
  }

  /** Writes what was made: from then on the states have their ids. */
  static async keep(queries: Queries, households: readonly Household[]): Promise<void> {
    const changed = households.filter((each) => each.#fresh.length + each.#removed.length > 0)
    if (changed.length === 0) return
    await removeMailboxes(
      queries,
      changed.flatMap((each) => each.#removed),
    )
    const fresh = changed.flatMap((each) => each.#fresh)
    const ids = await insertMailboxes(queries, fresh)
    for (const [at, state] of fresh.entries()) Object.assign(state, { id: ids[at] })
    await keepUidValidities(
      queries,
      changed.map(({ owner }) => owner),
    )
  }

  #make(name: string, now: number, kind: Pick<MailboxState, 'noSelect' | 'specialUse'>): MailboxState {
    const uidValidity = nextUidValidity(this.owner, now)
    const state = { ...EMPTY, ...kind, account: this.owner.id, owner: this.owner.name, name, uidValidity }
    this.#fresh.push(state)
    this.#states.set(name, state)
    this.count++
    return state
  }

  #leavePlace(names: number, { mailboxesPerAccount }: MailStoreLimits): void {
    if (names > 0 && this.count + names > mailboxesPerAccount) {
      throw new MailStoreError('limit', 'too many mailboxes')
    }
  }
}

/** A mailbox that was just made; it has its id when it was written. */
const EMPTY = {
  id: 0,
  uidNext: 1,
  modseq: 1,
  messages: 0,
  unseen: 0,
  size: 0,
  recent: 0,
  recentFrom: 1,
  remembered: 0,
  forgotten: 0,
  keywords: '',
}
