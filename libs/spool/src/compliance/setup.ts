import assert from 'node:assert/strict'

import type { ContentStore } from '@cartero/content'
import { ManualClock } from '@cartero/wire'
import type {
  Change,
  ChangeProgress,
  Delivery,
  DeliveryFilter,
  DeliveryId,
  DeliveryState,
  DeliverySummary,
  DueDestination,
  Envelope,
  QueueId,
  Routed,
  Spool,
  SpooledMessage,
} from '../index.ts'

/** Makes a spool over an empty content store for one test; the suite closes both. */
export type Setup = (clock: ManualClock) => Promise<{ readonly spool: Spool; readonly content: ContentStore }>

export const TERMS = { owner: 'test', expiresIn: 600_000 }

/** A spool, and what a test does with it again and again. Every wait has a deadline. */
export class Bench {
  readonly clock: ManualClock
  readonly spool: Spool
  readonly content: ContentStore

  private constructor(spool: Spool, content: ContentStore, clock: ManualClock) {
    this.spool = spool
    this.content = content
    this.clock = clock
  }

  static async open(setup: Setup, clock: ManualClock = new ManualClock()): Promise<Bench> {
    const { spool, content } = await setup(clock)
    return new Bench(spool, content, clock)
  }

  async close(): Promise<void> {
    await this.spool.close()
    await this.content.close()
  }

  async accept(text = 'Subject: hello\r\n\r\nworld\r\n', ...recipients: string[]): Promise<QueueId> {
    const draft = this.spool.begin(envelope(...(recipients.length > 0 ? recipients : ['bob@example.org'])))
    await draft.write(Buffer.from(text))
    return await draft.commit(Buffer.from('Received: by test\r\n'))
  }

  /** Accepts a message whose envelope says something more, routes it and leases nothing. */
  async routed(wishes: Partial<Envelope>, route = toEachRecipient): Promise<QueueId> {
    const draft = this.spool.begin({ ...envelope('bob@example.org'), ...wishes })
    await draft.write(Buffer.from('x'))
    const queueId = await draft.commit(Buffer.alloc(0))
    await this.spool.route((await this.arrivals(1)).map(route))
    return queueId
  }

  /** Accepts a message for these addresses, routes it by domain and leases nothing. */
  async sent(recipients: readonly string[], wishes: Partial<Envelope> = {}): Promise<QueueId> {
    return await this.routed({ ...wishes, recipients: recipients.map((address) => ({ address })) }, toDomains)
  }

  /** Accepts a message for customers who come for it, and leases nothing. */
  async left(recipients: readonly string[], wishes: Partial<Envelope> = {}): Promise<QueueId> {
    return await this.routed(
      { ...wishes, recipients: recipients.map((address) => ({ address })) },
      toCustomers,
    )
  }

  /** Waits until `count` messages have arrived. */
  async arrivals(count: number, limit = 100): Promise<SpooledMessage[]> {
    return await take(count, (signal) => this.spool.arrivals(limit, signal))
  }

  async lease(count: number, limit = 100): Promise<Delivery[]> {
    return await take(count, (signal) => this.spool.lease('local', limit, signal))
  }

  /** Leases what is due for a destination, for ten minutes. */
  async take(destination = 'example.org', limit = 100): Promise<readonly Delivery[]> {
    return await this.spool.take(destination, limit, TERMS)
  }

  async list(filter: DeliveryFilter, limit = 100): Promise<readonly DeliverySummary[]> {
    return (await this.spool.list(filter, { limit })).deliveries
  }

  /** Changes these; returns those that another look shows changed. */
  async change(
    change: Change | 'release' | 'remove' | 'retry',
    ids: readonly string[],
  ): Promise<readonly string[]> {
    const before = new Map((await this.list({ ids }, 1_000)).map((one) => [one.id, one.state]))
    await this.steer({ ids }, typeof change === 'string' ? { kind: change } : change)
    const after = new Map((await this.list({ ids }, 1_000)).map((one) => [one.id, one.state]))
    return ids.filter((id) => before.get(id as DeliveryId) !== after.get(id as DeliveryId))
  }

  /** How far it came. */
  async steer(filter: DeliveryFilter, change: Change): Promise<ChangeProgress> {
    let last: ChangeProgress = { found: 0, changed: 0, deliveries: [] }
    for await (const progress of this.spool.change(filter, change, AbortSignal.timeout(DEADLINE_MS)))
      last = { ...progress, deliveries: [...last.deliveries, ...progress.deliveries] }
    return last
  }

  /** Everything had a chance to happen that needs no time to pass: loops have turned, stores have answered. */
  async settled(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      await this.list({}, 1)
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Destinations that are told of now, without waiting for more. */
  async told(): Promise<DueDestination[]> {
    const end = new AbortController()
    const told: DueDestination[] = []
    const listening = (async () => {
      for await (const batch of this.spool.due(end.signal)) told.push(...batch)
    })()
    await this.settled()
    end.abort()
    await listening
    return told
  }

  /** Accepts, routes to one delivery and leases it. */
  async leased(text?: string): Promise<Delivery> {
    await this.accept(text)
    await this.spool.route((await this.arrivals(1)).map(toEachRecipient))
    const [delivery] = await this.lease(1)
    assert.ok(delivery)
    return delivery
  }

  /** A spool has recorded what it wants to record, and what wants to has left memory. */
  async idle(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      this.clock.advance(2_000)
      await this.settled()
    }
  }

  async states(): Promise<DeliveryState[]> {
    return (await this.list({})).map((summary) => summary.state)
  }

  /** True when a loop finds nothing though everything had a chance to happen. */
  async isNothingDue(): Promise<boolean> {
    const end = new AbortController()
    const iterator = this.spool.lease('local', 1, end.signal)[Symbol.asyncIterator]()
    const first = iterator.next()
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    end.abort()
    const { done, value } = await first
    if (done !== true) this.spool.giveBack(value.map((delivery: Delivery) => delivery.id))
    await iterator.return?.()
    return done === true
  }
}

export function envelope(...recipients: string[]): Envelope {
  return {
    reversePath: 'alice@example.com',
    recipients: recipients.map((address) => ({ address, notify: ['failure'] })),
    client: { address: '192.0.2.1', helo: 'mail.example.com', protocol: 'ESMTPS' },
    body: '8BITMIME',
  }
}

/** One delivery for all recipients. */
export function toAll(message: SpooledMessage): Routed {
  const recipients = message.envelope.recipients.map(({ address }) => ({ address, account: address }))
  return { queueId: message.queueId, deliveries: [{ nextHop: { kind: 'local' }, recipients }] }
}

/** One delivery for all recipients, to the hosts of a domain. */
export function toElsewhere(message: SpooledMessage): Routed {
  const recipients = message.envelope.recipients.map(({ address }) => ({ address, account: '' }))
  const nextHop = { kind: 'remote' as const, domain: 'example.org' }
  return { queueId: message.queueId, deliveries: [{ nextHop, recipients }] }
}

/** One delivery for each domain, to its hosts. */
export function toDomains(message: SpooledMessage): Routed {
  return byDomain(message, 'remote')
}

/** One delivery for each domain, for the customer whose it is. */
export function toCustomers(message: SpooledMessage): Routed {
  return byDomain(message, 'odmr')
}

function byDomain({ queueId, envelope }: SpooledMessage, kind: 'remote' | 'odmr'): Routed {
  const domains = Map.groupBy(envelope.recipients, ({ address }) => domainOf(address))
  const deliveries = [...domains].map(([domain, recipients]) => ({
    nextHop: { kind, domain },
    recipients: recipients.map(({ address }) => ({ address, account: '' })),
  }))
  return { queueId, deliveries }
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)

/** One delivery for each recipient. */
export function toEachRecipient(message: SpooledMessage): Routed {
  const deliveries = message.envelope.recipients.map(({ address }) => ({
    nextHop: { kind: 'local' as const },
    recipients: [{ address, account: address }],
  }))
  return { queueId: message.queueId, deliveries }
}

const DEADLINE_MS = 10_000

async function take<T>(
  count: number,
  loop: (signal: AbortSignal) => AsyncIterable<readonly T[]>,
): Promise<T[]> {
  const taken: T[] = []
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  for await (const batch of loop(deadline)) {
    taken.push(...batch)
    if (taken.length >= count) return taken
  }
  throw new assert.AssertionError({ message: `${taken.length} of ${count} after ${DEADLINE_MS} ms` })
}
