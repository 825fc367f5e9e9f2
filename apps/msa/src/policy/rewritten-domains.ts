import { isAddressField, type HeaderField } from '@cartero/message'
import type { Domain, Mailbox } from '@cartero/syntax'

/** The same mailbox by its domain's public name, in the envelope. */
// RFC 6409 §8.8
export function rewritten(mailbox: Mailbox, domains: ReadonlyMap<Domain, Domain>): Mailbox {
  const domain = domains.get(mailbox.domain)
  return domain === undefined ? mailbox : { ...mailbox, domain }
}

/** The octets of a field, in which domains have their public names. */
export type FieldRewriting = (field: HeaderField) => Buffer

/** Rewrites behind an `@`, and up to where no longer name could go on. Undefined when there is nothing to rewrite. */
// RFC 6409 §8.8
export function fieldRewriting(domains: ReadonlyMap<Domain, Domain>): FieldRewriting | undefined {
  if (domains.size === 0) return undefined
  const names = [...domains.keys()].map((name) => name.replaceAll('.', String.raw`\.`)).join('|')
  const inAddress = new RegExp(String.raw`(?<=@)(?:${names})(?![\w.-])`, 'gi')
  return (field) => {
    if (!isAddressField(field)) return field.raw
    const text = field.raw.toString('latin1')
    return Buffer.from(
      text.replaceAll(inAddress, (name) => domains.get(name.toLowerCase() as Domain) ?? name),
      'latin1',
    )
  }
}
