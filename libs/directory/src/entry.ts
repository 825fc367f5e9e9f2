import { type Address, type AddressPolicy, splitSubaddress } from './address.ts'
import type { AccountRecord, RecordReader } from './records.ts'

/** Who has an address by name: not by role, not because of a catch-all. */
export type Entry =
  | { readonly kind: 'account'; readonly account: AccountRecord; readonly detail: string }
  | { readonly kind: 'alias'; readonly targets: readonly string[]; readonly detail: string }

/** The exact address wins; then the user of a subaddress. An account wins over an alias, which cannot both be added. */
export function findEntry(records: RecordReader, address: Address, policy: AddressPolicy): Entry | undefined {
  const exact = entryNamed(records, address.text, '')
  if (exact !== undefined) return exact
  const subaddress = splitSubaddress(address, policy)
  return subaddress && entryNamed(records, subaddress.base.text, subaddress.detail)
}

function entryNamed(records: RecordReader, text: string, detail: string): Entry | undefined {
  const account = records.account(text)
  if (account !== undefined) return { kind: 'account', account, detail }
  const targets = records.alias(text)
  return targets && { kind: 'alias', targets, detail }
}
