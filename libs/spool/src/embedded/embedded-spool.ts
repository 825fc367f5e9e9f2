import type { ContentDraft, ContentId, ContentLog, LogPosition } from '@cartero/content'
import type { SqlStore, SqlWorker } from '@cartero/sql'
import { systemClock, type Clock } from '@cartero/wire'

import { asSpoolError } from '../fault.ts'
import type { Item } from '../ledger/item.ts'
import { Ledger } from '../ledger/ledger.ts'
import {
  SpoolError,
  type Delivery,
  type DeliveryId,
  type Envelope,
  type IntakeDraft,
  type Outcome,
  type QueueId,
  type Routed,
  type Spool,
  type SpooledMessage,
} from '../ports.ts'
import type {
  Change,
  ChangeProgress,
  DeliveryFilter,
  DeliveryPage,
  DestinationName,
  DueDestination,
  LeaseTerms,
  MessageView,
  ShapeCell,
  ShapeWish,
  UncollectedMail,
} from '../queue.ts'
import { QueueIds } from '../queue-id.ts'
import { Backlog } from './backlog.ts'
import { encodeLabel } from './label.ts'
import { MemoryWindow } from './memory-window.ts'
import { CALLS, OutboundBacklog } from './outbound-backlog.ts'
import type { SpoolProcedures } from './procedures.ts'
import { QueueDesk, type ChangedRows } from './queue-desk.ts'
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

export const DEFAULT_WINDOW = 10_000
/** Of the window: above this, commits wait until something is recorded. */
const MAX_FILL = 2

/**
 * The log is the queue: the frame that makes a 250 true holds octets and envelope. SQLite holds what has been waiting for
 * longer than a moment. See INTERNALS.md.
 */
export class EmbeddedSpool implements Spool {
  readonly #log: ContentLog
  readonly #store: SqlStore<SpoolProcedures>
  readonly #clock: Clock
  readonly #trouble: (error: unknown) => void
  readonly #ids: QueueIds
  readonly #ledger: Ledger<KeptEntry>
  readonly #window: MemoryWindow
  readonly #recorder: Recorder
  readonly #backlog: Backlog
  readonly #outbound: OutboundBacklog
  readonly #desk: QueueDesk
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
    this.#trouble = trouble
    this.#ids = new QueueIds(clock)
    const keeper = {
      changed: (entry: KeptEntry) => this.#recorder.changed(entry),
      done: (entry: KeptEntry) => this.#done(entry),
      taken: () => this.#backlog.refill(),
    }
    const ledger = new Ledger<KeptEntry>(clock, keeper, options.keepDeadLetters)
    const parts = { log, store, clock, trouble, ledger }
    this.#ledger = ledger
    const evicted = (entries: readonly KeptEntry[], waiting: number) => this.#evicted(entries, waiting)
    this.#window = new MemoryWindow({ ...parts, window, evicted })
    this.#recorder = new Recorder({ ...parts, wrote: (entries) => this.#window.relieve(entries) }, replayed)
    const admit = (entry: KeptEntry) => this.#readBack(entry)
    this.#backlog = new Backlog({ ...parts, hasRoom: () => this.#window.hasRoom, admit }, waiting)
    this.#outbound = new OutboundBacklog({
      ...parts,
      ready: ledger.ready,
      admit,
      returned: (count) => this.#backlog.returned(count),
      isEmpty: () => this.#backlog.waiting === 0,
    })
    this.#desk = new QueueDesk({
      ...parts,
      record: (entries) => this.#record(entries),
      changed: (rows) => this.#rowsChanged(rows),
    })
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
    if (this.#window.isOver(MAX_FILL)) await this.#recorder.checkpoint(-Infinity)
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
    if (this.#window.isOver(1)) this.#recorder.hasten()
  }

  arrivals(limit: number, signal: AbortSignal): AsyncIterable<readonly SpooledMessage[]> {
    return this.#ledger.arrivals(limit, signal)
  }

  async route(routed: readonly Routed[]): Promise<void> {
    this.#ledger.route(routed)
  }

  lease(_nextHop: 'local', limit: number, signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    return this.#ledger.lease(limit, signal)
  }

  async *due(signal: AbortSignal): AsyncGenerator<readonly DueDestination[], void> {
    const { calls, end } = this.#ledger
    const ended = AbortSignal.any([signal, end])
    this.#outbound.listen()
    try {
      while (!ended.aborted) {
        await this.#outbound.tell()
        const batch = calls.take(CALLS)
        if (batch.length > 0) yield batch
        else await calls.wait(ended)
      }
    } finally {
      this.#outbound.stopListening()
    }
  }

  async take(destination: DestinationName, limit: number, terms: LeaseTerms): Promise<readonly Delivery[]> {
    await this.#outbound.fetch(destination, limit)
    const taken = this.#ledger.take(destination, limit, terms)
    await this.#suspect(taken)
    return taken
  }

  /**
   * A message that ends the process at once would be given out by each start and never counted, were that it is under way only
   * known by the next checkpoint. Nobody waits for this but with what has ended a process before. What is only in the log is
   * counted by the start that reads it.
   */
  async #suspect(taken: readonly Item[]): Promise<void> {
    const recorded = taken.map(({ entry }) => entry as KeptEntry).filter(({ isRecorded }) => isRecorded)
    if (recorded.length === 0) return
    const known = this.#record(new Set(recorded)).catch(this.#trouble)
    if (recorded.some(({ crashes }) => crashes > 0)) await known
  }

  async urge(destination: DestinationName): Promise<number> {
    let count = this.#ledger.urge(destination)
    await this.#ask(async () => {
      for (let found = -1; found !== 0; count += found) found = await this.#store.call('urge', destination)
    })
    this.#outbound.changed([destination], true)
    return count
  }

  /** `delivered` here is remembered at the next checkpoint: until then a crash delivers again, under the same delivery id. */
  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const unsettled = new Set<KeptEntry>()
    for (const item of this.#ledger.settle(outcomes)) {
      const entry = item.entry as KeptEntry
      // Whoever settles has not crashed.
      entry.crashes = 0
      if (item.isOutbound && entry.isRecorded) this.#outbound.ended(item.destination)
      // A dead letter whose message is done is in no loop any more; it is to be seen at once.
      // What somebody else has got must not be sent again.
      if (item.state !== 'delivered' || item.isOutbound || entry.isDone) unsettled.add(entry)
    }
    await this.#record(unsettled)
  }

  giveBack(ids: readonly DeliveryId[]): void {
    this.#ledger.giveBack(ids)
  }

  list(
    filter: DeliveryFilter,
    page: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage> {
    return this.#ask(() => this.#desk.list(filter, page))
  }

  count(filter: DeliveryFilter): Promise<number> {
    return this.#ask(() => this.#desk.count(filter))
  }

  show(queueId: QueueId): Promise<MessageView | undefined> {
    return this.#ask(() => this.#desk.show(queueId))
  }

  shape(wish?: ShapeWish): Promise<readonly ShapeCell[]> {
    return this.#ask(() => this.#desk.shape(wish))
  }

  uncollected(): Promise<readonly UncollectedMail[]> {
    return this.#ask(() => this.#desk.uncollected())
  }

  async *change(
    filter: DeliveryFilter,
    change: Change,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeProgress, void> {
    try {
      yield* this.#desk.change(filter, change, signal)
    } catch (error) {
      throw asSpoolError(error)
    }
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
    await this.#outbound.close()
    await this.#ask(async () => {
      await this.#recorder.end()
      await this.#store.call('rest')
      await this.#store.close()
    })
  }

  #admit(entry: KeptEntry, isQuiet = false): void {
    this.#window.entered(entry)
    this.#ledger.admit(entry, isQuiet)
  }

  /** Out of SQLite, because something is due: to be worked on, or to be forgotten. */
  #readBack(entry: KeptEntry): void {
    if (entry.forget(this.#clock.now())) this.#recorder.changed(entry)
    if (!entry.isDone) return this.#admit(entry, true)
    entry.isGone = true
    this.#recorder.done(entry)
  }

  #done(entry: KeptEntry): void {
    this.#window.left(entry)
    this.#recorder.done(entry)
    this.#backlog.refill()
  }

  #evicted(entries: readonly KeptEntry[], waiting: number): void {
    this.#backlog.add(entries, waiting)
    for (const entry of entries) this.#outbound.left(entry)
  }

  async #rowsChanged({ destinations, isUrged, over, waiting }: ChangedRows): Promise<void> {
    this.#outbound.changed(destinations, isUrged)
    this.#backlog.changed(waiting)
    if (over.length > 0) await this.#recorder.closeRows(over)
  }

  /** What is over is closed, and where that need not be durable nothing is done; the others get rows. */
  async #record(entries: Iterable<KeptEntry>): Promise<void> {
    const open: KeptEntry[] = []
    const over: QueueId[] = []
    for (const entry of entries) {
      if (!entry.isDone || entry.keepsRow) open.push(entry)
      else if (entry.mustNotComeBack) over.push(entry.message.queueId)
    }
    await this.#ask(() =>
      Promise.all([
        open.length > 0 && this.#recorder.record(open),
        over.length > 0 && this.#recorder.close(over),
      ]),
    )
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
