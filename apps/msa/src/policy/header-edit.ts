import type { HeaderBlock, HeaderField } from '@cartero/message'
import { COUNTED_FIELDS, type HeaderEdit } from '@cartero/spool/reception'
import { isBrokenMessageId } from './message-id-field.ts'
import { fieldRewriting, type FieldRewriting } from './rewritten-domains.ts'
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
  const rewrite = fieldRewriting(rewriteDomains)
  const suspects = addMessageId ? [...names, 'message-id'] : names
  const isCounted = suspects.every((name) => COUNTED.has(name))
  return (header) => {
    const isUntouched = rewrite === undefined && isCounted && !suspects.some((name) => header.has(name))
    return isUntouched ? undefined : edited(header.block(), isDropped, rewrite)
  }
}

/** Of these the scanner knows whether there are any, so that most headers need not be read again. */
const COUNTED: ReadonlySet<string> = new Set(COUNTED_FIELDS.map((name) => name.toLowerCase()))

/** Undefined when nothing changes: then the message stays octet for octet. */
function edited(
  header: HeaderBlock,
  isDropped: (field: HeaderField) => boolean,
  rewrite: FieldRewriting | undefined,
): readonly Buffer[] | undefined {
  const kept = header.fields.filter((field) => !isDropped(field))
  const fields = kept.map((field) => rewrite?.(field) ?? field.raw)
  const isSame = kept.length === header.fields.length && fields.every((raw, i) => raw.equals(kept[i]!.raw))
  return isSame ? undefined : fields
}
