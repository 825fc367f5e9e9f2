import { compareNames, inbox, isBelow, parentsOf } from '../mailbox-name.ts'
import type { MailStoreLimits } from '../limits.ts'
import {
  MailStoreError,
  type AccountId,
  type AccountUsage,
  type MailboxId,
  type SpecialUse,
} from '../ports.ts'
import { MemoryMailbox } from './mailbox.ts'

/** An account: its mailboxes by name. Every name's parents are there too. Names are spelled as `parseMailboxName` does. */
export class MemoryAccount {
  readonly id: AccountId
  quota = 0
  readonly subscriptions = new Set<string>()
  readonly #mailboxes = new Map<string, MemoryMailbox>()
  readonly #limits: MailStoreLimits
  readonly #nextId: () => MailboxId
  readonly #nextUidValidity: () => number

  constructor(
    id: AccountId,
    limits: MailStoreLimits,
    nextId: () => MailboxId,
    nextUidValidity: () => number,
  ) {
    this.id = id
    this.#limits = limits
    this.#nextId = nextId
    this.#nextUidValidity = nextUidValidity
  }

  get mailboxes(): readonly MemoryMailbox[] {
    return [...this.#mailboxes.values()].toSorted((a, b) => compareNames(a.name, b.name))
  }

  usage(): AccountUsage {
    const mailboxes = [...this.#mailboxes.values()]
    return {
      octets: mailboxes.reduce((octets, { size }) => octets + size, 0),
      messages: mailboxes.reduce((messages, { uids }) => messages + uids.length, 0),
      quota: this.quota,
    }
  }

  hasRoomFor(octets: number): boolean {
    return this.quota === 0 || this.usage().octets + octets <= this.quota
  }

  find(name: string | undefined): MemoryMailbox | undefined {
    return name === undefined ? undefined : this.#mailboxes.get(name)
  }

  selectable(name: string | undefined): MemoryMailbox | undefined {
    const found = this.find(name)
    return found?.identity.noSelect ? undefined : found
  }

  /** The names that creating `name` brings into being, outermost first; what is there as noSelect does not count. */
  missing(name: string): readonly string[] {
    return [...parentsOf(name), name].filter((each) => !this.#mailboxes.has(each))
  }

  hasPlaceFor(names: number): boolean {
    return this.#mailboxes.size + names <= this.#limits.mailboxesPerAccount
  }

  /** Throws `exists`, `notAllowed` (the special use is taken), `limit`. Returns the mailboxes made, outermost first. */
  create(name: string, specialUse?: SpecialUse): MemoryMailbox[] {
    if (this.selectable(name)) throw new MailStoreError('exists', `${name} exists`)
    if (specialUse !== undefined && this.using(specialUse)) {
      throw new MailStoreError('notAllowed', `another mailbox is ${specialUse}`)
    }
    const names = this.missing(name)
    if (!this.hasPlaceFor(names.length)) throw new MailStoreError('limit', 'too many mailboxes')
    const parents = names.filter((each) => each !== name).map((each) => this.#make(each, false))
    return [...parents, this.#make(name, false, specialUse)]
  }

  using(specialUse: SpecialUse): MemoryMailbox | undefined {
    return this.mailboxes.find(({ identity }) => identity.specialUse === specialUse)
  }

  /** Returns what went. A noSelect that takes its place has an id of its own. */
  delete(name: string): MemoryMailbox {
    const found = this.#mailboxes.get(name)
    if (found === undefined) throw new MailStoreError('noMailbox', `there is no ${name}`)
    const hasChildren = [...this.#mailboxes.keys()].some((each) => isBelow(each, name))
    if (name === inbox || (found.identity.noSelect && hasChildren)) {
      throw new MailStoreError('notAllowed', `${name} cannot be deleted`)
    }
    this.#mailboxes.delete(name)
    if (hasChildren) this.#make(name, true)
    return found
  }

  /** The new name of each mailbox that a rename moves. */
  renamed(from: string, to: string): Map<MemoryMailbox, string> {
    const moving = this.mailboxes.filter(({ name }) => name === from || isBelow(name, from))
    return new Map(moving.map((mailbox) => [mailbox, to + mailbox.name.slice(from.length)]))
  }

  rename(names: ReadonlyMap<MemoryMailbox, string>): void {
    for (const { name } of names.keys()) this.#mailboxes.delete(name)
    for (const [mailbox, name] of names) {
      mailbox.name = name
      this.#mailboxes.set(name, mailbox)
    }
  }

  #make(name: string, noSelect: boolean, specialUse?: SpecialUse): MemoryMailbox {
    const identity = { id: this.#nextId(), account: this.id, uidValidity: this.#nextUidValidity(), noSelect }
    const made = new MemoryMailbox(name, specialUse ? { ...identity, specialUse } : identity, this.#limits)
    this.#mailboxes.set(name, made)
    return made
  }
}
