import type { ContentDraft, ContentId, ContentLog, LogPosition } from '@cartero/content'
import type { SqlStore, SqlWorker } from '@cartero/sql'
import { systemClock, type Clock } from '@cartero/wire'

import { asSpoolError } from '../fault.ts'
import { matches, queueIdOf, summaries, unroutedId } from '../ledger/entry.ts'
import { Ledger } from '../ledger/ledger.ts'
import {
  SpoolError,
  type Delivery,
  type DeliveryId,
  type DeliveryState,
  type DeliverySummary,
  type Envelope,
  type IntakeDraft,
  type NextHop,
  type Outcome,
  type QueueId,
  type Routed,
  type Spool,
  type SpooledMessage,
} from '../ports.ts'
import { QueueIds } from '../queue-id.ts'
import { Backlog } from './backlog.ts'
import { encodeLabel } from './label.ts'
import type { SpoolProcedures } from './procedures.ts'
import { Recorder } from './recorder.ts'
import { replay } from './replay.ts'
import { KeptEntry } from './rows.ts'

export interface EmbeddedSpoolOptions {
  /** Whose labels are the accepted messages; nobody else may label frames in it. Stays the caller's to close, after us. */
  readonly log: ContentLog
  readonly sql: SqlWorker
  /** The database. Its directory must exist. */
  readonly file: string
  readonly clock?: Clock
  /** Messages in memory; what is more waits in SQLite. Default 10,000: a second of mail, some 20 MB. */
  readonly window?: number
  /** Milliseconds that dead letters are kept. */
  readonly keepDeadLetters?: number
  /** Something failed that is tried again and that nobody waits for. By default a process warning. */
  readonly trouble?: (error: unknown) => void
}

/** Deliveries that an operator changes at once. */
const CHANGE_PAGE = 500
export const DEFAULT_WINDOW = 10_000
/** Of the window: below this, messages are read back. */
const MIN_FILL = 0.5
/** Of the window: when it is full, so much of it stays. */
const KEPT_FILL = 0.75
/** Of the window: above this, commits wait until something is recorded. */
const MAX_FILL = 2
/** Octets of envelopes and prefixes in memory: a thousand recipients make a heavy message. */
export const WINDOW_OCTETS: number = 32 * 1024 * 1024

/**
 * The log is the queue: the frame that makes a 250 true holds octets and envelope. SQLite holds what has been waiting for
 * longer than a moment. See INTERNALS.md.
 */
export class EmbeddedSpool implements Spool {
  readonly #log: ContentLog
  readonly #store: SqlStore<SpoolProcedures>
  readonly #clock: Clock
  readonly #window: number
  readonly #ids: QueueIds
  readonly #ledger: Ledger<KeptEntry>
  readonly #recorder: Recorder
  readonly #backlog: Backlog
  /** Octets of envelopes and prefixes in memory. */
  #weight = 0
  readonly #commits = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  private constructor(
    options: EmbeddedSpoolOptions,
    store: SqlStore<SpoolProcedures>,
    replayed: LogPosition,
    waiting: number,
  ) {
    const { log, clock = systemClock, window = DEFAULT_WINDOW, trouble = warn } = options
    this.#log = log
    this.#store = store
    this.#clock = clock
    this.#window = window
    this.#ids = new QueueIds(clock)
    const keeper = {
      changed: (entry: KeptEntry) => this.#recorder.changed(entry),
      done: (entry: KeptEntry) => this.#done(entry),
      taken: () => this.#backlog.refill(),
    }
    this.#ledger = new Ledger<KeptEntry>(clock, keeper, options.keepDeadLetters)
    const parts = { log, store, clock, trouble, ledger: this.#ledger }
    this.#recorder = new Recorder({ ...parts, wrote: (entries) => this.#relieve(entries) }, replayed)
    // What somebody works on needs its memory anyway; it must not keep others from being worked on.
    const hasRoom = () => this.#ledger.idle < window * MIN_FILL && this.#weight < WINDOW_OCTETS
    this.#backlog = new Backlog({ ...parts, hasRoom, admit: (entry) => this.#readBack(entry) }, waiting)
    this.#backlog.refill()
  }

  /** Recovers what was accepted and not done. Rejects with SpoolError in words for an operator. */
  static async open(options: EmbeddedSpoolOptions): Promise<EmbeddedSpool> {
    const { log, sql, file, clock = systemClock } = options
    try {
      const procedures = new URL('./procedures.ts', import.meta.url)
      const store = await sql.open<SpoolProcedures>({ file, procedures })
      const from = await store.call('start')
      const replayed = await replay(log, store, clock.now(), from)
      return new EmbeddedSpool(options, store, replayed, await store.call('waiting'))
    } catch (error) {
      throw asSpoolError(error)
    }
  }

  begin(envelope: Envelope): IntakeDraft {
    const draft = this.#log.begin()
    const queueId = this.#ids.next()
    return {
      queueId,
      write: (bytes) => {
        try {
          return draft.write(bytes)?.catch((error: unknown) => Promise.reject(asSpoolError(error)))
        } catch (error) {
          throw asSpoolError(error)
        }
      },
      commit: (prefix, found, index) =>
        this.#commit(draft, {
          queueId,
          envelope: { ...envelope, ...found },
          acceptedAt: this.#clock.now(),
          prefix: Buffer.from(prefix),
          size: draft.size,
          ...(index && { index }),
        }),
      abort: () => draft.abort(),
    }
  }

  async #commit(draft: ContentDraft, text: Omit<SpooledMessage, 'content'>): Promise<QueueId> {
    const accepting = this.#accept(draft, text)
    this.#commits.add(accepting)
    try {
      await accepting
    } catch (error) {
      draft.abort()
      throw asSpoolError(error)
    } finally {
      this.#commits.delete(accepting)
    }
    return text.queueId
  }

  async #accept(draft: ContentDraft, text: Omit<SpooledMessage, 'content'>): Promise<void> {
    if (this.#closing !== undefined) throw new SpoolError('unavailable', 'the spool is closed')
    if (this.#isOver(MAX_FILL)) await this.#recorder.checkpoint(-Infinity)
    this.#recorder.begun(draft)
    try {
      const label = encodeLabel(text)
      const content = await draft.commit(label)
      const entry = new KeptEntry({ ...text, content }, this.#clock.now(), label.length)
      this.#recorder.accepted(draft, entry)
      this.#admit(entry)
    } catch (error) {
      this.#recorder.abandoned(draft)
      throw error
    }
    if (this.#isOver(1)) this.#recorder.hasten()
  }

  arrivals(limit: number, signal: AbortSignal): AsyncIterable<readonly SpooledMessage[]> {
    return this.#ledger.arrivals(limit, signal)
  }

  async route(routed: readonly Routed[]): Promise<void> {
    this.#ledger.route(routed)
  }

  lease(kind: NextHop['kind'], limit: number, signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    return this.#ledger.lease(kind, limit, signal)
  }

  /** `delivered` is remembered at the next checkpoint: until then a crash delivers again, under the same delivery id. */
  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const unsettled = new Set<KeptEntry>()
    for (const { entry, state, nextHop } of this.#ledger.settle(outcomes)) {
      const kept = entry as KeptEntry
      // Whoever settles has not crashed.
      kept.crashes = 0
      // A dead letter whose message is done is in no loop any more; it is to be seen at once.
      // What somebody else has got must not be sent again.
      if (state !== 'delivered' || nextHop.kind !== 'local' || kept.deadLetters.length > 0)
        unsettled.add(kept)
    }
    if (unsettled.size > 0) await this.#record(unsettled)
  }

  giveBack(ids: readonly DeliveryId[]): void {
    this.#ledger.giveBack(ids)
  }

  async release(ids: readonly DeliveryId[]): Promise<readonly DeliveryId[]> {
    return await this.#change(ids, (entry, id) => {
      if (this.#ledger.release(id)) return true
      const isUnrouted = entry.isGone && id === unroutedId(entry) && !entry.isRouted
      if (!isUnrouted && !entry.deadLetters.find((item) => item.id === id)?.release()) return false
      entry.crashes = 0
      this.#admit(entry)
      return true
    })
  }

  async remove(ids: readonly DeliveryId[]): Promise<readonly DeliveryId[]> {
    return await this.#change(ids, (entry, id) => {
      if (this.#ledger.remove(id)) return true
      const isUnrouted = entry.isGone && id === unroutedId(entry) && !entry.isRouted
      if (isUnrouted) entry.route([], this.#clock.now())
      else if (!entry.deadLetters.find((item) => item.id === id)?.remove()) return false
      this.#recorder.done(entry)
      return true
    })
  }

  /**
   * Memory and rows together. A message may go from one to the other while we ask, so memory is looked at before and
   * after: nothing is missed, and what is seen twice is told once, as it is now.
   */
  async inspect(filter: {
    readonly state?: DeliveryState
    readonly limit: number
  }): Promise<readonly DeliverySummary[]> {
    const before = [...this.#ledger.entries.values()]
    const rows = await this.#ask(() => this.#store.call('inspect', filter))
    const after = this.#ledger.entries.values()
    const found = new Map<DeliveryId, DeliverySummary>()
    const add = (summary: DeliverySummary) => found.set(summary.id, summary)
    before.flatMap(summaries).forEach(add)
    rows.forEach(add)
    after.flatMap(summaries).forEach(add)
    return [...found.values()]
      .filter(matches(filter.state))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, filter.limit)
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    const held = [...this.#ledger.entries.values()].map((entry) => entry.message.content)
    const recorded = await this.#ask(() => this.#store.call('referenced', prefix))
    return new Set([...held.filter((id) => id.startsWith(prefix)), ...recorded])
  }

  get waiting(): number {
    return this.#ledger.entries.size + this.#backlog.waiting
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#commits)
    this.#ledger.close()
    await this.#backlog.close()
    await this.#ask(async () => {
      await this.#recorder.close()
      await this.#store.call('rest')
      await this.#store.close()
    })
  }

  #admit(entry: KeptEntry): void {
    this.#weight += entry.weight
    this.#ledger.admit(entry)
  }

  /** Out of SQLite, because something is due: to be worked on, or to be forgotten. */
  #readBack(entry: KeptEntry): void {
    if (entry.forget(this.#clock.now())) this.#recorder.changed(entry)
    if (!entry.isDone) return this.#admit(entry)
    entry.isGone = true
    this.#recorder.done(entry)
  }

  #done(entry: KeptEntry): void {
    this.#weight -= entry.weight
    this.#recorder.done(entry)
    this.#backlog.refill()
  }

  #isOver(share: number): boolean {
    return this.#ledger.entries.size > this.#window * share || this.#weight > WINDOW_OCTETS * share
  }

  /** These have just been recorded. What only waits leaves memory; when it is full, what is ready does, too. */
  #relieve(entries: readonly KeptEntry[]): void {
    const idle = entries.filter((entry) =>
      entry.isGone ? entry.deadLetters.length > 0 : this.#isIdle(entry),
    )
    this.#evict(idle)
    if (!this.#isOver(1)) return
    const excess: KeptEntry[] = []
    const newest = [...this.#ledger.entries.values()].toReversed()
    // The least urgent go first; the sort keeps the order of equals.
    newest.sort((a, b) => a.priority - b.priority)
    let [count, weight] = [this.#ledger.entries.size, this.#weight]
    for (const entry of newest) {
      if (count <= this.#window * KEPT_FILL && weight <= WINDOW_OCTETS * KEPT_FILL) break
      if (!this.#isEvictable(entry)) continue
      excess.push(entry)
      count -= 1
      weight -= entry.weight
    }
    this.#evict(excess)
  }

  #isIdle(entry: KeptEntry): boolean {
    return this.#isEvictable(entry) && (entry.due === null || entry.due > 0)
  }

  #isEvictable(entry: KeptEntry): boolean {
    return entry.isRecorded && !entry.isChanged && !this.#ledger.isBusy(entry)
  }

  #evict(entries: readonly KeptEntry[]): void {
    let waiting = 0
    for (const entry of entries) {
      if (entry.isGone) continue
      this.#ledger.evict(entry)
      this.#weight -= entry.weight
      waiting += 1
    }
    this.#backlog.add(entries, waiting)
  }

  /** Operator's changes, in portions: each message is brought into memory, changed, and written. */
  async #change(
    ids: readonly DeliveryId[],
    change: (entry: KeptEntry, id: DeliveryId) => boolean,
  ): Promise<readonly DeliveryId[]> {
    const changed: DeliveryId[] = []
    for (let at = 0; at < ids.length; at += CHANGE_PAGE) {
      changed.push(...(await this.#changePage(ids.slice(at, at + CHANGE_PAGE), change)))
    }
    return changed
  }

  async #changePage(
    ids: readonly DeliveryId[],
    change: (entry: KeptEntry, id: DeliveryId) => boolean,
  ): Promise<readonly DeliveryId[]> {
    const changed: DeliveryId[] = []
    const touched = new Set<KeptEntry>()
    /** Out of SQLite and not in the ledger: ours alone. */
    const recalled = new Map<QueueId, KeptEntry>()
    for (const id of ids) {
      const queueId = queueIdOf(id)
      if (!this.#ledger.entries.has(queueId) && !recalled.has(queueId)) await this.#recall(queueId, recalled)
      // No waiting from here on: what is in the ledger may leave it at any time.
      const entry = this.#ledger.entries.get(queueId) ?? recalled.get(queueId)
      if (entry === undefined || !change(entry, id)) continue
      changed.push(id)
      touched.add(entry)
      recalled.delete(queueId)
    }
    const untouched = [...recalled.values()]
    this.#backlog.add(untouched, untouched.filter((entry) => !entry.isDone).length)
    await this.#record(touched)
    return changed
  }

  /** Into the ledger, or, when there is nothing in it to lease or to route, to `recalled`. */
  async #recall(queueId: QueueId, recalled: Map<QueueId, KeptEntry>): Promise<void> {
    const entry = await this.#ask(() => this.#backlog.find(queueId))
    if (entry === undefined) return
    entry.isGone = true
    if (entry.isRouted && !entry.isDone) this.#admit(entry)
    else recalled.set(queueId, entry)
  }

  async #record(entries: Iterable<KeptEntry>): Promise<void> {
    await this.#ask(() => this.#recorder.record([...entries]))
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw asSpoolError(error)
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error.message : String(error), 'SpoolTrouble')
}
