import { type Resolution, Resolution_Verdict as Verdict, type Target } from '@cartero/contracts/directory'
import { type Address, type AddressPolicy, asWritten, isRole, parseAddress } from './address.ts'
import { type Entry, findEntry } from './entry.ts'
import type { DomainRecord, RecordReader } from './records.ts'

/** Aliases that lead to aliases: real ones need two or three. */
export const MAX_ALIAS_DEPTH = 10

/** Names looked at for one recipient: bounds the work that one RCPT can cause, and the mailboxes that it fills. */
export const MAX_ALIAS_NAMES = 1000

/**
 * Where mail for an address goes. The order is: account, alias, user of a subaddress (account, alias), postmaster and
 * abuse, catch-all.
 *
 * Of a domain whose mail waits for a customer, every address leads to the customer, and to nobody here: who has which name there is
 * his affair. RFC 2645 §4
 *
 * Each name is followed once, so a circle that also leads to somebody does no harm. What was cut short by a limit is
 * never accepted, because a part of its readers would not get the mail.
 */
export function resolveRecipient(records: RecordReader, text: string, policy: AddressPolicy): Resolution {
  const address = parseAddress(text, policy) ?? barePostmaster(records, text, policy)
  const domain = address && records.domain(address.domain)
  if (address === undefined || domain === undefined) return verdict(Verdict.NOT_OURS)
  const resolution = expand(records, address, policy)
  if (resolution.verdict === Verdict.ACCEPT || !isRole(address)) return resolution
  return resolveRole(records, domain, policy) ?? resolution
}

/** `RCPT TO:<postmaster>`, without a domain, is for the first of ours that we read ourselves. RFC 5321 §4.5.1 */
function barePostmaster(records: RecordReader, text: string, policy: AddressPolicy): Address | undefined {
  const domain = text.toLowerCase() === 'postmaster' ? records.firstDomain() : undefined
  return domain === undefined ? undefined : parseAddress(`postmaster@${domain}`, policy)
}

/** Mail for postmaster is accepted as long as anybody can read it. RFC 5321 §4.5.1 */
function resolveRole(
  records: RecordReader,
  domain: DomainRecord,
  policy: AddressPolicy,
): Resolution | undefined {
  return roleHolders(records, domain)
    .map((holder) => parseAddress(holder, policy))
    .map((holder) => holder && expand(records, holder, policy))
    .find((resolution) => resolution?.verdict === Verdict.ACCEPT)
}

function roleHolders(records: RecordReader, domain: DomainRecord): readonly string[] {
  const holders = [domain.postmaster, records.firstAccount(domain.name), records.firstAccount()]
  return holders.filter((holder) => holder !== undefined && holder !== '') as string[]
}

function expand(records: RecordReader, address: Address, policy: AddressPolicy): Resolution {
  const expansion = new Expansion(records, policy)
  expansion.follow(address, '', 0)
  return expansion.resolution()
}

class Expansion {
  readonly #records: RecordReader
  readonly #policy: AddressPolicy
  readonly #names = new Map<string, 'open' | 'done'>()
  readonly #targets = new Map<string, Target>()
  readonly #forwards = new Set<string>()
  readonly #collected = new Set<string>()
  #sawCircle = false
  #sawLimit = false
  #sawDisabled = false

  constructor(records: RecordReader, policy: AddressPolicy) {
    this.#records = records
    this.#policy = policy
  }

  resolution(): Resolution {
    const targets = [...this.#targets.values()]
    const forwards = [...this.#forwards]
    const collected = [...this.#collected]
    if (this.#sawLimit) return verdict(Verdict.ALIAS_LOOP)
    if (this.#hasReaders) return { verdict: Verdict.ACCEPT, targets, forwards, collected }
    if (this.#sawDisabled) return verdict(Verdict.DISABLED)
    return verdict(this.#sawCircle ? Verdict.ALIAS_LOOP : Verdict.NO_SUCH_USER)
  }

  /** @param detail of the address that led here; it goes to the accounts that have none of their own */
  follow(address: Address | undefined, detail: string, depth: number): void {
    if (address === undefined || !this.#enter(address.text, depth)) return
    const domain = this.#records.domain(address.domain)
    if (domain === undefined) this.#forwards.add(asWritten(address))
    else if (domain.collection !== undefined) this.#collected.add(asWritten(address))
    else this.#followLocal(address, domain, detail, depth)
    this.#names.set(address.text, 'done')
  }

  get #hasReaders(): boolean {
    return this.#targets.size + this.#forwards.size + this.#collected.size > 0
  }

  #parse(text: string): Address | undefined {
    return parseAddress(text, this.#policy)
  }

  #enter(name: string, depth: number): boolean {
    const seen = this.#names.get(name)
    if (seen === 'open') this.#sawCircle = true
    if (seen !== undefined) return false
    if (depth > MAX_ALIAS_DEPTH || this.#names.size >= MAX_ALIAS_NAMES) {
      this.#sawLimit = true
      return false
    }
    this.#names.set(name, 'open')
    return true
  }

  #followLocal(address: Address, domain: DomainRecord, detail: string, depth: number): void {
    const entry = findEntry(this.#records, address, this.#policy)
    if (entry !== undefined) this.#followEntry(entry, entry.detail || detail, depth)
    else if (isRole(address)) this.#followFirst(roleHolders(this.#records, domain), depth)
    else if (domain.catchAll !== '') this.follow(this.#parse(domain.catchAll), '', depth + 1)
  }

  #followEntry(entry: Entry, detail: string, depth: number): void {
    if (entry.kind === 'alias') {
      for (const target of entry.targets) this.follow(this.#parse(target), detail, depth + 1)
    } else if (entry.account.disabled) {
      this.#sawDisabled = true
    } else if (!this.#targets.has(entry.account.address)) {
      this.#targets.set(entry.account.address, { account: entry.account.address, detail })
    }
  }

  #followFirst(names: readonly string[], depth: number): void {
    for (const name of names) {
      this.follow(this.#parse(name), '', depth + 1)
      if (this.#hasReaders) return
    }
  }
}

function verdict(value: Verdict): Resolution {
  return { verdict: value, targets: [], forwards: [], collected: [] }
}
