import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, it } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import { QueueIds, type Delivery, type DeliveryId } from '@cartero/spool'
import { toAll } from '@cartero/spool/compliance'
import { POSTGRES_SPOOL_LIMITS } from '@cartero/spool/postgres'
import { statement } from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { Door, handedOver } from './door.ts'
import { TestStores, type Stores } from './stores.ts'

const UNAVAILABLE = { name: 'SpoolError', fault: 'unavailable' }
const TERMS = { owner: 'relay', expiresIn: 60_000 }

describe('several processes over one spool in Postgres', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let stores: TestStores
  let shared: Stores
  let clock: ManualClock
  let news: LocalNews
  let doors: Door[] = []
  after(() => server?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    server ??= await PostgresServer.start()
    stores ??= new TestStores(server)
    shared = await stores.open()
    clock = new ManualClock()
    news = new LocalNews()
  })
  afterEach(async () => {
    for (const door of doors) await door.close()
    doors = []
    await shared.content.close()
  })

  const open = async (owner: string, board = news): Promise<Door> => {
    const database = stores.connect(shared.database.schema)
    const door = await Door.open({ owner, database, content: shared.content, news: board, clock })
    doors.push(door)
    return door
  }
  const pair = async (): Promise<[Door, Door]> => [await open('one'), await open('other')]
  const settle = (door: Door, ids: readonly DeliveryId[]) =>
    door.spool.settle(ids.map((id) => ({ id, state: 'delivered' })))
  /** Time passes, and what was asked of a server has an answer. */
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds)
    for (let turn = 0; turn < 3; turn++) await doors[0]!.spool.count({}).catch(() => undefined)
  }
  const idsOf = (deliveries: readonly Delivery[]): DeliveryId[] => deliveries.map(({ id }) => id)

  it('leases nothing to two of them', async () => {
    const [one, other] = await pair()
    await one.delivered(200)
    const [mine, theirs] = await Promise.all([one.bench.lease(100, 10), other.bench.lease(100, 10)])
    assert.equal(new Set(idsOf([...mine, ...theirs])).size, mine.length + theirs.length)
    assert.equal(mine.length + theirs.length, 200)
    assert.ok(await one.bench.isNothingDue())
  })

  it('takes nothing for elsewhere twice, however many take at once', async () => {
    const [one, other] = await pair()
    for (let n = 0; n < 40; n++) await one.bench.sent([`user${n}@one.example`])
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? one : other).spool.take('one.example', 3, TERMS)),
    )
    const ids = idsOf(taken.flat())
    assert.deepEqual([ids.length, new Set(ids).size], [40, 40])
  })

  it('gives what arrives to one router only, and to another when that one has died', async () => {
    const [one, other] = await pair()
    await one.spool.takeIn(handedOver(20))
    const router = one.spool.arrivals(20, AbortSignal.timeout(10_000))[Symbol.asyncIterator]()
    assert.equal((await router.next()).value?.length, 20)
    const end = new AbortController()
    const idle = other.spool.arrivals(20, end.signal)[Symbol.asyncIterator]()
    const next = idle.next()
    await other.bench.settled()
    end.abort()
    assert.equal((await next).done, true)
    await one.kill()
    clock.advance(POSTGRES_SPOOL_LIMITS.arrivalLease)
    const routed = (await other.bench.arrivals(20)).map(toAll)
    await other.spool.route(routed)
    assert.equal((await other.bench.lease(20)).length, 20)
  })

  it('gives what a dead one held to the others when its lease is over, not before', async () => {
    const [one, other] = await pair()
    await one.delivered(5)
    await one.bench.sent(['a@one.example'])
    const held = await one.bench.lease(5)
    await one.spool.take('one.example', 1, TERMS)
    await one.kill()
    clock.advance(TERMS.expiresIn - 1)
    assert.deepEqual(await other.spool.take('one.example', 1, TERMS), [])
    clock.advance(1)
    assert.deepEqual(
      (await other.bench.told()).map(({ destination }) => destination),
      ['one.example'],
    )
    assert.equal((await other.spool.take('one.example', 1, TERMS)).length, 1)
    clock.advance(POSTGRES_SPOOL_LIMITS.localLease - TERMS.expiresIn - 1)
    assert.ok(await other.bench.isNothingDue())
    clock.advance(1)
    const again = await other.bench.lease(5)
    assert.deepEqual(idsOf(again).toSorted(), idsOf(held).toSorted())
    assert.ok(again.every(({ attempts }) => attempts === 0))
  })

  it('gives what it held before to one that is started again, at once', async () => {
    const [one, other] = await pair()
    await one.delivered(3)
    const held = await one.bench.lease(3)
    await one.kill()
    assert.ok(await other.bench.isNothingDue())
    await open('one')
    assert.deepEqual(idsOf(await other.bench.lease(3)).toSorted(), idsOf(held).toSorted())
  })

  it('holds what lets the lease of every process run out', async () => {
    const [one, other] = await pair()
    await one.bench.sent(['a@one.example'])
    for (let n = 0; n < 5; n++) {
      const dying = await open(`dying${n}`)
      assert.equal((await dying.spool.take('one.example', 1, TERMS)).length, 1, `${n}`)
      await dying.kill()
      clock.advance(TERMS.expiresIn)
    }
    assert.deepEqual(await other.spool.take('one.example', 1, TERMS), [])
    assert.match((await one.bench.list({ state: 'held' }))[0]?.reason ?? '', /ran out 5 times/)
  })

  it('takes no word from one whose lease is over, nor from one that never had it', async () => {
    const [one, other] = await pair()
    await one.bench.sent(['a@one.example'])
    const [delivery] = await one.spool.take('one.example', 1, TERMS)
    await settle(other, [delivery!.id])
    assert.deepEqual(await other.bench.states(), ['leased'])
    clock.advance(TERMS.expiresIn)
    await one.bench.settled()
    const [again] = await other.spool.take('one.example', 1, TERMS)
    assert.equal(again?.id, delivery?.id)
    await one.spool.settle([{ id: delivery!.id, state: 'failed', reason: 'too late' }])
    one.spool.giveBack([delivery!.id])
    await one.bench.settled()
    assert.deepEqual(await other.bench.states(), ['leased'])
    await settle(other, [delivery!.id])
    assert.equal(await other.spool.count({}), 0)
  })

  it('hands back what it holds when it is closed', async () => {
    const [one, other] = await pair()
    await one.delivered(4)
    await one.bench.sent(['a@one.example'])
    await one.bench.lease(4)
    await one.spool.take('one.example', 1, TERMS)
    await one.spool.takeIn(handedOver(2))
    const router = one.spool.arrivals(2, AbortSignal.timeout(10_000))[Symbol.asyncIterator]()
    await router.next()
    await one.close()
    assert.equal((await other.bench.lease(4)).length, 4)
    assert.equal((await other.spool.take('one.example', 1, TERMS)).length, 1)
    assert.equal((await other.bench.arrivals(2)).length, 2)
  })

  it('takes in what is brought twice once: in one batch, later, and by two at the same time', async () => {
    const [one, other] = await pair()
    const batch = handedOver(30)
    await Promise.all([one.spool.takeIn([...batch, ...batch]), other.spool.takeIn(batch.toReversed())])
    await other.spool.takeIn(batch)
    assert.equal(await one.spool.count({}), 30)
    const [first] = await one.bench.arrivals(30)
    assert.deepEqual(
      [first?.queueId, first?.prefix.toString(), first?.size],
      [batch[0]!.queueId, 'Received: by an edge\r\n', 10],
    )
  })

  it('does not take in again what it is done with', async () => {
    const [one, other] = await pair()
    const batch = handedOver(3)
    await one.spool.takeIn(batch)
    await one.spool.route((await one.bench.arrivals(3)).map(toAll))
    await settle(one, idsOf(await one.bench.lease(3)))
    await other.spool.takeIn(batch)
    assert.equal(await other.spool.count({}), 0)
    assert.deepEqual([...(await other.spool.referenced(''))], [])
  })

  it('forgets what was taken in when nobody brings it any more, and not before', async () => {
    const one = await open('one')
    const remembered = async (): Promise<number> =>
      (await shared.database.rows(statement('SELECT FROM taken_in'))).length
    const ids = new QueueIds(clock)
    await one.spool.takeIn(handedOver([ids.next(), ids.next()]))
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000)
      await one.bench.settled()
    }
    assert.equal(await remembered(), 2)
    for (let hour = 24; hour < 31; hour++) {
      clock.advance(3_600_000)
      await one.bench.settled()
    }
    assert.equal(await remembered(), 0)
  })

  it('gives out the others when one cannot be read, and holds that one in the end', async () => {
    const one = await open('one')
    await one.bench.sent(['a@one.example'])
    const unreadable = await one.bench.sent(['b@one.example'])
    await shared.database.run(statement(`UPDATE message SET text = '\\x09' WHERE queue_id = $1`), [
      unreadable,
    ])
    assert.equal((await one.spool.take('one.example', 10, TERMS)).length, 1)
    assert.match(String(one.troubles[0]), /newer version/)
    for (let n = 0; n < 5; n++) {
      clock.advance(TERMS.expiresIn)
      await one.bench.settled()
      const taken = await one.spool.take('one.example', 10, TERMS)
      await settle(one, idsOf(taken))
    }
    assert.deepEqual(
      (await one.bench.list({ state: 'held' })).map(({ queueId }) => queueId),
      [unreadable],
    )
  })

  it('refers to contents by their pack', async () => {
    const [one] = await pair()
    const batch = handedOver(3)
    await one.spool.takeIn(batch)
    assert.equal([...(await one.spool.referenced('pack1.'))].length, 3)
    assert.deepEqual([...(await one.spool.referenced('pack2.'))], [])
  })

  it('tells by news that work has come, so that nobody waits for his own look', async () => {
    const [one, other] = await pair()
    const arrived = other.bench.arrivals(1)
    await other.bench.settled()
    await one.spool.takeIn(handedOver(1))
    clock.advance(POSTGRES_SPOOL_LIMITS.mergeNews)
    const routed = (await arrived).map(toAll)
    const leased = other.bench.lease(1)
    await other.bench.settled()
    await one.spool.route(routed)
    clock.advance(POSTGRES_SPOOL_LIMITS.mergeNews)
    assert.equal((await leased).length, 1)
  })

  it('finds work that nobody told it of, a moment later', async () => {
    const [one, other] = [await open('one'), await open('other', new LocalNews())]
    const arrived = other.bench.arrivals(1)
    await other.bench.settled()
    await one.spool.takeIn(handedOver(1))
    clock.advance(POSTGRES_SPOOL_LIMITS.lookAgain)
    await one.spool.route((await arrived).map(toAll))
    const leased = other.bench.lease(1)
    await other.bench.settled()
    clock.advance(POSTGRES_SPOOL_LIMITS.lookAgain)
    assert.equal((await leased).length, 1)
  })

  it('finds what another has given back and told nobody of', async () => {
    const [one, other] = [await open('one'), await open('other', new LocalNews())]
    await one.bench.sent(['a@one.example'])
    const end = new AbortController()
    const told = one.spool.due(end.signal)[Symbol.asyncIterator]()
    assert.equal((await told.next()).value?.[0]?.destination, 'one.example')
    const [delivery] = await other.spool.take('one.example', 1, TERMS)
    assert.deepEqual(await one.spool.take('one.example', 1, TERMS), [])
    const again = told.next()
    await one.bench.settled()
    other.spool.giveBack([delivery!.id])
    await other.bench.settled()
    clock.advance(POSTGRES_SPOOL_LIMITS.lookForDue)
    assert.equal((await again).value?.[0]?.destination, 'one.example')
    end.abort()
    await told.return?.()
  })

  it('changes, and counts, more than goes into one portion', async () => {
    const one = await open('one')
    const count = POSTGRES_SPOOL_LIMITS.portion * 2 + 100
    await one.delivered(count)
    const { found, changed } = await one.bench.steer(
      { sender: 'alice@example.com' },
      { kind: 'hold', reason: 'x' },
    )
    assert.deepEqual([found, changed], [count, count])
    assert.equal(await one.spool.count({ reason: 'X', state: 'held' }), count)
    assert.equal((await one.bench.steer({}, { kind: 'remove' })).changed, count)
    assert.equal(one.spool.waiting, 0)
    assert.deepEqual([...(await one.spool.referenced(''))], [])
  })

  it('counts right what several have done at once, and what waits', async () => {
    const [one, other] = await pair()
    for (let n = 0; n < 5; n++) {
      await one.bench.sent([`user${n}@one.example`])
      await other.bench.sent([`user${n}@two.example`])
    }
    const work = async (door: Door, destination: string): Promise<void> => {
      const [done, dead] = await door.spool.take(destination, 2, TERMS)
      await door.spool.settle([
        { id: done!.id, state: 'delivered' },
        { id: dead!.id, state: 'failed', reason: 'no' },
      ])
    }
    await Promise.all([
      work(one, 'one.example'),
      work(other, 'two.example'),
      one.delivered(7),
      other.delivered(8),
    ])
    for (let round = 0; round < 2; round++) {
      for (const door of [one, other]) {
        clock.advance(POSTGRES_SPOOL_LIMITS.upkeep)
        await door.bench.settled()
      }
    }
    const counted = async (door: Door): Promise<readonly string[]> =>
      (await door.spool.shape())
        .map(({ destination, state, deliveries }) => `${destination} ${state} ${deliveries}`)
        .toSorted()
    const right = [
      'local ready 15',
      'one.example failed 1',
      'one.example ready 3',
      'two.example failed 1',
      'two.example ready 3',
    ]
    assert.deepEqual(await counted(one), right)
    assert.deepEqual(await counted(other), right)
    assert.deepEqual([one.spool.waiting, other.spool.waiting], [21, 21])
  })

  it("leaves alone, in an operator's change, what others have leased, and changes the rest", async () => {
    const [one, other] = await pair()
    for (let n = 0; n < 30; n++) await one.bench.sent([`user${n}@one.example`])
    const [taken, { changed }] = await Promise.all([
      other.spool.take('one.example', 10, TERMS),
      one.bench.steer({ destination: 'one.example' }, { kind: 'hold', reason: 'maintenance' }),
    ])
    assert.equal(taken.length + changed, 30)
    assert.equal(await one.spool.count({ state: 'held' }), changed)
    await settle(other, idsOf(taken))
    assert.equal(await other.spool.count({}), changed)
  })

  it('ends a message once when its deliveries are settled by two at once', async () => {
    const [one, other] = await pair()
    for (let n = 0; n < 10; n++) await one.bench.sent([`user${n}@one.example`, `user${n}@two.example`])
    const mine = await one.spool.take('one.example', 10, TERMS)
    const theirs = await other.spool.take('two.example', 10, TERMS)
    await Promise.all([
      ...mine.map(({ id }) => settle(one, [id])),
      ...theirs.map(({ id }) => settle(other, [id])),
    ])
    assert.equal(await one.spool.count({}), 0)
    assert.deepEqual([...(await one.spool.referenced(''))], [])
  })

  for (const how of ['halt', 'kill'] as const)
    it(`has everything that was acknowledged after the server died (${how}), and goes on by itself`, async () => {
      const [one] = await pair()
      await one.bench.sent(['a@one.example'])
      const [delivery] = await one.spool.take('one.example', 1, TERMS)
      await one.spool.takeIn(handedOver(20))
      const arrived: string[] = []
      const end = new AbortController()
      const waiting = (async () => {
        for await (const part of one.spool.lease('local', 100, end.signal)) {
          arrived.push(...idsOf(part))
          if (arrived.length >= 20) end.abort()
        }
      })()
      await one.bench.settled()
      await server[how]()
      await assert.rejects(one.spool.takeIn(handedOver(1)), UNAVAILABLE)
      await assert.rejects(settle(one, [delivery!.id]), UNAVAILABLE)
      await assert.rejects(one.spool.list({}, { limit: 1 }), UNAVAILABLE)
      for (let n = 0; n < 4; n++) await pass(POSTGRES_SPOOL_LIMITS.longestBackOff)
      assert.ok(one.troubles.length < 20, `${one.troubles.length} troubles`)
      await server.resume()
      const routed = await one.bench.arrivals(20)
      await one.spool.route(routed.map(toAll))
      for (let n = 0; n < 100 && arrived.length < 20; n++) await pass(POSTGRES_SPOOL_LIMITS.longestBackOff)
      await waiting
      assert.equal(new Set(arrived).size, 20)
      assert.equal(await one.spool.count({ destination: 'one.example' }), 0)
    })
})
