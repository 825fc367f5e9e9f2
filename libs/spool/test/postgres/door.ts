import type { LocalNews } from '@cartero/bus/memory'
import type { MemoryContentLog } from '@cartero/content/memory'
import type { ContentId } from '@cartero/content'
import { QueueIds, type HandedOver, type QueueId } from '@cartero/spool'
import { Bench, envelope, toAll } from '@cartero/spool/compliance'
import { openPostgresSpool, type PostgresSpool } from '@cartero/spool/postgres'
import type { Postgres } from '@cartero/sql/postgres'
import type { ManualClock } from '@cartero/wire'

export interface DoorOptions {
  readonly owner: string
  readonly database: Postgres
  readonly content: MemoryContentLog
  readonly news: LocalNews
  readonly clock: ManualClock
}

/** One of several processes over one spool, and what a test does with it. */
export class Door {
  readonly bench: Bench
  readonly spool: PostgresSpool
  /** What failed, and is tried again. */
  readonly troubles: unknown[]
  readonly #options: DoorOptions

  private constructor(bench: Bench, options: DoorOptions, troubles: unknown[]) {
    this.bench = bench
    this.spool = bench.spool as PostgresSpool
    this.#options = options
    this.troubles = troubles
  }

  static async open(options: DoorOptions): Promise<Door> {
    const troubles: unknown[] = []
    const setup = async () => ({
      spool: await openPostgresSpool({ ...options, trouble: (error) => troubles.push(error) }),
      content: options.content,
    })
    return new Door(await Bench.open(setup, options.clock), options, troubles)
  }

  /** Ends as kill -9 does: nothing is said to anybody. */
  async kill(): Promise<void> {
    await this.#options.database.close()
  }

  async close(): Promise<void> {
    await this.spool.close().catch(() => undefined)
    await this.#options.database.close()
  }

  /** Accepted and routed to a mailbox, one message for each. */
  async delivered(count: number): Promise<readonly QueueId[]> {
    const queueIds = handedOver(count).map(({ queueId }) => queueId)
    await this.spool.takeIn(handedOver(queueIds))
    await this.spool.route(
      queueIds.map((queueId) => toAll({ queueId, envelope: envelope('bob@example.org') } as never)),
    )
    return queueIds
  }
}

const ids = new QueueIds({ now: () => Date.now() } as never)

/** As an edge hands it over: so many, or these. */
export function handedOver(wanted: number | readonly QueueId[]): readonly HandedOver[] {
  const queueIds = typeof wanted === 'number' ? Array.from({ length: wanted }, () => ids.next()) : wanted
  return queueIds.map((queueId) => ({
    queueId,
    envelope: envelope('bob@example.org'),
    prefix: Buffer.from('Received: by an edge\r\n'),
    acceptedAt: Date.UTC(2026, 0, 1),
    content: { kind: 'stored' as const, id: `pack1.${queueId}` as ContentId, size: 10 },
  }))
}
