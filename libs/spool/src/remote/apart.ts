// A spool in memory behind a real socket, for tests: what goes over a network does, and the rest is done beside it.
import { RpcChannel, RpcServer } from '@cartero/bus/grpc'
import { MemoryContentLog } from '@cartero/content/memory'
import { systemClock, type Clock } from '@cartero/wire'

import { MemorySpool } from '../memory/index.ts'
import type { Delivery, DeliveryId, Outcome, QueueId, Spool, SpoolError } from '../ports.ts'
import { RemoteSpool, spoolOffer } from './index.ts'

export interface ApartOptions {
  readonly clock?: Clock
  /** Between the spool and its server, for what goes wrong there. */
  readonly between?: (spool: MemorySpool) => MemorySpool
}

/** Both sides, in one process. */
export class Apart {
  readonly content = new MemoryContentLog()
  readonly near: MemorySpool
  readonly troubles: SpoolError[] = []
  /** Times that the spool was back. */
  backs = 0
  readonly bugs: unknown[] = []
  readonly clock: Clock
  readonly #offered: MemorySpool
  #leaving = new AbortController()
  server!: RpcServer
  address = '127.0.0.1:0'
  channel!: RpcChannel
  far!: RemoteSpool

  constructor({ clock = systemClock, between = (spool) => spool }: ApartOptions = {}) {
    this.clock = clock
    this.near = new MemorySpool({ content: this.content, clock })
    this.#offered = between(this.near)
  }

  static async open(options?: ApartOptions): Promise<Apart> {
    const apart = new Apart(options)
    await apart.serve()
    apart.connect()
    return apart
  }

  /** The server; again at the same place after it was closed. */
  async serve(): Promise<void> {
    const { content, clock } = this
    this.#leaving = new AbortController()
    const leaving = this.#leaving.signal
    this.server = new RpcServer({
      address: this.address,
      offers: [spoolOffer({ spool: this.#offered, content, clock, leaving })],
      bug: (error) => this.bugs.push(error),
    })
    this.address = `127.0.0.1:${await this.server.listen()}`
  }

  /** The server is about to be closed. */
  leave(): void {
    this.#leaving.abort()
  }

  connect(): void {
    this.channel = new RpcChannel({ address: this.address })
    this.far = new RemoteSpool({
      channel: this.channel,
      clock: systemClock,
      trouble: (error) => this.troubles.push(error),
      back: () => (this.backs += 1),
    })
  }

  async close(): Promise<void> {
    await this.far.close()
    this.channel.close()
    await this.server.close(AbortSignal.abort())
    await this.near.close()
  }
}

/** As one spool: leases, what an operator does and what is submitted go over the socket. */
export function asOneSpool(apart: Apart): Spool {
  const { near, far } = apart
  const leasedFar = new Set<DeliveryId>()
  const isFar = (id: DeliveryId): boolean => leasedFar.has(id)
  async function* lease(limit: number, signal: AbortSignal): AsyncGenerator<readonly Delivery[], void> {
    for await (const batch of far.lease('local', limit, signal)) {
      for (const { id } of batch) leasedFar.add(id)
      yield batch
    }
  }
  return {
    begin: (envelope) => far.begin(envelope),
    arrivals: (limit, signal) => near.arrivals(limit, signal),
    route: (routed) => near.route(routed),
    lease: (_nextHop, limit, signal) => lease(limit, signal),
    settle: async (outcomes: readonly Outcome[]) => {
      const { true: theirs = [], false: ours = [] } = Object.groupBy(outcomes, ({ id }) => `${isFar(id)}`)
      await near.settle(ours)
      await far.settle(theirs)
    },
    giveBack: (ids) => {
      const { true: theirs = [], false: ours = [] } = Object.groupBy(ids, (id) => `${isFar(id)}`)
      near.giveBack(ours)
      far.giveBack(theirs)
    },
    due: (signal) => near.due(signal),
    take: async (destination, limit, terms) => {
      const taken = await near.take(destination, limit, terms)
      for (const { id } of taken) leasedFar.delete(id)
      return taken
    },
    urge: (destination) => far.urge(destination),
    list: (filter, page) => far.list(filter, page),
    count: (filter) => far.count(filter),
    show: (queueId: QueueId) => far.show(queueId),
    shape: (wish) => far.shape(wish),
    uncollected: () => far.uncollected(),
    change: (filter, change, signal) => far.change(filter, change, signal),
    referenced: (prefix) => far.referenced(prefix),
    get waiting() {
      return near.waiting
    },
    close: () => apart.close(),
  }
}
