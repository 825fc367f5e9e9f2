import type { Flag, FlagChange } from './ports.ts'

/**
 * The flags of a message: system flags as bits, keywords by name. A message's keywords stand in the order of its
 * mailbox's, in the mailbox's spelling.
 */
export interface FlagSet {
  readonly system: number
  readonly keywords: readonly string[]
}

export const seen = 1
export const answered = 2
export const flagged = 4
export const deleted = 8
export const draft = 16

const systemFlags: readonly (readonly [bit: number, flag: Flag])[] = [
  [answered, '\\Answered'],
  [flagged, '\\Flagged'],
  [deleted, '\\Deleted'],
  [seen, '\\Seen'],
  [draft, '\\Draft'],
]

const bitOf = new Map(systemFlags.map(([bit, flag]) => [flag.toLowerCase(), bit]))

// RFC 9051 §9 flag-keyword: an atom.
const atom = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+$/

/**
 * Reads flags as IMAP writes them, without case. `\Recent` and unknown system flags are dropped (RFC 9051 §2.3.2: nobody sets
 * them), and so is what is no atom or too long for a keyword.
 */
export function parseFlags(flags: readonly Flag[], keywordOctets: number): FlagSet {
  let system = 0
  const keywords: string[] = []
  for (const flag of flags) {
    if (flag.startsWith('\\')) system |= bitOf.get(flag.toLowerCase()) ?? 0
    else if (flag.length <= keywordOctets && atom.test(flag) && !holds(keywords, flag)) keywords.push(flag)
  }
  return { system, keywords }
}

export function formatFlags(set: FlagSet): readonly Flag[] {
  const flags: Flag[] = []
  for (const [bit, flag] of systemFlags) if (set.system & bit) flags.push(flag)
  return set.keywords.length === 0 ? flags : [...flags, ...set.keywords]
}

/** The flags after a change. Keywords of `given` are in the mailbox's spelling. */
export function changedFlags(
  current: FlagSet,
  change: FlagChange,
  given: FlagSet,
  order: readonly string[],
): FlagSet {
  if (change === 'replace') return { system: given.system, keywords: inOrder(given.keywords, order) }
  if (change === 'add') {
    const keywords = inOrder([...current.keywords, ...given.keywords], order)
    return { system: current.system | given.system, keywords }
  }
  const gone = new Set(given.keywords)
  return {
    system: current.system & ~given.system,
    keywords: current.keywords.filter((keyword) => !gone.has(keyword)),
  }
}

export function sameFlags(a: FlagSet, b: FlagSet): boolean {
  return (
    a.system === b.system &&
    a.keywords.length === b.keywords.length &&
    a.keywords.every((keyword, at) => keyword === b.keywords[at])
  )
}

/** Keywords of a mailbox, and which of those asked for it knows, in its spelling. */
export interface AdmittedKeywords {
  readonly table: readonly string[]
  readonly keywords: readonly string[]
  /** Some found no place. */
  readonly overflow: boolean
}

/**
 * Finds a place for keywords in a mailbox's table. Only when the table is full, those that no message has are forgotten.
 *
 * @param inUse the keywords that some message of the mailbox has; asked only when the table is full.
 */
export function admitKeywords(
  table: readonly string[],
  wanted: readonly string[],
  limit: number,
  inUse: () => ReadonlySet<string>,
): AdmittedKeywords {
  if (wanted.length === 0) return { table, keywords: wanted, overflow: false }
  const spelling = new Map(table.map((keyword) => [keyword.toLowerCase(), keyword]))
  const fresh = wanted.filter((keyword) => !spelling.has(keyword.toLowerCase()))
  let kept = table
  if (fresh.length > 0 && table.length + fresh.length > limit) kept = keptKeywords(table, wanted, inUse())
  const place = fresh.slice(0, Math.max(0, limit - kept.length))
  for (const keyword of place) spelling.set(keyword.toLowerCase(), keyword)
  const next = place.length === 0 ? kept : [...kept, ...place]
  const known = wanted.map((keyword) => spelling.get(keyword.toLowerCase()))
  return {
    table: next,
    keywords: inOrder(
      known.filter((keyword) => keyword !== undefined),
      next,
    ),
    overflow: place.length < fresh.length,
  }
}

/** As `admitKeywords`, for a change of flags: what is removed needs no place. */
export function admitForChange(
  change: FlagChange,
  table: readonly string[],
  wanted: readonly string[],
  limit: number,
  inUse: () => ReadonlySet<string>,
): AdmittedKeywords {
  if (change !== 'remove') return admitKeywords(table, wanted, limit, inUse)
  return { table, keywords: table.filter((keyword) => holds(wanted, keyword)), overflow: false }
}

function keptKeywords(
  table: readonly string[],
  wanted: readonly string[],
  inUse: ReadonlySet<string>,
): readonly string[] {
  return table.filter((keyword) => inUse.has(keyword) || holds(wanted, keyword))
}

function holds(keywords: readonly string[], keyword: string): boolean {
  const folded = keyword.toLowerCase()
  return keywords.some((other) => other.toLowerCase() === folded)
}

function inOrder(keywords: readonly string[], order: readonly string[]): readonly string[] {
  if (keywords.length < 2) return keywords
  const wanted = new Set(keywords)
  return order.filter((keyword) => wanted.has(keyword))
}
