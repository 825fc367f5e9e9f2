import type { Directory } from '@cartero/directory'

/**
 * Why mail that others keep for us must not be fetched yet: what nobody here takes goes back to its senders for good. Undefined
 * when somebody may take it. No domains: whichever are ours at the provider.
 */
export async function unreadyForMail(
  directory: Pick<Directory, 'ListDomains' | 'ListAccounts'>,
  domains: readonly string[],
): Promise<string | undefined> {
  const ours = new Set((await directory.ListDomains({})).domains.map(({ name }) => name))
  const foreign = domains.find((domain) => !ours.has(domain))
  if (foreign !== undefined) return `${foreign} is no domain of ours yet: cartero domain add ${foreign}`
  const { accounts } = await directory.ListAccounts({ domain: '' })
  return accounts.length > 0 ? undefined : 'nobody has a mailbox here yet: cartero account add'
}
