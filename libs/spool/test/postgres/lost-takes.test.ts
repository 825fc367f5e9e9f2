import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import { openPostgresSpool, POSTGRES_SPOOL_LIMITS } from '@cartero/spool/postgres'
import { Postgres, statement } from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresDoor, PostgresServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { Door } from './door.ts'
import { TestStores, type Stores } from './stores.ts'

const UNAVAILABLE = { name: 'SpoolError', fault: 'unavailable' }
const TERMS = { owner: 'relay', expiresIn: 600_000 }
const LEASED = statement(`SELECT count(*)::int AS count FROM delivery WHERE state = 'leased'`)

/** As after a crash that lost a settlement: as leased as another one. */
const AS_BEFORE = statement(`
  UPDATE delivery SET state = 'leased', holder = other.holder, due = other.due
  FROM delivery AS other WHERE other.queue_id = $1 AND delivery.queue_id = $2`)

describe('a spool whose database does not answer', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let passage: PostgresDoor
  let stores: TestStores
  let shared: Stores
  let clock: ManualClock
  let one: Door
  before(async () => {
    server = await PostgresServer.start()
    passage = await PostgresDoor.before(server)
    stores = new TestStores(server)
  })
  after(async () => {
    await passage?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    shared = await stores.open()
    clock = new ManualClock()
    const database = new Postgres({ url: passage.url, schema: shared.database.schema, connections: 4 })
    one = await Door.open({ owner: 'one', database, content: shared.content, news: new LocalNews(), clock })
  })
  afterEach(async () => {
    await one.close()
    await shared.content.close()
  })

  const leased = async (): Promise<number> =>
    (await shared.database.rows<{ count: number }>(LEASED))[0]!.count
  /** Long before leases end. */
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    for (let n = 0; n < TERMS.expiresIn / 1_000; n++) {
      if (await isSo()) return
      clock.advance(POSTGRES_SPOOL_LIMITS.firstBackOff)
    }
    assert.fail('it is not so')
  }

  it('gives back what it leased and never heard of, long before the lease ends', async () => {
    await one.bench.sent(['a@one.example'])
    passage.pause('answers')
    const taking = assert.rejects(one.spool.take('one.example', 1, TERMS), UNAVAILABLE)
    while ((await leased()) < 1);
    passage.cut()
    passage.resume()
    await taking
    await until(async () => (await leased()) === 0)
    assert.equal((await one.spool.take('one.example', 1, TERMS)).length, 1)
  })

  it('keeps what it holds when leases that end at the same time are lost', async () => {
    await one.bench.sent(['a@one.example'])
    const [held] = await one.spool.take('one.example', 1, TERMS)
    await one.bench.sent(['b@one.example'])
    passage.pause('answers')
    const taking = assert.rejects(one.spool.take('one.example', 1, TERMS), UNAVAILABLE)
    while ((await leased()) < 2);
    passage.cut()
    passage.resume()
    await taking
    await until(async () => (await leased()) === 1)
    await one.spool.settle([{ id: held!.id, state: 'delivered' }])
    assert.equal(await leased(), 0)
  })

  it('says when it leaves what it leased and never heard of', async () => {
    await one.bench.sent(['a@one.example'])
    passage.pause('answers')
    const taking = assert.rejects(one.spool.take('one.example', 1, TERMS), UNAVAILABLE)
    while ((await leased()) === 0);
    passage.cut()
    passage.resume()
    await taking
    await one.spool.close()
    assert.equal(await leased(), 0)
  })

  it('gives back what is leased again because the server crashed and forgot that it was settled', async () => {
    await one.delivered(2)
    const [kept, settled] = await one.bench.lease(2)
    await one.spool.settle([{ id: settled!.id, state: 'held', reason: 'by an operator' }])
    await shared.database.run(AS_BEFORE, [kept!.message.queueId, settled!.message.queueId])
    assert.equal(await leased(), 2)
    await until(async () => (await leased()) === 1)
    const again = await one.bench.lease(1)
    assert.deepEqual(
      again.map(({ id }) => id),
      [settled!.id],
    )
  })

  it('leaves nobody behind who asks for ever when it cannot be opened', async () => {
    await shared.database.run(statement('ALTER TABLE holder RENAME TO holder_away'))
    const troubles: unknown[] = []
    const { database, content } = shared
    const opening = openPostgresSpool({
      database,
      content,
      news: new LocalNews(),
      clock,
      owner: 'two',
      trouble: (error) => troubles.push(error),
    })
    await assert.rejects(opening)
    await shared.database.run(statement('ALTER TABLE holder_away RENAME TO holder'))
    clock.advance(POSTGRES_SPOOL_LIMITS.upkeep)
    await one.bench.settled()
    const names = await shared.database.rows<{ name: string }>(statement('SELECT name FROM holder'))
    assert.deepEqual(
      names.filter(({ name }) => name.startsWith('two')),
      [],
    )
    assert.deepEqual(troubles, [])
  })
})
