import type { HeaderBlock, HeaderField } from '@cartero/message'
import { COUNTED_FIELDS, type HeaderEdit } from '@cartero/spool/reception'
import type { Domain, Mailbox } from '@cartero/syntax'
import { ADDRESS_FIELDS } from './address-fields.ts'
import { isBrokenMessageId } from './message-id-field.ts'
import type { SubmissionPolicy } from './submission-policy.ts'

/** What a submitted header becomes: fields that must not leave the house go, domains get their public names. */
// RFC 6409 §8, RFC 6409 §8.8
export function headerEdit({
  addMessageId,
  dropFields,
  rewriteDomains,
}: Pick<SubmissionPolicy, 'addMessageId' | 'dropFields' | 'rewriteDomains'>): HeaderEdit | undefined {
  if (!addMessageId && dropFields.length === 0 && rewriteDomains.size === 0) return undefined
  const names = dropFields.map((name) => name.toLowerCase())
  const isDropped = (field: HeaderField): boolean =>
    names.some((name) => field.is(name)) || (addMessageId && isBrokenMessageId(field))
  const rewrite = rewriting(rewriteDomains)
  const suspects = addMessageId ? [...names, 'message-id'] : names
  const isCounted = suspects.every((name) => COUNTED.has(name))
  return (header) => {
    const isUntouched = rewrite === undefined && isCounted && !suspects.some((name) => header.has(name))
    return isUntouched ? undefined : edited(header.block(), isDropped, rewrite)
  }
}

/** Of these the scanner knows whether there are any, so that most headers need not be read again. */
const COUNTED: ReadonlySet<string> = new Set(COUNTED_FIELDS.map((name) => name.toLowerCase()))

/** The same domain by its public name, in the envelope. */
// RFC 6409 §8.8
export function rewritten(mailbox: Mailbox, domains: ReadonlyMap<Domain, Domain>): Mailbox {
  const domain = domains.get(mailbox.domain)
  return domain === undefined ? mailbox : { ...mailbox, domain }
}

type Rewrite = (field: HeaderField) => Buffer

/** Undefined when nothing changes: then the message stays octet for octet. */
function edited(
  header: HeaderBlock,
  isDropped: (field: HeaderField) => boolean,
  rewrite: Rewrite | undefined,
): readonly Buffer[] | undefined {
  const kept = header.fields.filter((field) => !isDropped(field))
  const fields = kept.map((field) => rewrite?.(field) ?? field.raw)
  const isSame = kept.length === header.fields.length && fields.every((raw, i) => raw.equals(kept[i]!.raw))
  return isSame ? undefined : fields
}

/** Behind an `@`, and up to where no longer name could go on. */
function rewriting(domains: ReadonlyMap<Domain, Domain>): Rewrite | undefined {
  if (domains.size === 0) return undefined
  const names = [...domains.keys()].map((name) => name.replaceAll('.', String.raw`\.`)).join('|')
  const inAddress = new RegExp(String.raw`(?<=@)(?:${names})(?![\w.-])`, 'gi')
  return (field) => {
    if (!ADDRESS_FIELDS.some((name) => field.is(name))) return field.raw
    const text = field.raw.toString('latin1')
    return Buffer.from(
      text.replaceAll(inAddress, (name) => domains.get(name.toLowerCase() as Domain) ?? name),
      'latin1',
    )
  }
}
