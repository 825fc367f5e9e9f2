import type { Domain } from '@cartero/contracts/directory'
import { type AddressPolicy, expectAddress, expectDomain } from './address.ts'
import { collectionRecord, expectNoContactIn } from './collection.ts'
import { DirectoryError, outcomeOf } from './directory-error.ts'
import type { DomainRecord, Records } from './records.ts'
import type { DirectoryVerbs } from './verbs.ts'

export function domainVerbs(
  records: Records,
): Pick<DirectoryVerbs, 'addDomain' | 'setDomain' | 'listDomains' | 'removeDomain'> {
  return {
    addDomain: ({ domain, policy }) =>
      outcomeOf(() => {
        const record = domainRecord(records, domain, policy)
        if (records.domain(record.name)) throw new DirectoryError('exists', `${record.name} is here already`)
        records.putDomain(record)
      }),
    setDomain: ({ domain, policy }) =>
      outcomeOf(() => {
        const record = domainRecord(records, domain, policy)
        expectOurs(records, record.name)
        expectNoContactIn(records, record, policy)
        records.putDomain(record)
      }),
    listDomains: () => records.domains(),
    removeDomain: (name) =>
      outcomeOf(() => {
        const domain = expectDomain(name)
        expectOurs(records, domain)
        expectUnused(records, domain)
        records.deleteDomain(domain)
      }),
  }
}

/** Throws `notFound` unless the domain is one of ours. */
export function expectOurs(records: Records, domain: string): void {
  if (records.domain(domain) !== undefined) return
  throw new DirectoryError(
    'notFound',
    `${domain} is not a domain of this server: add it first with \`cartero domain add ${domain}\``,
  )
}

function domainRecord(records: Records, domain: Domain, policy: AddressPolicy): DomainRecord {
  const name = expectDomain(domain.name)
  const holder = (text: string, what: string): string => {
    if (text === '') return ''
    const address = expectAddress(text, what, policy)
    if (address.domain !== name) expectOurs(records, address.domain)
    return address.text
  }
  return {
    name,
    catchAll: holder(domain.catchAll, 'the catch-all'),
    postmaster: holder(domain.postmaster, 'the postmaster'),
    ...(domain.collection && { collection: collectionRecord(records, name, domain.collection, policy) }),
  }
}

function expectUnused(records: Records, domain: string): void {
  const accounts = records.accounts(domain).length
  const aliases = records.aliases(domain).length
  if (accounts + aliases > 0) {
    throw new DirectoryError(
      'inUse',
      `${domain} still has ${count(accounts, 'account', 'accounts')} and ${count(aliases, 'alias', 'aliases')}: remove them first`,
    )
  }
  const user = foreignUser(records, domain)
  if (user !== undefined) {
    throw new DirectoryError('inUse', `${user} still leads to ${domain}: change it first`)
  }
}

/** Something of another domain that leads into this one. */
function foreignUser(records: Records, domain: string): string | undefined {
  const leadsHere = (address: string): boolean => address.endsWith(`@${domain}`)
  const alias = records.aliases().find((candidate) => candidate.targets.some(leadsHere))
  if (alias !== undefined) return `the alias ${alias.address}`
  const others = records.domains().filter(({ name }) => name !== domain)
  const caught = others.find(({ catchAll, postmaster }) => leadsHere(catchAll) || leadsHere(postmaster))
  if (caught !== undefined) return `the catch-all or postmaster of ${caught.name}`
  const told = others.find(({ collection }) => collection && leadsHere(collection.contact))
  return told && `the contact of ${told.name}`
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
