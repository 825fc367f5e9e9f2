import type { FindAccountRequest } from '@cartero/contracts/directory'
import { type AddressPolicy, parseAddress } from './address.ts'
import type { Records } from './records.ts'

/**
 * The account of somebody who proved elsewhere who he is, or ''. A certificate that is assigned to an account means that
 * account, whatever addresses it names. An alias or a subaddress is nobody: it has no credentials either.
 */
export function findAccount(
  records: Pick<Records, 'account' | 'accountOfCertificate'>,
  { logins, fingerprint, claimed }: FindAccountRequest,
  policy: AddressPolicy,
): string {
  const assigned = fingerprint === '' ? undefined : records.accountOfCertificate(fingerprint)
  const named = assigned === undefined ? logins.map((login) => parseAddress(login, policy)?.text) : [assigned]
  const proved = new Set(named.filter((address) => address !== undefined && isActive(records, address)))
  if (claimed !== '') {
    const wanted = parseAddress(claimed, policy)?.text
    return wanted !== undefined && proved.has(wanted) ? wanted : ''
  }
  const [only] = proved
  return proved.size === 1 && only !== undefined ? only : ''
}

function isActive(records: Pick<Records, 'account'>, address: string): boolean {
  return records.account(address)?.disabled === false
}
