import { type AddressPolicy, parseAddress } from './address.ts'
import { findEntry } from './entry.ts'
import type { RecordReader } from './records.ts'

/**
 * Whether the account may write this address as sender: its own, a subaddress of it, an alias that leads to it directly
 * (and a subaddress of that), or the null sender of notices. An alias that leads to it by another alias is a list it
 * reads, not a name it has; neither is a catch-all. Of a domain that it collects it may write every address, and of one that another
 * collects only its own, if it has that.
 */
export function isSenderAllowed(
  records: RecordReader,
  account: string,
  sender: string,
  policy: AddressPolicy,
): boolean {
  const self = parseAddress(account, policy)
  const record = self && records.account(self.text)
  if (record === undefined || record.disabled) return false
  if (sender === '' || sender === '<>') return true // RFC 6409 §3.2, RFC 8098 §3
  const address = parseAddress(sender, policy)
  if (address === undefined) return false
  const customer = records.domain(address.domain)?.collection?.account
  if (customer === record.address) return true
  const entry = findEntry(records, address, policy)
  if (entry === undefined) return false
  if (entry.kind === 'account') return entry.account.address === record.address
  if (customer !== undefined) return false
  return entry.targets.some((target) => namesAccount(records, target, record.address, policy))
}

function namesAccount(
  records: RecordReader,
  target: string,
  account: string,
  policy: AddressPolicy,
): boolean {
  const address = parseAddress(target, policy)
  const entry = address && findEntry(records, address, policy)
  return entry?.kind === 'account' && entry.account.address === account
}
