import { randomBytes } from 'node:crypto'

import type { NewsBoard } from '@cartero/bus'
import type { ContentDraft, ContentId, ContentStore } from '@cartero/content'
import { checkSchema, statement, type Postgres } from '@cartero/sql/postgres'
import { systemClock, type Clock } from '@cartero/wire'

import { asSpoolError } from '../fault.ts'
import type { HandedOver, SpoolInlet } from '../handover/ports.ts'
import { DEAD_LETTER_RETENTION_MS } from '../ledger/item.ts'
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
import { Acceptance } from './acceptance.ts'
import { Caretaker } from './caretaker.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { Loops } from './loops.ts'
import { PostgresOffice, type ChangedPortion } from './office.ts'
import { LIFE_CHARACTERS, takeBackFrom } from './opening.ts'
import type { SpoolParts } from './parts.ts'
import { SPOOL_SCHEMA } from './schema.ts'
import { SharedWork } from './shared-work.ts'
import { Workers } from './workers.ts'

export interface PostgresSpoolOptions {
  /** Migrated to SPOOL_SCHEMA. Stays the caller's to close, after us. */
  readonly database: Postgres
  /** Stays the caller's to close, after us. */
  readonly content: ContentStore
  readonly news: NewsBoard
  readonly clock?: Clock
  /** What this process is called: no two that run at once. What one of this name held before is ready again. */
  readonly owner: string
  /** Milliseconds that dead letters are kept. */
  readonly keepDeadLetters?: number
  /** Something failed that is tried again and that nobody waits for. By default a process warning. */
  readonly trouble?: (error: unknown) => void
}

/** Several of these, in several processes, are one spool. See INTERNALS.md. Rejects with SpoolError in words for an operator. */
export async function openPostgresSpool(options: PostgresSpoolOptions): Promise<PostgresSpool> {
  try {
    await checkSchema(options.database, SPOOL_SCHEMA)
    await takeBackFrom(options.database, { owner: options.owner })
    const spool = new PostgresSpool(options)
    try {
      await spool.begun
      return spool
    } catch (error) {
      await spool.close()
      throw error
    }
  } catch (error) {
    throw asSpoolError(error)
  }
}

const REFERENCED = statement(
  `SELECT DISTINCT content FROM message WHERE content >= $1 AND content < $1 || '~~' AND starts_with(content, $1)`,
)

/** One of several doors to the spool in Postgres. What it has leased is its own until it settles, gives back, or is too late. */
export class PostgresSpool implements Spool, SpoolInlet {
  readonly #parts: SpoolParts
  readonly #ids: QueueIds
  readonly #end = new AbortController()
  readonly #acceptance: Acceptance
  readonly #accepting: SharedWork<SpooledMessage>
  readonly #loops: Loops
  readonly #workers: Workers
  readonly #office: PostgresOffice
  readonly #caretaker: Caretaker
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** Use `openPostgresSpool`. */
  constructor(options: PostgresSpoolOptions) {
    const { clock = systemClock, trouble = warn, keepDeadLetters = DEAD_LETTER_RETENTION_MS, owner } = options
    const holder = `${owner}/${randomBytes(LIFE_CHARACTERS - 1)
      .toString('hex')
      .slice(0, LIFE_CHARACTERS - 1)}`
    const { database, content, news } = options
    const parts: SpoolParts = { database, content, news, clock, trouble, holder }
    const { signal } = this.#end
    this.#parts = parts
    this.#ids = new QueueIds(clock)
    this.#acceptance = new Acceptance(parts)
    this.#accepting = new SharedWork(POSTGRES_SPOOL_LIMITS.together, (messages) => this.#accept(messages))
    this.#caretaker = new Caretaker(parts, this.#acceptance, signal)
    this.#loops = new Loops(parts, signal)
    this.#workers = new Workers(parts, {
      loops: this.#loops,
      caretaker: this.#caretaker,
      retention: keepDeadLetters,
      ended: signal,
    })
    this.#office = new PostgresOffice(parts, (portion) => this.#changed(portion))
  }

  /** What waits is counted. */
  get begun(): Promise<void> {
    return this.#caretaker.begun
  }

  begin(envelope: Envelope): IntakeDraft {
    const draft = this.#parts.content.begin()
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
      commit: async (prefix, found, index) => {
        const acceptedAt = this.#parts.clock.now()
        const text = { queueId, envelope: { ...envelope, ...found }, prefix: Buffer.from(prefix), acceptedAt }
        await this.#track(this.#commit(draft, { ...text, ...(index && { index }) }))
        return queueId
      },
      abort: () => draft.abort(),
    }
  }

  /** The contents share what the content store writes, the rows one transaction. */
  async takeIn(batch: readonly HandedOver[]): Promise<void> {
    await this.#track(
      (async () => {
        this.#mustBeOpen()
        const messages = await this.#acceptance.store(batch)
        try {
          await this.#accepting.do(messages)
        } finally {
          this.#acceptance.unpin(messages)
        }
      })(),
    )
  }

  arrivals(limit: number, signal: AbortSignal): AsyncIterable<readonly SpooledMessage[]> {
    return this.#workers.arrivals(limit, signal)
  }

  async route(routed: readonly Routed[]): Promise<void> {
    await this.#track(this.#workers.route(routed))
  }

  lease(_nextHop: 'local', limit: number, signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    return this.#workers.lease(limit, signal)
  }

  due(signal: AbortSignal): AsyncIterable<readonly DueDestination[]> {
    return this.#loops.due.listen(signal)
  }

  async take(destination: DestinationName, limit: number, terms: LeaseTerms): Promise<readonly Delivery[]> {
    if (this.#isClosed) return []
    return await this.#track(this.#workers.take(destination, limit, terms))
  }

  async urge(destination: DestinationName): Promise<number> {
    return await this.#track(this.#workers.urge(destination))
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    await this.#track(this.#workers.settle(outcomes))
  }

  giveBack(ids: readonly DeliveryId[]): void {
    void this.#track(this.#workers.giveBack(ids)).catch(() => undefined)
  }

  async list(
    filter: DeliveryFilter,
    page: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage> {
    return await this.#track(this.#office.list(filter, page))
  }

  async count(filter: DeliveryFilter): Promise<number> {
    return await this.#track(this.#office.count(filter))
  }

  async show(queueId: QueueId): Promise<MessageView | undefined> {
    return await this.#track(this.#office.show(queueId))
  }

  async shape(wish?: ShapeWish): Promise<readonly ShapeCell[]> {
    return await this.#track(this.#office.shape(wish))
  }

  async uncollected(): Promise<readonly UncollectedMail[]> {
    return await this.#track(this.#office.uncollected())
  }

  async *change(
    filter: DeliveryFilter,
    change: Change,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeProgress, void> {
    try {
      yield* this.#office.change(filter, change, signal)
    } catch (error) {
      throw asSpoolError(error)
    }
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    const rows = await this.#track(this.#parts.database.rows<{ content: ContentId }>(REFERENCED, [prefix]))
    return rows.map(({ content }) => content)
  }

  /** As of a few seconds ago, and what was done here since. */
  get waiting(): number {
    return this.#caretaker.waiting
  }

  /** Hands back at once what is leased. What cannot be reached now is given to others when its lease ends. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  get #isClosed(): boolean {
    return this.#end.signal.aborted
  }

  async #close(): Promise<void> {
    this.#end.abort()
    await Promise.allSettled(this.#underWay)
    await this.#workers.close()
    await this.#caretaker.close()
  }

  async #commit(draft: ContentDraft, text: Omit<SpooledMessage, 'content' | 'size'>): Promise<void> {
    this.#mustBeOpen()
    const content = await draft.commit()
    const message = { ...text, content, size: draft.size }
    try {
      await this.#accepting.do([message])
    } finally {
      this.#acceptance.unpin([message])
    }
  }

  async #accept(messages: readonly SpooledMessage[]): Promise<void> {
    const fresh = await this.#workers.accept(messages, (lease) => this.#acceptance.accept(messages, lease))
    this.#caretaker.add(fresh)
  }

  #changed({ destinations, isUrged, waiting }: ChangedPortion): void {
    this.#caretaker.add(waiting)
    for (const destination of destinations) this.#loops.ready(destination, 0, isUrged)
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new SpoolError('unavailable', 'the spool is closed')
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } catch (error) {
      throw asSpoolError(error)
    } finally {
      this.#underWay.delete(work)
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error.message : String(error), 'SpoolTrouble')
}
