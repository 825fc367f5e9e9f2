import { setImmediate as turn } from 'node:timers/promises'
import type { ContentStore } from '@cartero/content'
import { NumberSet, type SearchKey } from '@cartero/imap'
import type { Found, TrackedRow } from '@cartero/imap/server'
import type { MailStore } from '@cartero/mailstore'
import type { MailboxView } from './mailbox-view.ts'
import type { MessageCache } from './message-cache.ts'
import { readMessages } from './message-reader.ts'
import { refusing } from './refusal-of.ts'
import { readHeader, readTexts } from './search-octets.ts'
import { Criteria, type Subject } from './search-criteria.ts'

/** Messages asked of the store at a time. */
const PORTION = 256

/** Messages compared by their rows before everybody else gets a turn: of 500 keys each costs some microseconds. */
const ROWS_A_TURN = 256

/** Messages whose octets are read at the same time. */
const READERS = 8

export interface SearchContext {
  readonly view: MailboxView
  readonly store: MailStore
  readonly content: ContentStore
  readonly cache: MessageCache
}

/**
 * Finds messages. What can be told from the rows is told first, then what the index tells, then what a header tells; the
 * octets of a message are read only when all else holds.
 */
export async function searchMessages(context: SearchContext, key: SearchKey): Promise<Found> {
  const { tracker } = context.view
  const criteria = new Criteria(key, (set, uid) => resolved(context.view, set, uid))
  const sequences: number[] = []
  for (let sequence = 1; sequence <= tracker.exists; sequence++) {
    const row = tracker.row(sequence)
    if (!tracker.isGone(row.uid) && criteria.holds('row', { sequence, row })) sequences.push(sequence)
    if (sequence % ROWS_A_TURN === 0) await turn()
  }
  const found = criteria.needsMore ? await narrowed(context, criteria, sequences) : sequences
  return result(
    found.map((sequence) => [sequence, tracker.row(sequence)]),
    criteria.asksModseq,
  )
}

/** The sequence numbers that a set means, as a set. Numbers that do not exist match nothing. */
function resolved({ tracker }: MailboxView, set: NumberSet | '$', uid: boolean): NumberSet {
  if (set !== '$' && !uid) return set.resolve(tracker.exists)
  return NumberSet.of(tracker.resolve({ set, uid }) ?? [])
}

function result(found: readonly (readonly [number, TrackedRow])[], withModseq: boolean): Found {
  const sequences = found.map(([sequence]) => sequence)
  const uids = found.map(([, { uid }]) => uid)
  if (!withModseq || found.length === 0) return { sequences, uids }
  const modseq = found.reduce((highest, [, row]) => Math.max(highest, row.modseq), 0)
  return { sequences, uids, modseq }
}

async function narrowed(
  context: SearchContext,
  criteria: Criteria,
  sequences: readonly number[],
): Promise<readonly number[]> {
  const found: number[] = []
  for (let start = 0; start < sequences.length; start += PORTION) {
    let subjects = await stored(context, sequences.slice(start, start + PORTION))
    subjects = subjects.filter((subject) => criteria.holds('stored', subject))
    if (criteria.needsOctets) subjects = await withOctets(context, criteria, subjects)
    for (const { sequence } of subjects) found.push(sequence)
  }
  return found
}

async function stored(
  { view, store, cache }: SearchContext,
  sequences: readonly number[],
): Promise<readonly Subject[]> {
  const { tracker, mailbox } = view
  const uids = sequences.map((sequence) => tracker.row(sequence).uid)
  const messages = await readMessages(store, cache, mailbox.id, uids, { keep: true })
  return messages.flatMap((message) => {
    const sequence = tracker.sequenceOf(message.uid)
    return sequence === undefined ? [] : [{ sequence, row: tracker.row(sequence), message }]
  })
}

async function withOctets(
  context: SearchContext,
  criteria: Criteria,
  subjects: readonly Subject[],
): Promise<readonly Subject[]> {
  const found: Subject[] = []
  for (let start = 0; start < subjects.length; start += READERS) {
    const group = subjects.slice(start, start + READERS)
    const held = await refusing(Promise.all(group.map((subject) => holdsOctets(context, criteria, subject))))
    group.forEach((subject, i) => held[i] && found.push(subject))
    // What was delivered a moment ago is read from memory.
    await turn()
  }
  return found
}

async function holdsOctets(
  { content }: SearchContext,
  criteria: Criteria,
  subject: Subject,
): Promise<boolean> {
  const message = subject.message!
  const header = criteria.needsHeader ? await readHeader(content, message) : undefined
  const withHeader: Subject = header === undefined ? subject : { ...subject, header }
  if (!criteria.holds('header', withHeader)) return false
  if (criteria.needles.length === 0) return true
  const texts = await readTexts(content, message, criteria.needles)
  return criteria.holds('text', { ...withHeader, texts })
}
