import type { MailStoreLimits } from './limits.ts'
import type { SpecialUse } from './ports.ts'

/** What separates the levels of a name. */
export const separator = '/'

/** The character after it: names below `a` lie between `a/` and `a0`. */
export const afterSeparator = String.fromCharCode(separator.charCodeAt(0) + 1)

export const inbox = 'INBOX'

/** What every account has from the start, beside INBOX. */
export const provisioned: readonly (readonly [name: string, specialUse: SpecialUse])[] = [
  ['Drafts', '\\Drafts'],
  ['Sent', '\\Sent'],
  ['Junk', '\\Junk'],
  ['Trash', '\\Trash'],
  ['Archive', '\\Archive'],
]

/** Of ASCII only: a dotless i is a letter of its own. */
const inAnyCase = /^inbox$/i

// RFC 9051 §5.1: neither controls nor the separators of lines and paragraphs.
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/**
 * The one spelling of a mailbox name: Unicode NFC, `INBOX` in capitals when it is the first level. Undefined when the name is not
 * allowed: an empty level, a control character, half a surrogate pair, too long or too deep.
 */
export function parseMailboxName(name: string, limits: MailStoreLimits): string | undefined {
  if (name.length === 0 || name.length > limits.nameOctets) return undefined
  if (!name.isWellFormed() || forbidden.test(name)) return undefined
  const levels = name.normalize('NFC').split(separator)
  if (levels.length > limits.nameLevels || levels.includes('')) return undefined
  // RFC 9051 §5.1: INBOX is the only name that is compared without case, and so is the first level of its children.
  if (inAnyCase.test(levels[0] ?? '')) levels[0] = inbox
  const spelled = levels.join(separator)
  return Buffer.byteLength(spelled) > limits.nameOctets ? undefined : spelled
}

/** The parents of a name, the outermost first. */
export function parentsOf(name: string): readonly string[] {
  const parents: string[] = []
  for (let end = name.indexOf(separator); end >= 0; end = name.indexOf(separator, end + 1)) {
    parents.push(name.slice(0, end))
  }
  return parents
}

export function isBelow(name: string, ancestor: string): boolean {
  return name.startsWith(ancestor + separator)
}

/** INBOX first, the others by code units. */
export function compareNames(a: string, b: string): number {
  if (a === inbox || b === inbox) return Number(b === inbox) - Number(a === inbox)
  return a < b ? -1 : Number(a > b)
}
