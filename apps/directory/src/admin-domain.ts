import type { Collection, DirectoryService, Domain } from '@cartero/contracts/directory'
import { DirectoryError, expectDomain } from '@cartero/directory'

// What an operator says of domains; see admin.ts.

export interface DomainEntry {
  readonly name: string
  /** Address, or empty. */
  readonly catchAll: string
  /** Address, or empty. */
  readonly postmaster: string
  /** Absent: its mail is for mailboxes here. */
  readonly collection?: CollectionEntry
}

/** Who comes for the mail of a domain, which waits until then. */
export interface CollectionEntry {
  /** The account that may come for it. */
  readonly account: string
  /** Octets that may wait; 0: as for all. */
  readonly quota: number
  /** Seconds until it is given back; 0: as for all. */
  readonly keepSeconds: number
  /** Address that is told when much is waiting, or empty. */
  readonly contact: string
}

/** What is to be otherwise; what is absent stays. */
export type DomainChange = Pick<DomainEntry, 'name'> &
  Partial<Omit<DomainEntry, 'collection'>> & {
    /** Null: its mail is for mailboxes here from now on. */
    readonly collection?: Partial<CollectionEntry> | null
  }

/** Adds a domain of ours. */
export async function addDomain(directory: DirectoryService, added: DomainChange): Promise<void> {
  await directory.AddDomain({ domain: toWire({ catchAll: '', postmaster: '', ...added }) })
}

/** Changes what is said of a domain. */
export async function changeDomain(directory: DirectoryService, change: DomainChange): Promise<void> {
  const name = expectDomain(change.name)
  const before = (await listDomains(directory)).find((domain) => domain.name === name)
  const { catchAll = '', postmaster = '', collection } = before ?? {}
  const merged = change.collection && { ...collection, ...change.collection }
  await directory.SetDomain({
    domain: toWire({
      catchAll,
      postmaster,
      ...change,
      ...(change.collection !== undefined ? { collection: merged ?? null } : collection && { collection }),
    }),
  })
}

export async function listDomains(directory: DirectoryService): Promise<readonly DomainEntry[]> {
  const { domains } = await directory.ListDomains({})
  return domains.map(({ collection, ...domain }) => ({
    ...domain,
    ...(collection && { collection: toEntry(collection) }),
  }))
}

/** Refused while anything needs it. */
export async function removeDomain(directory: DirectoryService, name: string): Promise<void> {
  await directory.RemoveDomain({ name })
}

function toEntry({ quota, keepSeconds, ...collection }: Collection): CollectionEntry {
  return { ...collection, quota: Number(quota), keepSeconds: Number(keepSeconds) }
}

function toWire({
  collection,
  ...domain
}: DomainChange & Pick<DomainEntry, 'catchAll' | 'postmaster'>): Domain {
  if (!collection) return domain
  const { account, quota = 0, keepSeconds = 0, contact = '' } = collection
  if (account === undefined) {
    throw new DirectoryError(
      'invalid',
      `nobody collects the mail of ${domain.name}: say who does, with --collected-by`,
    )
  }
  return {
    ...domain,
    collection: { account, quota: BigInt(quota), keepSeconds: BigInt(keepSeconds), contact },
  }
}
