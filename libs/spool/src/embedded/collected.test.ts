import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'

import { Bench, toCustomers } from '../compliance/index.ts'
import { EmbeddedSpool } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-collected-'))
const worker = new SqlWorker()
after(async () => {
  await worker.close()
  await rm(root, { recursive: true, force: true })
})

const WAITING = 3_000
const HOME = 'odmr home.test'

class CountingClock extends ManualClock {
  alarms = 0
  /** Somebody has set it: time goes on as before, and is told as another. */
  shift = 0

  override now(): number {
    return super.now() + this.shift
  }

  override after(...given: Parameters<ManualClock['after']>): ReturnType<ManualClock['after']> {
    this.alarms += 1
    return super.after(...given)
  }
}

/** A spool that tells what its database is asked. */
async function opened(window?: number) {
  const asked: string[] = []
  const clock = new CountingClock()
  const open = async (options: Parameters<SqlWorker['open']>[0]) => {
    const store = await worker.open(options)
    return {
      call: (name: never, argument: never) => {
        asked.push(name)
        return store.call(name, argument)
      },
      close: () => store.close(),
    }
  }
  const sql = { open } as unknown as SqlWorker
  const log = new MemoryContentLog()
  const file = join(root, `${Math.random()}.db`)
  const spool = await EmbeddedSpool.open({ log, sql, file, clock, ...(window && { window }) })
  const bench = await Bench.open(async () => ({ content: log, spool }), clock)
  return { bench, asked, clock }
}

/** So many minutes, in which everything may happen that wants to. */
async function pass(clock: ManualClock, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(60_000)
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Until it is ended, whoever is told of anything fails. */
function listen(bench: Bench): { end(): Promise<void> } {
  const ended = new AbortController()
  const listening = (async () => {
    for await (const batch of bench.spool.due(ended.signal)) assert.deepEqual(batch, [])
  })()
  return {
    end: () => {
      ended.abort()
      return listening
    },
  }
}

async function leave(bench: Bench, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => bench.accept('x', `user${n}@home.test`)))
  for (let routed = 0; routed < count;) {
    const messages = await bench.arrivals(1, 500)
    await bench.spool.route(messages.map(toCustomers))
    routed += messages.length
  }
  await bench.idle()
}

describe('mail that customers have not come for', () => {
  it('costs nothing while it waits: nothing is read for it and no alarm is set, however long somebody listens', async () => {
    const { bench, asked, clock } = await opened()
    const early = listen(bench)
    await leave(bench, WAITING)
    const deferred = await bench.take(HOME, WAITING)
    assert.equal(deferred.length, WAITING)
    const from = clock.now() + 300_000
    await bench.spool.settle(
      deferred.map(({ id }, n) => ({ id, state: 'deferred', notBefore: from + n * 600, reason: 'not now' })),
    )
    await bench.idle()
    await bench.take(HOME, 1)
    await early.end()
    const late = listen(bench)
    await bench.settled()
    asked.length = 0
    await pass(clock, 6)
    const due = await bench.take(HOME, WAITING)
    await bench.spool.settle(due.map(({ id }) => ({ id, state: 'delivered' })))
    assert.ok(due.length > 0 && due.length < WAITING)
    await bench.idle()
    assert.ok(!asked.includes('lanes'))
    asked.length = 0
    clock.alarms = 0
    await pass(clock, 20)
    assert.deepEqual([asked, clock.alarms], [[], 0])
    assert.ok((await bench.take(HOME, WAITING)).length > WAITING / 2)
    await late.end()
    await bench.close()
  })

  it('leaves memory as soon as it is recorded, to whoever can be served', async () => {
    const { bench, asked } = await opened(1_000)
    await leave(bench, 900)
    asked.length = 0
    for (let n = 0; n < 600; n++) await bench.accept('x', `user${n}@live.example`)
    assert.deepEqual(asked, [], 'there is room for all of them, so none has to be recorded at once')
    await bench.close()
  })

  it('is given to its customer also when it leaves memory while he asks', async () => {
    const { bench } = await opened()
    await leave(bench, 40)
    await bench.left(['late@home.test'])
    // Begins to record it, and then to read.
    bench.clock.advance(2_000)
    const taken = await bench.take(HOME, 100)
    assert.equal(new Set(taken.map(({ id }) => id)).size, 41)
    await bench.close()
  })

  it('is found by its age, also what was accepted after the clock was set back', async () => {
    const { bench, clock } = await opened()
    const young = await bench.left(['young@home.test'])
    const acceptedBefore = clock.now() - 86_400_000
    clock.shift = -2 * 86_400_000
    const old = await bench.left(['old@home.test'])
    await bench.idle()
    clock.shift = 0
    assert.ok(old > young)
    const filter = { destination: HOME, acceptedBefore }
    assert.deepEqual(
      (await bench.list(filter)).map(({ queueId }) => queueId),
      [old],
    )
    assert.equal(await bench.spool.count({ ...filter, acceptedBefore: acceptedBefore - 2 * 86_400_000 }), 0)
    assert.equal((await bench.steer(filter, { kind: 'expire' })).changed, 1)
    await bench.close()
  })
})
