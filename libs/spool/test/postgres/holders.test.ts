import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, it } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import { POSTGRES_SPOOL_LIMITS } from '@cartero/spool/postgres'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { Door } from './door.ts'
import { TestStores, type Stores } from './stores.ts'

/** Long enough that who is silent is taken for lost by who was there all the time. */
const LOOKS = 14

describe('holders of leases in Postgres', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let stores: TestStores
  let shared: Stores
  let clock: ManualClock
  let doors: Door[] = []
  after(() => server?.[Symbol.asyncDispose]())
  beforeEach(async () => {
    server ??= await PostgresServer.start()
    stores ??= new TestStores(server)
    shared = await stores.open()
    clock = new ManualClock()
  })
  afterEach(async () => {
    for (const door of doors) await door.close()
    doors = []
    await shared.content.close()
  })

  const open = async (owner: string): Promise<Door> => {
    const database = stores.connect(shared.database.schema)
    const door = await Door.open({
      owner,
      database,
      content: shared.content,
      news: new LocalNews(),
      clock,
    })
    doors.push(door)
    return door
  }
  /** Time passes as it does: whoever looks at an interval has looked. */
  const wait = async (looks: number, witness: Door): Promise<void> => {
    for (let look = 0; look < looks; look++) {
      clock.advance(POSTGRES_SPOOL_LIMITS.upkeep)
      await witness.bench.settled()
    }
  }

  it('gives what a dead one held to the others soon, though its leases last for minutes and nobody bears its name again', async () => {
    const [one, other] = [await open('one'), await open('other')]
    await one.delivered(3)
    const held = await one.bench.lease(3)
    await one.kill()
    assert.ok(await other.bench.isNothingDue())
    await wait(LOOKS, other)
    const ids = (await other.bench.lease(3)).map(({ id }) => id)
    assert.deepEqual(ids.toSorted(), held.map(({ id }) => id).toSorted())
  })

  it('takes nothing from one that is there, however long it holds it', async () => {
    const [one, other] = [await open('one'), await open('other')]
    await one.delivered(3)
    const held = await one.bench.lease(3)
    await wait(LOOKS, other)
    await one.bench.settled()
    assert.ok(await other.bench.isNothingDue())
    await one.spool.settle(held.map(({ id }) => ({ id, state: 'delivered' as const })))
    assert.equal((await one.bench.list({})).length, 0)
  })

  it('judges nobody after a time in which it was not seen itself: the database was away for all', async () => {
    const [one, other] = [await open('one'), await open('other')]
    await one.delivered(3)
    await one.bench.lease(3)
    await one.kill()
    clock.advance(5 * 60_000)
    await other.bench.settled()
    await wait(2, other)
    assert.ok(await other.bench.isNothingDue())
  })
})
