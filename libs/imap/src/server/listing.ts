import type { ListCommand, ListReturn } from '../command/list.ts'
import { ListPattern } from '../list-pattern.ts'
import { canonicalName, DELIMITER } from '../mailbox-name.ts'
import type { ListAttribute, ListResponse } from '../response.ts'
import { refusals } from './refusal.ts'
import type { ListedMailbox } from './session.ts'

/**
 * Symbols of patterns times characters of names that one command may compare: some tenths of a second for somebody with
 * 10,000 mailboxes. Patterns of a prefix and one wildcard, which clients send, count as one symbol.
 */
const MOST_COMPARISONS = 40_000_000

/** What LIST answers (RFC 9051 §6.3.9), in the order of the mailboxes, names that are only subscribed last. Throws ImapRefusal LIMIT. */
export function listing(
  command: ListCommand,
  mailboxes: readonly ListedMailbox[],
  subscriptions: readonly string[],
): readonly ListResponse[] {
  const patterns = command.patterns.map((pattern) => patternOf(command.reference + pattern))
  const candidates = command.select.includes('SUBSCRIBED')
    ? withSubscribed(mailboxes, subscriptions)
    : mailboxes.map((mailbox): Candidate => ({ ...mailbox, exists: true }))
  checkCost(patterns, candidates)
  const parents = parentsOf(mailboxes)
  const above = parentsOf(candidates.filter((candidate) => meets(candidate, command)))
  return candidates.flatMap((candidate) => {
    if (!patterns.some((pattern) => pattern.matches(candidate.name))) return []
    return entry(candidate, command, above, parents) ?? []
  })
}

function patternOf(text: string): ListPattern {
  return new ListPattern(canonicalName(text))
}

function checkCost(patterns: readonly ListPattern[], names: readonly { readonly name: string }[]): void {
  const weight = patterns.reduce((sum, pattern) => sum + pattern.weight, 0)
  const characters = names.reduce((sum, { name }) => sum + name.length, 0)
  if (weight * characters > MOST_COMPARISONS) throw refusals.limit('Too many wildcards for so many mailboxes')
}

/** Attributes of a mailbox by itself, as SELECT of IMAP4rev2 tells them. */
export function attributesOf(
  mailbox: ListedMailbox,
  mailboxes: readonly ListedMailbox[],
): readonly ListAttribute[] {
  return attributes({ ...mailbox, exists: true }, ['CHILDREN', 'SPECIAL-USE'], parentsOf(mailboxes))
}

/** What LSUB answers: subscribed names, and for `%` their parents that are not (RFC 3501 §6.3.9). */
export function subscribedListing(
  pattern: string,
  mailboxes: readonly ListedMailbox[],
  subscriptions: readonly string[],
): readonly ListResponse[] {
  const unselectable = new Set(mailboxes.filter((mailbox) => mailbox.noSelect).map(({ name }) => name))
  const known = new Set(subscriptions)
  const wanted = patternOf(pattern)
  const parents = new Set(subscriptions.flatMap(ancestorsOf).filter((name) => !known.has(name)))
  checkCost(
    [wanted],
    [...subscriptions, ...parents].map((name) => ({ name })),
  )
  const own = subscriptions.filter((name) => wanted.matches(name))
  const above = pattern.includes('%') ? [...parents].filter((name) => wanted.matches(name)) : []
  return [...own.map((name) => lsub(name, unselectable.has(name))), ...above.map((name) => lsub(name, true))]
}

function lsub(name: string, noSelect: boolean): ListResponse {
  return { kind: 'lsub', name, attributes: noSelect ? ['\\Noselect'] : [] }
}

type Candidate = ListedMailbox & { readonly exists: boolean }

function withSubscribed(
  mailboxes: readonly ListedMailbox[],
  subscriptions: readonly string[],
): readonly Candidate[] {
  const names = new Set(mailboxes.map(({ name }) => name))
  const only = subscriptions.filter((name) => !names.has(name))
  return [
    ...mailboxes.map((mailbox): Candidate => ({ ...mailbox, exists: true })),
    ...only.map((name): Candidate => ({ name, subscribed: true, noSelect: true, exists: false })),
  ]
}

function entry(
  candidate: Candidate,
  command: ListCommand,
  above: ReadonlySet<string>,
  parents: ReadonlySet<string>,
): ListResponse | undefined {
  const told = attributes(candidate, wantedAttributes(command), parents)
  const response: ListResponse = { kind: 'list', name: candidate.name, attributes: told }
  if (meets(candidate, command)) return withChildInfo(response, candidate, command, above)
  // RFC 5258 §3.5: a parent that does not meet the criteria itself is told for the sake of its children
  const childInfo = recursive(candidate, command, above)
  return childInfo.length > 0 ? { ...response, childInfo } : undefined
}

function withChildInfo(
  response: ListResponse,
  candidate: Candidate,
  command: ListCommand,
  above: ReadonlySet<string>,
): ListResponse {
  const childInfo = recursive(candidate, command, above)
  return childInfo.length > 0 ? { ...response, childInfo } : response
}

/** @param above the names above those that meet the criteria */
function recursive(
  candidate: Candidate,
  command: ListCommand,
  above: ReadonlySet<string>,
): readonly string[] {
  if (!command.select.includes('RECURSIVEMATCH')) return []
  return above.has(candidate.name)
    ? command.select.filter((option) => option === 'SUBSCRIBED' || option === 'SPECIAL-USE')
    : []
}

function meets(candidate: Candidate, { select }: ListCommand): boolean {
  if (select.includes('SUBSCRIBED') && !candidate.subscribed) return false
  return !select.includes('SPECIAL-USE') || candidate.specialUse !== undefined
}

/** RFC 5258 §3.4: what is selected by is told, too. CHILDREN are told always (RFC 3348 §3), and so are special uses (RFC 6154 §2). */
function wantedAttributes({ select, return: wanted }: ListCommand): readonly ListReturn[] {
  const subscribed = select.includes('SUBSCRIBED') || wanted.includes('SUBSCRIBED')
  return ['CHILDREN', 'SPECIAL-USE', ...(subscribed ? (['SUBSCRIBED'] as const) : [])]
}

function attributes(
  candidate: Candidate,
  wanted: readonly ListReturn[],
  parents: ReadonlySet<string>,
): readonly ListAttribute[] {
  const told: ListAttribute[] = []
  if (!candidate.exists) told.push('\\NonExistent')
  else if (candidate.noSelect) told.push('\\Noselect')
  if (wanted.includes('SUBSCRIBED') && candidate.subscribed) told.push('\\Subscribed')
  told.push(parents.has(candidate.name) ? '\\HasChildren' : '\\HasNoChildren')
  if (wanted.includes('SPECIAL-USE') && candidate.specialUse !== undefined) told.push(candidate.specialUse)
  return told
}

function parentsOf(mailboxes: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(mailboxes.flatMap(({ name }) => ancestorsOf(name)))
}

function ancestorsOf(name: string): readonly string[] {
  const ancestors: string[] = []
  for (let end = name.indexOf(DELIMITER); end !== -1; end = name.indexOf(DELIMITER, end + 1)) {
    ancestors.push(name.slice(0, end))
  }
  return ancestors
}
