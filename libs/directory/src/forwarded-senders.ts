import {
  Resolution_Verdict as Verdict,
  type ForwardedSender,
  type Resolution,
} from '@cartero/contracts/directory'
import { formatMailbox, parseDomain, parseMailbox } from '@cartero/syntax'
import { type AddressPolicy, parseAddress } from './address.ts'
import { findEntry } from './entry.ts'
import type { RecordReader, Records } from './records.ts'
import { resolveRecipient } from './resolve-recipient.ts'
import { isReturnPath, readReturnPath, writeReturnPath } from './return-path.ts'

export type SenderRecords = RecordReader & Pick<Records, 'senderKey'>

/**
 * Who sends what one of our domains forwards. Hosts of the next domain ask whether it may come from us; for the sender's own
 * domain it may not.
 */
export function rewriteSender(
  records: SenderRecords,
  { address, domain }: ForwardedSender,
  now: number,
): string {
  // RFC 5321 §4.5.5: a notice has nobody to tell of
  const sender = parseMailbox(address)
  if (sender === undefined || records.domain(sender.domain) !== undefined) return address
  const name = parseDomain(domain)
  const forwarder =
    name !== undefined && records.domain(name) ? name : parseDomain(records.firstDomain() ?? '')
  if (forwarder === undefined) return address
  return writeReturnPath(sender, forwarder, { key: records.senderKey(), now }) ?? address
}

/**
 * Where mail goes that comes back to a sender whom we rewrote: to the sender. Undefined for an address of any other kind, and
 * where somebody has such a name.
 */
export function resolveReturned(
  records: SenderRecords,
  text: string,
  on: { readonly policy: AddressPolicy; readonly now: number },
): Resolution | undefined {
  const { policy, now } = on
  if (!isReturnPath(text.startsWith('"') ? text.slice(1) : text)) return undefined
  const address = parseAddress(text, policy)
  if (address === undefined || records.domain(address.domain) === undefined) return undefined
  if (findEntry(records, address, policy) !== undefined) return undefined
  const sender = readReturnPath(address.localPart, { key: records.senderKey(), now })
  // Where all mail is collected, a stranger's may be one that the customer has written.
  if (sender === undefined && records.domain(address.domain)?.collection) return undefined
  if (sender === undefined) return { verdict: Verdict.NO_SUCH_USER, targets: [], forwards: [], collected: [] }
  const before = formatMailbox(sender)
  if (records.domain(sender.domain) === undefined)
    return { verdict: Verdict.ACCEPT, targets: [], forwards: [before], collected: [] }
  // What came by us twice bears two addresses of ours; each is shorter than the one around it.
  return resolveReturned(records, before, on) ?? resolveRecipient(records, before, policy)
}
