import type { ContentStore } from '@cartero/content'
import {
  setsSeen,
  type FetchCommand,
  type FetchedItem,
  type FetchedMessage,
  type FetchItem,
} from '@cartero/imap'
import type { MailboxTracker, TrackedRow } from '@cartero/imap/server'
import type { MailStore } from '@cartero/mailstore'
import type { MaybePromise } from '@cartero/wire'
import { binaryItem, binarySizeItem } from './binary.ts'
import type { MailboxView } from './mailbox-view.ts'
import type { MessageCache } from './message-cache.ts'
import { readMessages, type ReadMessage } from './message-reader.ts'
import { refusing } from './refusal-of.ts'
import { sectionItem } from './section.ts'

/** Messages asked of the store at a time. */
const PORTION = 256

/** Messages whose octets are read at the same time; each of at most READ_AT_ONCE octets (section.ts), the larger ones stream. */
const READERS = 16

/** Rows answered from memory at a time. */
const ROWS = 1_000

export interface FetchContext {
  readonly view: MailboxView
  readonly store: MailStore
  readonly content: ContentStore
  readonly cache: MessageCache
}

/** Carries out a FETCH: messages in ascending order, in batches. Throws ImapRefusal. */
export async function* fetchMessages(
  context: FetchContext,
  command: FetchCommand,
  sequences: readonly number[],
): AsyncGenerator<readonly FetchedMessage[]> {
  const items = itemsOf(command)
  const wanted = wantedSequences(context.view, command, sequences)
  if (items.every(isOfRow)) yield* fromRows(context.view, items, wanted)
  else yield* fromStore(context, items, wanted)
}

/** UID FETCH always tells the uid (RFC 3501 §6.4.8), CHANGEDSINCE the modseq (RFC 7162 §3.1.4.1). */
function itemsOf({ items, numbers, changedSince }: FetchCommand): readonly FetchItem[] {
  const names = new Set(items.map(({ item }) => item))
  const more: FetchItem[] = []
  if (numbers.uid && !names.has('UID')) more.push({ item: 'UID' })
  if (changedSince !== undefined && !names.has('MODSEQ')) more.push({ item: 'MODSEQ' })
  return [...more, ...items]
}

function wantedSequences(
  { tracker }: MailboxView,
  { changedSince }: FetchCommand,
  sequences: readonly number[],
): readonly number[] {
  if (changedSince === undefined) return sequences
  return sequences.filter((sequence) => tracker.row(sequence).modseq > changedSince)
}

function isOfRow({ item }: FetchItem): boolean {
  return item === 'UID' || item === 'FLAGS' || item === 'MODSEQ'
}

/** Flags and uids are at hand. */
async function* fromRows(
  { tracker }: MailboxView,
  items: readonly FetchItem[],
  sequences: readonly number[],
): AsyncGenerator<readonly FetchedMessage[]> {
  for (let start = 0; start < sequences.length; start += ROWS) {
    const batch: FetchedMessage[] = []
    for (const sequence of sequences.slice(start, start + ROWS)) {
      const row = tracker.row(sequence)
      if (!tracker.isGone(row.uid)) batch.push({ sequence, items: items.map((item) => rowItem(row, item)) })
    }
    yield batch
  }
}

function rowItem(row: TrackedRow, { item }: FetchItem): FetchedItem {
  if (item === 'UID') return { item, uid: row.uid }
  return item === 'FLAGS' ? { item, flags: row.flags } : { item: 'MODSEQ', modseq: row.modseq }
}

/**
 * While one portion is sent, the next is read. But what marks messages as seen goes in small steps: a client that leaves
 * halfway should find unseen what it has not got.
 */
async function* fromStore(
  context: FetchContext,
  items: readonly FetchItem[],
  sequences: readonly number[],
): AsyncGenerator<readonly FetchedMessage[]> {
  const marks = items.some(setsSeen) && !context.view.readOnly
  const portion = marks ? READERS : PORTION
  let ahead: Promise<readonly FoundMessage[]> | undefined
  for (let start = 0; start < sequences.length; start += portion) {
    const messages = await (ahead ?? readPortion(context, items, sequences.slice(start, start + portion)))
    const next = sequences.slice(start + portion, start + 2 * portion)
    ahead = marks || next.length === 0 ? undefined : readPortion(context, items, next)
    // When the client leaves meanwhile, nobody waits for it any more.
    ahead?.catch(() => {})
    yield* composed(context, messages)
  }
}

interface FoundMessage {
  readonly sequence: number
  readonly message: ReadMessage
  /** Flags and modseq as they are told. */
  readonly row: TrackedRow
  readonly items: readonly FetchItem[]
}

/** Reads messages and marks as seen those that are about to be read by the user. */
async function readPortion(
  context: FetchContext,
  items: readonly FetchItem[],
  sequences: readonly number[],
): Promise<readonly FoundMessage[]> {
  const { view, store, cache } = context
  const { tracker, mailbox } = view
  const uids = uidsOf(tracker, sequences)
  const messages = await readMessages(store, cache, mailbox.id, uids, { keep: items.some(needsIndex) })
  const marked = items.some(setsSeen) && !view.readOnly ? await markSeen(context, messages) : NONE
  // RFC 3501 §6.4.5: when FETCH changes the flags, it tells them
  const told = items.some(({ item }) => item === 'FLAGS') ? items : [...items, { item: 'FLAGS' } as const]
  const found: FoundMessage[] = []
  for (const message of messages) {
    const sequence = tracker.sequenceOf(message.uid)
    if (sequence === undefined) continue
    found.push({
      sequence,
      message,
      row: tracker.row(sequence),
      items: marked.has(message.uid) ? told : items,
    })
  }
  return found
}

function uidsOf(tracker: MailboxTracker, sequences: readonly number[]): readonly number[] {
  const uids = sequences.map((sequence) => tracker.row(sequence).uid)
  return uids.filter((uid) => !tracker.isGone(uid))
}

/** All but the plain octets of the whole message. */
function needsIndex(item: FetchItem): boolean {
  if (item.item !== 'SECTION') return true
  return item.section.path.length > 0 || item.section.text !== 'all'
}

const NONE: ReadonlySet<number> = new Set()

/** Gives the uids of those that were not seen before. */
async function markSeen(
  { view, store }: FetchContext,
  messages: readonly ReadMessage[],
): Promise<ReadonlySet<number>> {
  const { tracker, mailbox } = view
  const unseen = messages.flatMap(({ uid }) => {
    const sequence = tracker.sequenceOf(uid)
    return sequence === undefined || tracker.row(sequence).flags.includes('\\Seen') ? [] : [uid]
  })
  if (unseen.length === 0) return NONE
  const { changed } = await refusing(store.changeFlags(mailbox.id, unseen, 'add', ['\\Seen']))
  view.settle(changed)
  return new Set(unseen)
}

async function* composed(
  context: FetchContext,
  messages: readonly FoundMessage[],
): AsyncGenerator<readonly FetchedMessage[]> {
  const octetItems = messages[0]?.items.filter(isOfOctets).length ?? 0
  const readers = octetItems === 0 ? PORTION : Math.max(1, Math.floor(READERS / octetItems))
  for (let start = 0; start < messages.length; start += readers) {
    const group = messages.slice(start, start + readers).map((found) => compose(context, found))
    yield group.some(isAwaited) ? await refusing(allOf(group)) : (group as FetchedMessage[])
  }
}

function isOfOctets({ item }: FetchItem): boolean {
  return item === 'SECTION' || item === 'BINARY' || item === 'BINARY.SIZE'
}

/** A message whose items are all at hand is told without a turn of the event loop. */
function compose(context: FetchContext, found: FoundMessage): MaybePromise<FetchedMessage> {
  const { sequence } = found
  const items = found.items.map((item) => storedItem(context, found, item))
  if (!items.some(isAwaited)) return { sequence, items: items as FetchedItem[] }
  return allOf(items).then((fetched) => ({ sequence, items: fetched }))
}

function isAwaited(value: MaybePromise<object>): boolean {
  return value instanceof Promise
}

function allOf<T>(values: readonly MaybePromise<T>[]): Promise<T[]> {
  return Promise.all(values.map(async (value) => value))
}

function storedItem(
  { content }: FetchContext,
  { message, row }: FoundMessage,
  item: FetchItem,
): MaybePromise<FetchedItem> {
  switch (item.item) {
    case 'UID':
    case 'FLAGS':
    case 'MODSEQ':
      return rowItem(row, item)
    case 'INTERNALDATE':
      return { item: 'INTERNALDATE', at: message.internalDate }
    case 'RFC822.SIZE':
      return { item: 'RFC822.SIZE', octets: message.size }
    case 'ENVELOPE':
      return { item: 'ENVELOPE', envelope: message.index.envelope }
    case 'BODY':
    case 'BODYSTRUCTURE':
      return { item: item.item, root: message.index.root }
    case 'SECTION':
      return sectionItem(content, message, item)
    case 'BINARY':
      return binaryItem(content, message, item)
    case 'BINARY.SIZE':
      return binarySizeItem(content, message, item)
  }
}
