import { parseMailboxName } from '../mailbox-name.ts'
import type { MailStoreLimits } from '../limits.ts'
import type { AccountId, AppendOutcome, NewMessage } from '../ports.ts'
import type { MemoryAccount } from './account.ts'
import type { MemoryMailbox } from './mailbox.ts'

type Accounts = ReadonlyMap<AccountId, MemoryAccount>
type Refusal = { readonly kind: 'noMailbox' | 'noAccount' | 'overQuota' }

/** What a batch that is all or nothing would have added so far. */
class Tally {
  readonly octets = new Map<AccountId, number>()
  readonly messages = new Map<string, number>()
  readonly names = new Map<AccountId, Set<string>>()
  readonly keys = new Set<string>()
}

interface Appended {
  readonly outcomes: readonly AppendOutcome[]
  /** Mailboxes that came into being. */
  readonly made: readonly MemoryMailbox[]
}

/** Appends, and remembers the keys of what it appended. */
export class Appender {
  readonly #limits: MailStoreLimits
  readonly #clock: { now(): number }
  /** When each key was used, the oldest first. */
  readonly #keys = new Map<string, number>()

  constructor(limits: MailStoreLimits, clock: { now(): number }) {
    this.#limits = limits
    this.#clock = clock
  }

  each(messages: readonly NewMessage[], accounts: Accounts): Appended {
    this.#forgetKeys()
    const made: MemoryMailbox[] = []
    const outcomes = messages.map((message): AppendOutcome => {
      if (!accounts.has(message.account)) return { kind: 'noAccount' }
      if (this.#isDuplicate(message, undefined)) return { kind: 'duplicate' }
      return this.#refusal(message, accounts, new Tally()) ?? this.#append(message, accounts, made)
    })
    return { outcomes, made }
  }

  allOrNothing(messages: readonly NewMessage[], accounts: Accounts): Appended {
    this.#forgetKeys()
    const tally = new Tally()
    for (const message of messages) {
      if (accounts.has(message.account) && this.#isDuplicate(message, tally)) continue
      const refusal = this.#refusal(message, accounts, tally)
      if (refusal) return { outcomes: messages.map(() => refusal), made: [] }
    }
    return this.each(messages, accounts)
  }

  #isDuplicate(message: NewMessage, tally: Tally | undefined): boolean {
    const key = keyOf(message)
    return key !== undefined && (this.#keys.has(key) || tally?.keys.has(key) === true)
  }

  /** Why it cannot be appended after what is in the tally; else it is added to the tally. */
  #refusal(message: NewMessage, accounts: Accounts, tally: Tally): Refusal | undefined {
    const owner = accounts.get(message.account)
    if (owner === undefined) return { kind: 'noAccount' }
    const octets = (tally.octets.get(message.account) ?? 0) + message.size
    if (!owner.hasRoomFor(octets)) return { kind: 'overQuota' }
    const name = parseMailboxName(message.mailbox, this.#limits)
    if (name === undefined || !this.#hasPlace(owner, name, message.create === true, tally))
      return { kind: 'noMailbox' }
    const place = `${message.account}\0${name}`
    const count = (tally.messages.get(place) ?? 0) + 1
    if (count > (owner.selectable(name)?.room ?? this.#limits.lastUid)) return { kind: 'overQuota' }
    tally.octets.set(message.account, octets)
    tally.messages.set(place, count)
    const key = keyOf(message)
    if (key !== undefined) tally.keys.add(key)
    return undefined
  }

  /** Whether the mailbox is there or, when it may be, can be made. */
  #hasPlace(owner: MemoryAccount, name: string, create: boolean, tally: Tally): boolean {
    const planned = tally.names.get(owner.id) ?? new Set()
    if (owner.selectable(name) || planned.has(name)) return true
    if (!create) return false
    const fresh = new Set([...planned, ...owner.missing(name)])
    if (!owner.hasPlaceFor(fresh.size)) return false
    tally.names.set(owner.id, fresh.add(name))
    return true
  }

  #append(message: NewMessage, accounts: Accounts, made: MemoryMailbox[]): AppendOutcome {
    const owner = accounts.get(message.account) as MemoryAccount
    const name = parseMailboxName(message.mailbox, this.#limits) as string
    if (!owner.selectable(name)) made.push(...owner.create(name))
    const mailbox = owner.selectable(name) as MemoryMailbox
    const { internalDate, size, content, prefix, index } = message
    const { uid, modseq } = mailbox.append({ internalDate, size, content, prefix, index }, message.flags)
    const key = keyOf(message)
    if (key !== undefined) this.#keys.set(key, this.#clock.now())
    return {
      kind: 'appended',
      mailbox: mailbox.identity.id,
      uidValidity: mailbox.identity.uidValidity,
      uid,
      modseq,
    }
  }

  #forgetKeys(): void {
    const expired = this.#clock.now() - this.#limits.keyLifetime
    for (const [key, at] of this.#keys) {
      if (at >= expired) return
      this.#keys.delete(key)
    }
  }
}

function keyOf({ account, idempotencyKey }: NewMessage): string | undefined {
  return idempotencyKey === undefined ? undefined : `${account}\0${idempotencyKey}`
}
