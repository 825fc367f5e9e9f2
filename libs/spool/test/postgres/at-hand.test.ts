// What is leased as it is written: whoever waits gets it from memory, and nobody's death or departure keeps it back.

import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, it } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import type { Delivery, SpooledMessage } from '@cartero/spool'
import { toAll } from '@cartero/spool/compliance'
import { POSTGRES_SPOOL_LIMITS } from '@cartero/spool/postgres'
import { SqlError } from '@cartero/sql'
import type { Postgres, Statement } from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { Door, handedOver } from './door.ts'
import { TestStores, type Stores } from './stores.ts'

/** Statements that were asked, and whether the answer of the next one gets lost. */
interface Wire {
  readonly asked: string[]
  isCut: boolean
}

function overheard(database: Postgres, wire: Wire): Postgres {
  const rows = database.rows.bind(database)
  database.rows = async <Row extends object>(statement: Statement, values?: readonly unknown[]) => {
    wire.asked.push(statement.text)
    const answer = await rows<Row>(statement, values)
    if (!wire.isCut) return answer
    wire.isCut = false
    throw new SqlError('busy', 'the connection broke at the commit')
  }
  return database
}

describe('what is leased as it is written', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let stores: TestStores
  let shared: Stores
  let clock: ManualClock
  let news: LocalNews
  let doors: Door[] = []
  let ends: AbortController[] = []
  after(() => server?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    server ??= await PostgresServer.start()
    stores ??= new TestStores(server)
    shared = await stores.open()
    clock = new ManualClock()
    news = new LocalNews()
  })
  afterEach(async () => {
    for (const end of ends) end.abort()
    for (const door of doors) await door.close()
    ;[doors, ends] = [[], []]
    await shared.content.close()
  })

  const open = async (owner: string, wire: Wire = { asked: [], isCut: false }): Promise<Door> => {
    const database = overheard(stores.connect(shared.database.schema), wire)
    const door = await Door.open({ owner, database, content: shared.content, news, clock })
    doors.push(door)
    return door
  }
  const begun = <T>(loop: (signal: AbortSignal) => AsyncIterable<readonly T[]>) => {
    const end = new AbortController()
    ends.push(end)
    const batches = loop(end.signal)[Symbol.asyncIterator]()
    return { batches, first: batches.next(), end }
  }
  /** Somebody waits, and has looked: there is nothing. */
  const routing = async ({ spool, bench }: Door, limit = 100) => {
    const loop = begun<SpooledMessage>((signal) => spool.arrivals(limit, signal))
    await bench.settled()
    return loop
  }
  const delivering = async ({ spool, bench }: Door, limit = 100) => {
    const loop = begun<Delivery>((signal) => spool.lease('local', limit, signal))
    await bench.settled()
    return loop
  }
  const isTaking = (text: string): boolean => text.includes('SKIP LOCKED')

  it('is given to who waits, and the database is not asked for it', async () => {
    const wire: Wire = { asked: [], isCut: false }
    const door = await open('one', wire)
    const router = await routing(door)
    const deliverer = await delivering(door)
    wire.asked.length = 0
    await door.spool.takeIn(handedOver(3))
    const messages = (await router.first).value as readonly SpooledMessage[]
    assert.equal(messages.length, 3)
    await door.spool.route(messages.map(toAll))
    const deliveries = (await deliverer.first).value as readonly Delivery[]
    assert.deepEqual(
      deliveries.map(({ id }) => id),
      messages.map(({ queueId }) => `${queueId}.1`),
    )
    await door.spool.settle(deliveries.map(({ id }) => ({ id, state: 'delivered' })))
    assert.deepEqual(wire.asked.filter(isTaking), [])
    assert.equal(await door.spool.count({}), 0)
    assert.deepEqual(await door.spool.shape(), [])
  })

  it('is the same delivery as one that is read from the database', async () => {
    const one = await open('one')
    const router = await routing(one)
    const deliverer = await delivering(one)
    await one.spool.takeIn(handedOver(1))
    const [message] = (await router.first).value as readonly SpooledMessage[]
    await one.spool.route([toAll(message!)])
    const [fromMemory] = (await deliverer.first).value as readonly Delivery[]
    one.spool.giveBack([fromMemory!.id])
    const [fromDatabase] = (await deliverer.batches.next()).value as readonly Delivery[]
    assert.deepEqual(fromDatabase, fromMemory)
  })

  it('is brought twice together and given out once', async () => {
    const door = await open('one')
    const router = await routing(door)
    const batch = handedOver(2)
    await Promise.all([door.spool.takeIn(batch), door.spool.takeIn(batch), door.spool.takeIn(batch)])
    const messages = (await router.first).value as readonly SpooledMessage[]
    const next = router.batches.next()
    await door.bench.settled()
    router.end.abort()
    assert.equal((await next).done, true)
    assert.equal(new Set(messages.map(({ queueId }) => queueId)).size, messages.length)
  })

  it('goes to others at once when who waited leaves, or is killed and comes back', async () => {
    for (const isKilled of [false, true]) {
      const [one, other] = [await open('one'), await open('other')]
      const router = await routing(one)
      await one.spool.takeIn(handedOver(5))
      if (isKilled) {
        await one.kill()
        await open('one')
      } else {
        router.end.abort()
        await router.first
        await router.batches.return?.()
      }
      assert.equal((await other.bench.arrivals(5)).length, 5)
      await shared.database.transaction((queries) => queries.run({ name: '', text: 'DELETE FROM delivery' }))
    }
  })

  it('is ready again soon when nobody heard that it was written', async () => {
    for (const step of ['takeIn', 'route'] as const) {
      const wire: Wire = { asked: [], isCut: false }
      const door = await open(`one-${step}`, wire)
      const router = await routing(door)
      const deliverer = await delivering(door)
      const batch = handedOver(4)
      wire.isCut = step === 'takeIn'
      const taken = door.spool.takeIn(batch)
      if (step === 'takeIn') {
        await assert.rejects(taken, { name: 'SpoolError' })
        clock.advance(POSTGRES_SPOOL_LIMITS.firstBackOff)
      } else await taken
      const messages = (await router.first).value as readonly SpooledMessage[]
      assert.equal(messages.length, 4, step)
      wire.isCut = step === 'route'
      const routed = door.spool.route(messages.map(toAll))
      if (step === 'route') {
        await door.bench.settled()
        clock.advance(POSTGRES_SPOOL_LIMITS.firstBackOff)
      }
      await routed
      const deliveries = (await deliverer.first).value as readonly Delivery[]
      assert.equal(deliveries.length, 4, step)
      await door.spool.settle(deliveries.map(({ id }) => ({ id, state: 'delivered' })))
      assert.equal(await door.spool.count({}), 0)
    }
  })

  it('is no more than somebody works off soon: the rest is for whoever comes', async () => {
    const [one, other] = [await open('one'), await open('other')]
    const router = await routing(one, 1)
    const count = POSTGRES_SPOOL_LIMITS.atHand + 1
    await one.spool.takeIn(handedOver(POSTGRES_SPOOL_LIMITS.atHand))
    await one.spool.takeIn(handedOver(2))
    assert.equal((await router.first).value!.length, 1)
    assert.equal((await other.bench.arrivals(2, count)).length, 2)
  })

  it('stands behind nothing that was there before', async () => {
    const [one, other] = [await open('one'), await open('other')]
    await other.spool.takeIn(handedOver(3))
    const router = begun<SpooledMessage>((signal) => one.spool.arrivals(2, signal))
    const first = (await router.first).value as readonly SpooledMessage[]
    const later = handedOver(1)
    await one.spool.takeIn(later)
    const second = (await router.batches.next()).value as readonly SpooledMessage[]
    assert.ok([...first, ...second].slice(0, 3).every(({ queueId }) => queueId !== later[0]!.queueId))
  })

  it('is not given out when its lease has ended meanwhile', async () => {
    const [one, other] = [await open('one'), await open('other')]
    const router = await routing(one, 1)
    await one.spool.takeIn(handedOver(2))
    assert.equal((await router.first).value!.length, 1)
    clock.advance(POSTGRES_SPOOL_LIMITS.arrivalLease)
    await one.bench.settled()
    assert.equal((await other.bench.arrivals(2)).length, 2)
  })
})
