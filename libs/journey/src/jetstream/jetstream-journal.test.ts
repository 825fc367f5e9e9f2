// A real broker: what agents tell is what the console keeps.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { NatsBus } from '@cartero/bus/nats'
import { NATS_LACKS, NatsServers } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import type { JourneyEvent } from '../ports.ts'
import { JetStreamJournal, JourneyConsumer, MOST_TOLD_EVENTS } from './index.ts'
import { BATCH_EVENTS, SEND_EVERY } from './limits.ts'
import { JOURNEY_SUBJECT, journeyStream } from './journey-stream.ts'

const TERMS = { replicas: 1, maxOctets: 16 * 1024 * 1024 }

const eventOf = (n: number, fields: Record<string, unknown> = {}): JourneyEvent => ({
  at: 1_000 + n,
  event: 'message.received',
  agent: 'msa',
  fields: { qid: `q${n}`, to: ['bob@example.org', 'é@example.org'], ...fields },
})

class Kept {
  readonly events: JourneyEvent[] = []
  failures = 0

  async tellAll(events: readonly JourneyEvent[]): Promise<void> {
    if (this.failures-- > 0) throw new Error('the database is away')
    this.events.push(...events)
  }
}

describe('a journal over JetStream', { skip: NATS_LACKS }, () => {
  let broker: NatsServers
  let bus: NatsBus
  before(async () => {
    broker = await NatsServers.start()
    bus = await NatsBus.open({ servers: broker.servers, name: 'test' })
  })
  after(async () => {
    await bus?.close()
    await broker?.[Symbol.asyncDispose]()
  })

  async function kept(journal: Kept, work: () => Promise<void>): Promise<readonly unknown[]> {
    const ended = new AbortController()
    const troubles: unknown[] = []
    const lost: number[] = []
    const consumer = new JourneyConsumer({
      ...TERMS,
      bus,
      journal,
      trouble: (error) => troubles.push(error),
      unreadable: (count) => lost.push(count),
    })
    const running = consumer.run(ended.signal)
    await work()
    ended.abort()
    await running
    return [...troubles, ...lost]
  }

  async function until(condition: () => boolean): Promise<void> {
    for (let patience = 0; patience < 3_000 && !condition(); patience++) await sleep(10)
    assert.ok(condition(), 'waited in vain')
  }

  test('what is told arrives whole, in batches, once it was quiet for a moment', async () => {
    const clock = new ManualClock()
    const journal = await JetStreamJournal.open({ ...TERMS, bus, clock })
    const stream = await bus.stream(journeyStream(TERMS))
    const before = await stream.count()
    for (let n = 0; n < 10; n++) journal.tell(eventOf(n))
    assert.equal(await stream.count(), before, 'it waits for others')
    clock.advance(SEND_EVERY)
    await journal.close()
    assert.equal(await stream.count(), before + 1, 'ten events are one message')
    const store = new Kept()
    await kept(store, () => until(() => store.events.length === 10))
    assert.deepEqual(
      store.events,
      Array.from({ length: 10 }, (_, n) => eventOf(n)),
    )
    assert.equal(journal.dropped, 0)
  })

  test('many at once are sent without waiting, large ones in messages that the broker takes', async () => {
    const journal = await JetStreamJournal.open({ ...TERMS, bus, clock: new ManualClock() })
    for (let n = 0; n < BATCH_EVENTS; n++) journal.tell(eventOf(n, { reply: 'x'.repeat(8_000) }))
    const store = new Kept()
    await kept(store, () => until(() => store.events.length === BATCH_EVENTS))
    await journal.close()
    assert.equal(journal.dropped, 0)
  })

  test('a console whose database is away keeps all of it when it is back', async () => {
    const journal = await JetStreamJournal.open({ ...TERMS, bus })
    const store = new Kept()
    store.failures = 1
    journal.tell(eventOf(1))
    const told = await kept(store, () => until(() => store.events.length === 1))
    await journal.close()
    assert.match(String(told[0]), /the database is away/)
  })

  test('what nobody can read is counted, and the rest is kept', async () => {
    const stream = await bus.stream(journeyStream(TERMS))
    await stream.publish({ subject: JOURNEY_SUBJECT, body: Buffer.from('\xff\xff', 'latin1') })
    const journal = await JetStreamJournal.open({ ...TERMS, bus })
    const store = new Kept()
    journal.tell(eventOf(1))
    const told = await kept(store, () => until(() => store.events.length === 1))
    await journal.close()
    assert.deepEqual(told, [1])
  })

  test('what JSON cannot hold, and what is told after the end, is dropped and counted', async () => {
    const journal = await JetStreamJournal.open({ ...TERMS, bus })
    journal.tell(eventOf(1, { reason: 1n }))
    await journal.close()
    journal.tell(eventOf(2))
    assert.equal(journal.dropped, 2)
  })

  test('who asks it is told where journeys are', async () => {
    const journal = await JetStreamJournal.open({ ...TERMS, bus })
    await assert.rejects(journal.find(), /ask it \(cartero trace, at the console\)/)
    await journal.close()
  })

  test('a broker that is away costs nobody a moment: so much is held, the rest is dropped, and the held is sent later', async () => {
    await using other = await NatsServers.start()
    const away = await NatsBus.open({ servers: other.servers, name: 'test' })
    const journal = await JetStreamJournal.open({ ...TERMS, bus: away })
    await other.kill()
    await until(() => !away.isConnected)
    for (let n = 0; n < MOST_TOLD_EVENTS + 5; n++) journal.tell(eventOf(n))
    assert.equal(journal.dropped, 5)
    await other.resume()
    await until(() => away.isConnected)
    const stream = await away.stream(journeyStream(TERMS))
    for (let patience = 0; patience < 1_000 && (await stream.count()) === 0; patience++) await sleep(10)
    await journal.close()
    assert.ok((await stream.count()) > 0)
    await away.close()
  })
})
