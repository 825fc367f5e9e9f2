import {
  type CollectedDomain,
  type Collection,
  Resolution_Verdict as Verdict,
} from '@cartero/contracts/directory'
import { type AddressPolicy, asWritten, expectAddress, parseAddress } from './address.ts'
import { DirectoryError } from './directory-error.ts'
import type { CollectionRecord, DomainRecord, RecordReader, Records } from './records.ts'
import { resolveRecipient } from './resolve-recipient.ts'

/** Octets of a quota: what a signed 64-bit column holds. */
export const MAX_QUOTA = 2n ** 63n - 1n

/** Seconds: less gives mail back before anybody can have come for it, and is a slip in the unit. */
export const MIN_KEEP_SECONDS = 60n

/** Seconds, a year: who has not come by then will not, and the sender has waited long enough to hear of it. */
export const MAX_KEEP_SECONDS = 31_536_000n

/**
 * The domains whose mail an account may come for, in the order of their names: none for one that is unknown or disabled. The
 * account is a name, whatever characters it has, and never a pattern.
 */
// RFC 2645 §5.2.1
export function collectedDomains(
  records: Records,
  account: string,
  policy: AddressPolicy,
): readonly CollectedDomain[] {
  const address = parseAddress(account, policy)?.text
  if (address === undefined || records.account(address)?.disabled !== false) return []
  return records.domainsCollectedBy(address).map(({ name, collection }) => ({ name, collection }))
}

/**
 * What is to be kept of a collection. Throws DirectoryError when its account does not exist, a number is out of range, or notices
 * to its contact would wait with the mail that they tell of.
 */
export function collectionRecord(
  records: Records,
  name: string,
  collection: Collection,
  policy: AddressPolicy,
): CollectionRecord {
  const account = expectCustomer(records, name, collection.account, policy)
  const { quota, keepSeconds } = collection
  if (quota < 0n || quota > MAX_QUOTA)
    throw new DirectoryError('invalid', `a quota of ${quota} octets is out of range: use 0 for that of all`)
  if (keepSeconds !== 0n && (keepSeconds < MIN_KEEP_SECONDS || keepSeconds > MAX_KEEP_SECONDS)) {
    throw new DirectoryError(
      'invalid',
      `mail is kept from ${MIN_KEEP_SECONDS} to ${MAX_KEEP_SECONDS} seconds, not ${keepSeconds}: use 0 for the time of all`,
    )
  }
  return { account, quota, keepSeconds, contact: contactOf(records, name, collection.contact, policy) }
}

/** Throws `inUse` while the contact of another domain would lead into this one, whose mail waits from now on. */
export function expectNoContactIn(records: Records, domain: DomainRecord, policy: AddressPolicy): void {
  if (domain.collection === undefined) return
  const reader = withDomain(records, domain)
  for (const { name, collection } of records.domains()) {
    if (name === domain.name || collection === undefined || !isCollected(reader, collection.contact, policy))
      continue
    throw new DirectoryError(
      'inUse',
      `${collection.contact}, the contact of ${name}, would lead into ${domain.name}, whose mail waits: change it first`,
    )
  }
}

/** Throws `inUse` while the mail of a domain waits for this account. */
export function expectCollectsNothing(records: Records, account: string): void {
  const [domain] = records.domainsCollectedBy(account)
  if (domain === undefined) return
  throw new DirectoryError(
    'inUse',
    `${account} collects the mail of ${domain.name}: say first who else does, or \`cartero domain set ${domain.name} --not-collected\``,
  )
}

function expectCustomer(records: Records, name: string, text: string, policy: AddressPolicy): string {
  const { text: account, domain } = expectAddress(text, 'the account that collects', policy)
  if (records.account(account) !== undefined) return account
  const first = `add it first with \`cartero account add ${account}\``
  throw new DirectoryError(
    'notFound',
    domain === name && records.domain(name) === undefined
      ? `there is no account ${account}: add ${name} without saying who collects it, then the account, and then say \`cartero domain set ${name} --collected-by ${account}\``
      : `there is no account ${account}: ${first}`,
  )
}

function contactOf(records: Records, name: string, text: string, policy: AddressPolicy): string {
  if (text === '') return ''
  const address = expectAddress(text, 'the contact', policy)
  const isOurs = records.domain(address.domain) !== undefined
  if (address.domain === name || isCollected(records, address.text, policy)) {
    throw new DirectoryError(
      'invalid',
      `the contact ${address.text} leads to a domain whose mail waits: name one who hears of it at once`,
    )
  }
  if (!isOurs) return asWritten(address)
  if (resolveRecipient(records, address.text, policy).verdict !== Verdict.NO_SUCH_USER) return address.text
  throw new DirectoryError(
    'notFound',
    `there is no account or alias ${address.text} that could be the contact: add it first with \`cartero account add ${address.text}\``,
  )
}

function isCollected(records: RecordReader, address: string, policy: AddressPolicy): boolean {
  return resolveRecipient(records, address, policy).collected.length > 0
}

/** The store as it will be. */
function withDomain(records: RecordReader, domain: DomainRecord): RecordReader {
  return {
    domain: (name) => (name === domain.name ? domain : records.domain(name)),
    firstDomain: () => records.firstDomain(),
    account: (address) => records.account(address),
    firstAccount: (name) => records.firstAccount(name),
    alias: (address) => records.alias(address),
  }
}
