import { DEFAULT_ADDRESS_POLICY, DirectoryError, parseAddress, type Directory } from '@cartero/directory'
import type { MailStore } from '@cartero/mailstore'

// Customers who come for the mail of their domains, as the command line and the control socket speak of them: arguments and
// results are plain data that JSON can carry. Each rejects with DirectoryError, whose message is meant to be printed.

/** A domain whose mail waits until its customer comes for it. */
export interface CustomerEntry {
  /** In lower case, in A-labels. */
  readonly domain: string
  /** Who may come for it. */
  readonly account: string
  /** Octets that may wait; 0: as the configuration has it for all. */
  readonly quota: number
  /** Seconds after which mail is given back; 0: likewise. */
  readonly keepSeconds: number
  /** Who is told when much waits; empty: nobody. */
  readonly contact: string
}

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
  const { domains } = await directory.ListDomains({})
  return domains.flatMap(({ name, collection }) =>
    collection === undefined
      ? []
      : [
          {
            domain: name,
            account: collection.account,
            quota: Number(collection.quota),
            keepSeconds: Number(collection.keepSeconds),
            contact: collection.contact,
          },
        ],
  )
}

/**
 * Lets the mail of a domain wait for an account. Makes the domain where it is not ours yet, and the account when a password is given; what
 * is said of the waiting replaces what was said before. Repeated after a failure it goes on where it ended.
 */
export async function addCustomer(
  { directory, mailStore }: CustomerStores,
  { domain: written, password, clearCramMd5 = false, ...customer }: NewCustomer,
): Promise<void> {
  const name = written.toLowerCase()
  const account = parseAddress(customer.account, DEFAULT_ADDRESS_POLICY)?.text ?? customer.account
  const { domains } = await directory.ListDomains({})
  const known = domains.find((domain) => domain.name === name)
  const bare = known ?? { name, catchAll: '', postmaster: '' }
  if (known === undefined) await directory.AddDomain({ domain: bare })
  const manner = clearCramMd5 ? { reversibleSecret: true, clearCramMd5: true } : {}
  if (password !== undefined) {
    await directory.AddAccount({
      account: { address: account, disabled: false, quota: 0n, ...manner },
      password,
    })
    await mailStore.provision(account)
  } else await changeManner(directory, account, manner)
  const collection = {
    account,
    quota: BigInt(customer.quota ?? known?.collection?.quota ?? 0),
    keepSeconds: BigInt(customer.keepSeconds ?? known?.collection?.keepSeconds ?? 0),
    contact: customer.contact ?? known?.collection?.contact ?? '',
  }
  await directory.SetDomain({ domain: { ...bare, collection } })
}

async function changeManner(
  directory: Directory,
  address: string,
  manner: { readonly reversibleSecret?: true; readonly clearCramMd5?: true } | object,
): Promise<void> {
  const { accounts } = await directory.ListAccounts({ domain: '' })
  const account = accounts.find((each) => each.address === address)
  if (account === undefined)
    throw new DirectoryError('notFound', `there is no account ${address}: \`cartero account list\` shows all`)
  if (Object.keys(manner).length > 0) await directory.SetAccount({ account: { ...account, ...manner } })
}

/** Mail for the domain goes to its mailboxes from now on; domain and account stay. */
export async function removeCustomer(directory: Directory, domain: string): Promise<void> {
  const name = domain.toLowerCase()
  const { domains } = await directory.ListDomains({})
  const { collection, ...bare } = domains.find((each) => each.name === name) ?? { collection: undefined }
  if (collection === undefined || !('name' in bare))
    throw new DirectoryError(
      'notFound',
      `no mail waits for a customer of ${name}: \`cartero odmr list\` shows for whom it does`,
    )
  await directory.SetDomain({ domain: bare })
}
