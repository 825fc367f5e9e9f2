import { DirectoryError, expectDomain, type Directory } from '@cartero/directory'
import {
  addAccount,
  addDomain,
  changeAccount,
  changeDomain,
  listDomains,
  type CollectionEntry,
} from '@cartero/directory-agent/agent'
import type { MailStore } from '@cartero/mailstore'

// Customers who come for the mail of their domains, as the command line and the control socket speak of them: arguments and
// results are plain data that JSON can carry. Each rejects with DirectoryError, whose message is meant to be printed.

/** A domain whose mail waits until its customer comes for it. */
export interface CustomerEntry extends CollectionEntry {
  readonly domain: string
}

/** What is absent stays as it was, or is as for all. */
export interface NewCustomer extends Partial<CustomerEntry> {
  readonly domain: string
  readonly account: string
  /** Of the account, which is made with it. Absent: the account is there. */
  readonly password?: string
  /** The account may answer a CRAM-MD5 challenge without TLS, and its password is kept so that it can be read again for that. */
  readonly clearCramMd5?: boolean
}

interface CustomerStores {
  readonly directory: Directory
  readonly mailStore: Pick<MailStore, 'provision'>
}

export async function listCustomers(directory: Directory): Promise<readonly CustomerEntry[]> {
  const domains = await listDomains(directory)
  return domains.flatMap(({ name, collection }) => (collection ? [{ domain: name, ...collection }] : []))
}

/**
 * Lets the mail of a domain wait for an account. Makes the domain where it is not ours yet, and the account when a password is
 * given. Repeated after a failure it goes on where it ended.
 */
export async function addCustomer(
  { directory, mailStore }: CustomerStores,
  { domain, password, clearCramMd5, ...collection }: NewCustomer,
): Promise<void> {
  const name = expectDomain(domain)
  const { account: address } = collection
  if (!(await listDomains(directory)).some((each) => each.name === name)) await addDomain(directory, { name })
  const manner = clearCramMd5 ? { reversibleSecret: true, clearCramMd5: true } : {}
  if (password !== undefined) {
    await addAccount(directory, { address, password, ...manner })
    await mailStore.provision(address.toLowerCase())
  } else if (clearCramMd5) await changeAccount(directory, { address, ...manner })
  await changeDomain(directory, { name, collection })
}

/** Mail for the domain goes to its mailboxes from now on; domain and account stay. */
export async function removeCustomer(directory: Directory, domain: string): Promise<void> {
  const name = expectDomain(domain)
  if (!(await listCustomers(directory)).some((customer) => customer.domain === name))
    throw new DirectoryError(
      'notFound',
      `no mail waits for a customer of ${name}: \`cartero odmr list\` shows for whom it does`,
    )
  await changeDomain(directory, { name, collection: null })
}
