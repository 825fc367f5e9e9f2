import type { ContentLog, LogPosition } from '@cartero/content'
import type { SqlStore } from '@cartero/sql'
import type { Clock } from '@cartero/wire'

import type { Ledger } from '../ledger/ledger.ts'
import type { QueueId } from '../ports.ts'
import { encodeClosing } from './label.ts'
import type { SpoolProcedures } from './procedures.ts'
import { rowOf, type KeptEntry } from './rows.ts'

/** Between checkpoints: what is delivered sooner never touches SQLite; after a crash at most this is delivered again. */
export const CHECKPOINT_MS = 1_000

/** Messages, and octets of their envelopes, that are written at once. */
const PAGE = 1_000
const PAGE_OCTETS = 4 * 1024 * 1024

export interface RecorderParts {
  readonly log: ContentLog
  readonly store: SqlStore<SpoolProcedures>
  readonly ledger: Ledger<KeptEntry>
  readonly clock: Clock
  /** A checkpoint failed; it is tried again. */
  readonly trouble: (error: unknown) => void
  /** These are recorded as they are now, unless they changed meanwhile. */
  readonly wrote: (entries: readonly KeptEntry[]) => void
}

/**
 * Brings into SQLite what has been waiting for a while, and moves the replay position on. The position is the oldest of
 * all messages in the log that are neither done nor recorded, so a start that reads from there misses none.
 */
export class Recorder {
  readonly #parts: RecorderParts
  /** Where the log ended when a commit began: its frame stands there or later. */
  readonly #floors = new Map<object, LogPosition>()
  /** Rows to be deleted. */
  #done: QueueId[] = []
  /** Closing words on their way into the log. */
  readonly #words = new Set<Promise<void>>()
  /** Out of the ledger, and the row says something else. */
  readonly #buried = new Set<KeptEntry>()
  #replay: LogPosition
  #cancel: (() => void) | undefined
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(parts: RecorderParts, replay: LogPosition) {
    this.#parts = parts
    this.#replay = replay
  }

  /** A frame is about to be written for `key`, which must be passed to `settled` when it is done, recorded or void. */
  begun(key: object): void {
    this.#floors.set(key, this.#parts.log.end)
  }

  /** The frame that `key` stands for now stands for `entry`. */
  accepted(key: object, entry: KeptEntry): void {
    const floor = this.#floors.get(key)
    this.#floors.delete(key)
    if (floor !== undefined) this.#floors.set(entry, floor)
    this.arm()
  }

  abandoned(key: object): void {
    this.#floors.delete(key)
  }

  changed(entry: KeptEntry): void {
    entry.isChanged = true
    this.arm()
  }

  /** It left the ledger. */
  done(entry: KeptEntry): void {
    if (entry.keepsRow) {
      entry.isChanged = true
      this.#buried.add(entry)
    } else {
      if (entry.isRecorded) this.#done.push(entry.message.queueId)
      this.#floors.delete(entry)
      this.#parts.log.unpin(entry.message.content)
    }
    this.arm()
  }

  /** A checkpoint will come. */
  arm(): void {
    if (this.#isClosed) return
    this.#cancel ??= this.#parts.clock.after(CHECKPOINT_MS, () => {
      this.#cancel = undefined
      this.#attempt(CHECKPOINT_MS)
    })
  }

  /** Memory is full: a checkpoint of everything, now, unless one is running. */
  hasten(): void {
    if (this.#running === undefined) this.#attempt(-Infinity)
  }

  #attempt(olderThan: number): void {
    this.checkpoint(olderThan).catch((error: unknown) => {
      this.#parts.trouble(error)
      this.arm()
    })
  }

  /** Records these now. Whoever hears that it failed need not see to it: a checkpoint will come. */
  async record(entries: readonly KeptEntry[]): Promise<void> {
    try {
      await this.#write(entries)
    } catch (error) {
      this.arm()
      throw error
    }
  }

  /**
   * Makes it durable that these are over: a word in the log, behind the messages themselves, that shares its sync with whatever
   * is accepted at the moment. The rows, if there are any, go with the next checkpoint, which waits for the word; and the replay
   * position is not past it before they do. Where the log has no room, a checkpoint says the same, and costs more.
   */
  async close(queueIds: readonly QueueId[]): Promise<void> {
    const words: Promise<void>[] = []
    for (let at = 0; at < queueIds.length; at += PAGE) words.push(this.#say(queueIds.slice(at, at + PAGE)))
    try {
      await Promise.all(words)
    } catch (error) {
      this.#parts.trouble(error)
      return await this.checkpoint(-Infinity)
    }
    this.arm()
  }

  /** The same for rows that are not in memory, which go at once. */
  async closeRows(queueIds: readonly QueueId[]): Promise<void> {
    await this.close(queueIds)
    await this.#parts.store.call('checkpoint', { records: [], done: queueIds })
  }

  #say(queueIds: readonly QueueId[]): Promise<void> {
    const { log } = this.#parts
    const saying = log.begin().commit(encodeClosing(queueIds))
    const said = saying.then((content) => log.unpin(content)).finally(() => this.#words.delete(said))
    this.#words.add(said)
    return said
  }

  /** Records what is older, and what changed. One at a time; whoever asks meanwhile waits for the next. */
  async checkpoint(olderThan: number): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => {})
    this.#running = this.#checkpoint(olderThan)
    try {
      await this.#running
    } finally {
      this.#running = undefined
    }
  }

  /** Records everything, for the last time. */
  async end(): Promise<void> {
    this.#isClosed = true
    this.#cancel?.()
    await this.checkpoint(-Infinity)
  }

  async #checkpoint(olderThan: number): Promise<void> {
    const { ledger, clock, log } = this.#parts
    const before = clock.now() - olderThan
    const entries = [...this.#buried]
    for (const entry of ledger.entries.values()) {
      if (entry.isChanged && (entry.isRecorded || entry.since <= before)) entries.push(entry)
    }
    const replay = this.#floor(new Set(entries))
    const hasMoved = replay.segment !== this.#replay.segment || replay.offset !== this.#replay.offset
    if (entries.length > 0 || this.#done.length > 0 || hasMoved) {
      await this.#write(entries)
      await this.#advance(replay)
      this.#replay = replay
      log.forgetLabelsBefore(replay)
    }
    if (this.#floors.size > 0) this.arm()
  }

  /** The replay position when these are recorded. */
  #floor(recorded: ReadonlySet<object>): LogPosition {
    let floor = this.#parts.log.end
    for (const [key, position] of this.#floors)
      if (!recorded.has(key) && isBefore(position, floor)) floor = position
    return floor
  }

  async #write(entries: readonly KeptEntry[]): Promise<void> {
    for (const page of inPages(entries)) await this.#writePage(page)
  }

  /** Comes last: until then a start would find these messages in the log. Without a row, it has to find there that they are over. */
  async #advance(replay: LogPosition): Promise<void> {
    const done = this.#done
    this.#done = []
    await Promise.allSettled(this.#words)
    try {
      await this.#parts.store.call('checkpoint', { records: [], done, replay })
    } catch (error) {
      this.#done.push(...done)
      throw error
    }
  }

  /** Rows are made when they are sent: an older state must never be written after a newer one. */
  async #writePage(page: readonly KeptEntry[]): Promise<void> {
    const { store, ledger, log, wrote } = this.#parts
    const entries = page.filter((entry) => !entry.isGone || this.#buried.has(entry))
    for (const entry of entries) {
      entry.isChanged = false
      // From now on a row may exist: whoever is done meanwhile has to have it deleted.
      entry.isRecorded = true
      this.#buried.delete(entry)
    }
    const records = entries.map((entry) => rowOf(entry, !this.#isClosed && ledger.isBusy(entry)))
    try {
      await store.call('checkpoint', { records, done: [] })
    } catch (error) {
      for (const entry of entries) this.#restore(entry)
      throw error
    }
    for (const [index, entry] of entries.entries()) {
      if (records[index]?.text !== undefined) entry.isWritten = true
      this.#floors.delete(entry)
      log.unpin(entry.message.content)
    }
    wrote(entries)
  }

  #restore(entry: KeptEntry): void {
    entry.isChanged = true
    entry.isWritten = false
    if (entry.isGone && entry.isDone && entry.keepsRow) this.#buried.add(entry)
  }
}

/** In portions that take little memory on their way through the worker. */
function inPages(entries: readonly KeptEntry[]): readonly KeptEntry[][] {
  const pages: KeptEntry[][] = []
  let [page, weight]: [KeptEntry[], number] = [[], Infinity]
  for (const entry of entries) {
    if (page.length >= PAGE || weight + entry.weight > PAGE_OCTETS) {
      pages.push((page = []))
      weight = 0
    }
    page.push(entry)
    weight += entry.weight
  }
  return pages
}

function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset)
}
