import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { ContentStoreError } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { SqlError, SqlWorker, type SqlStore } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'

import { Bench, envelope, toDomains } from '../compliance/index.ts'
import type { DeliveryId } from '../ports.ts'
import type { SpoolProcedures } from './index.ts'
import { EmbeddedSpool } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-spool-faults-'))
const worker = new SqlWorker()
after(async () => {
  await worker.close()
  await rm(root, { recursive: true, force: true })
})

/** What goes wrong with writes, if anything; reads work. */
type Ailment = 'full' | 'io' | 'slow' | undefined

const READS: ReadonlySet<string> = new Set([
  'take',
  'takeFor',
  'lanes',
  'list',
  'total',
  'shape',
  'uncollected',
  'look',
  'referenced',
])

class Ward {
  readonly clock = new ManualClock()
  readonly log = new MemoryContentLog()
  readonly #file = join(root, `${Math.random()}.db`)
  readonly trouble: unknown[] = []
  database: Ailment
  /** What still works when something is wrong. */
  works = READS
  #ends: ((ailment?: 'full' | 'io') => void)[] = []
  bench!: Bench

  async open(window = 1_000): Promise<Bench> {
    const sql = { open: (options: never) => this.#open(options) } as unknown as SqlWorker
    const { clock, log } = this
    const trouble = (error: unknown) => this.trouble.push(error)
    const spool = await EmbeddedSpool.open({ log, sql, file: this.#file, clock, window, trouble })
    this.bench = await Bench.open(async () => ({ spool, content: log }), clock)
    return this.bench
  }

  /** The log takes nothing any more. */
  fill(): () => void {
    const begin = this.log.begin.bind(this.log)
    this.log.begin = () => ({
      ...begin(),
      commit: () => Promise.reject(new ContentStoreError('full', 'no space')),
    })
    return () => (this.log.begin = begin)
  }

  /** What is committed to the log from now on never gets there, until somebody ends this. */
  stall(): { end(): void } {
    const begin = this.log.begin.bind(this.log)
    this.log.begin = () => ({ ...begin(), commit: () => new Promise(() => {}) })
    return { end: () => void (this.log.begin = begin) }
  }

  /** Slow writes come to an end. */
  hasten(): void {
    this.database = undefined
    for (const end of this.#ends.splice(0)) end()
  }

  /** Slow writes fail in the end. */
  fail(ailment: 'full' | 'io'): void {
    for (const end of this.#ends.splice(0)) end(ailment)
  }

  async #open(options: Parameters<SqlWorker['open']>[0]): Promise<SqlStore<SpoolProcedures>> {
    const store = await worker.open<SpoolProcedures>(options)
    const call = async (name: keyof SpoolProcedures, ...argument: never[]): Promise<unknown> => {
      if (this.database !== undefined && !this.works.has(name)) {
        const ailment =
          this.database === 'slow'
            ? await new Promise<'full' | 'io' | undefined>((resolve) => this.#ends.push(resolve))
            : this.database
        if (ailment !== undefined) throw new SqlError(ailment, `the database is ${ailment}`)
      }
      return await (store.call as (...all: unknown[]) => Promise<unknown>)(name, ...argument)
    }
    return { ...store, call } as unknown as SqlStore<SpoolProcedures>
  }
}

describe('a spool whose stores fail', () => {
  for (const [what, fault] of [
    ['full', 'full'],
    ['io', 'unavailable'],
  ] as const)
    it(`says that a deferral is not durable while its database is ${what}, keeps it, and writes it when it can`, async () => {
      const ward = new Ward()
      const bench = await ward.open()
      await bench.sent(['a@one.example'])
      const [one] = await bench.take('one.example')
      ward.database = what
      const notBefore = ward.clock.now() + 60_000
      const settling = bench.spool.settle([{ id: one!.id, state: 'deferred', notBefore, reason: 'busy' }])
      await assert.rejects(settling, { name: 'SpoolError', fault })
      assert.deepEqual(await bench.states(), ['deferred'])
      ward.clock.advance(60_000)
      const [again] = await bench.take('one.example')
      assert.equal(again?.id, one?.id)
      bench.spool.giveBack([again!.id])
      ward.database = undefined
      ward.clock.advance(5_000)
      await bench.settled()
      ward.clock.advance(5_000)
      await bench.settled()
      const [listed] = await bench.list({})
      assert.deepEqual([listed?.state, listed?.attempts, listed?.reason], ['ready', 1, 'busy'])
      await bench.close()
    })

  it('makes a relay durable by its database when the log is full', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    await bench.sent(['a@one.example'])
    const [one] = await bench.take('one.example')
    const empty = ward.fill()
    await bench.spool.settle([{ id: one!.id, state: 'delivered' }])
    empty()
    const next = await ward.open()
    assert.equal(next.spool.waiting, 0)
    await next.close()
  })

  it('says that a relay is not durable when neither can write, and does not send it again by itself', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    await bench.sent(['a@one.example'])
    const [one] = await bench.take('one.example')
    const empty = ward.fill()
    ward.database = 'full'
    const settling = bench.spool.settle([{ id: one!.id, state: 'delivered' }])
    await assert.rejects(settling, { name: 'SpoolError', fault: 'full' })
    assert.deepEqual(await bench.take('one.example'), [])
    empty()
    ward.database = undefined
    ward.clock.advance(5_000)
    await bench.settled()
    const next = await ward.open()
    assert.equal(next.spool.waiting, 0)
    await next.close()
  })

  it('writes what took long to fail, though nothing else happens meanwhile', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    await bench.sent(['a@one.example'])
    ward.clock.advance(5_000)
    await bench.settled()
    const [one] = await bench.take('one.example')
    await bench.settled()
    ward.database = 'slow'
    const notBefore = ward.clock.now() + 3_600_000
    const settling = bench.spool.settle([{ id: one!.id, state: 'deferred', notBefore, reason: 'busy' }])
    await bench.settled()
    ward.clock.advance(5_000)
    await bench.settled()
    ward.fail('io')
    await assert.rejects(settling, { name: 'SpoolError' })
    ward.database = undefined
    ward.clock.advance(5_000)
    await bench.settled()
    const next = await ward.open()
    const [listed] = await next.list({})
    assert.deepEqual([listed?.state, listed?.reason], ['deferred', 'busy'])
    await next.close()
  })

  for (const [what, end] of [
    [
      'another host takes the rest',
      (bench: Bench, id: DeliveryId) => bench.spool.settle([{ id, state: 'delivered' }]),
    ],
    [
      'an operator removes the rest',
      async (bench: Bench, id: DeliveryId) => {
        const notBefore = bench.clock.now() + 3_600_000
        await bench.spool.settle([{ id, state: 'deferred', notBefore, reason: 'busy' }])
        await bench.settled()
        await bench.steer({ ids: [id] }, { kind: 'remove' })
      },
    ],
  ] as const)
    it(`sends nothing again when the power goes while ${what}, and the log has not said yet that it is over`, async () => {
      const ward = new Ward()
      const bench = await ward.open()
      const earlier = ward.stall()
      void bench.accept()
      await bench.settled()
      earlier.end()
      await bench.sent(['a@one.example', 'b@two.example'])
      const [one] = await bench.take('one.example')
      await bench.spool.settle([{ id: one!.id, state: 'delivered' }])
      const [two] = await bench.take('two.example')
      ward.stall()
      void end(bench, two!.id)
      await bench.settled()
      ward.clock.advance(5_000)
      await bench.settled()
      const next = await ward.open()
      assert.deepEqual(
        (await next.list({})).map(({ destination }) => destination).filter((name) => name !== 'two.example'),
        [],
      )
      await next.close()
    })

  it('changes nothing in rows that it cannot write', async () => {
    const ward = new Ward()
    const bench = await ward.open(4)
    for (let n = 0; n < 10; n++) await bench.sent([`user${n}@one.example`])
    ward.clock.advance(5_000)
    await bench.settled()
    ward.database = 'io'
    await assert.rejects(bench.steer({ destination: 'one.example' }, { kind: 'remove' }), {
      name: 'SpoolError',
    })
    ward.database = undefined
    const next = await ward.open()
    assert.ok((await next.list({})).length >= 6)
    await next.close()
  })

  it('accepts, and relays what it has at hand, while its database takes its time', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    ward.database = 'slow'
    await bench.sent(['a@one.example'])
    ward.clock.advance(5_000)
    await bench.sent(['b@one.example'])
    const taken = await bench.take('one.example')
    assert.equal(taken.length, 2)
    await bench.spool.settle([{ id: taken[1]!.id, state: 'delivered' }])
    ward.hasten()
    await bench.close()
  })

  it('tells again of what it could not read', async () => {
    const ward = new Ward()
    const bench = await ward.open(4)
    for (let n = 0; n < 10; n++) await bench.sent([`user${n}@one.example`])
    ward.clock.advance(5_000)
    await bench.settled()
    ward.works = new Set()
    ward.database = 'io'
    const first = await bench.take('one.example')
    ward.database = undefined
    assert.ok(first.length < 10)
    assert.ok(ward.trouble.length > 0)
    ward.clock.advance(1_000)
    assert.deepEqual(
      (await bench.told()).map(({ destination }) => destination),
      ['one.example'],
    )
    assert.equal((await bench.take('one.example')).length, 10 - first.length)
    await bench.close()
  })
})

describe('mail that does not wait', () => {
  it('goes from the door to another host without its database', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    await bench.told()
    ward.works = new Set()
    ward.database = 'io'
    for (let n = 0; n < 10; n++) {
      const draft = bench.spool.begin(envelope('a@one.example'))
      await draft.commit(Buffer.alloc(0))
      await bench.spool.route((await bench.arrivals(1)).map(toDomains))
      const [one] = await bench.take('one.example')
      await bench.spool.settle([{ id: one!.id, state: 'delivered' }])
    }
    assert.equal(bench.spool.waiting, 0)
    assert.deepEqual(ward.trouble, [])
    ward.database = undefined
    await bench.close()
  })

  it('finds memory when it is full of what nobody takes', async () => {
    const ward = new Ward()
    const bench = await ward.open(20)
    for (let n = 0; n < 20; n++) await bench.sent(['a@dead.example'])
    ward.clock.advance(60_000)
    await bench.settled()
    // The first take finds out that nothing waits out of memory.
    await bench.take('live.example')
    for (let n = 0; n < 4; n++) {
      await bench.sent(['a@live.example'])
      await bench.settled()
      ward.works = new Set()
      ward.database = 'io'
      const [one] = await bench.take('live.example')
      ward.database = undefined
      assert.equal(one?.recipients[0]?.address, 'a@live.example')
    }
    assert.ok(!ward.trouble.some((error) => /takeFor/.test(String(error))))
    await bench.close()
  })
})

describe('a spool whose clock is set', () => {
  const HOUR = 3_600_000
  const deferred = async (ward: Ward): Promise<string> => {
    const queueId = await ward.bench.sent(['a@one.example'])
    const [one] = await ward.bench.take('one.example')
    const notBefore = ward.clock.now() + 60_000
    await ward.bench.spool.settle([{ id: one!.id, state: 'deferred', notBefore, reason: 'busy' }])
    return queueId
  }
  const told = async (ward: Ward): Promise<readonly string[]> =>
    (await ward.bench.told()).map(({ destination }) => destination)

  it('tries early what it would have tried later, once, when the clock is set forward', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    const queueId = await deferred(ward)
    ward.clock.set(ward.clock.now() + 24 * HOUR)
    ward.clock.advance(60_000)
    assert.deepEqual(await told(ward), ['one.example'])
    const [one] = await bench.take('one.example')
    assert.equal(one?.message.queueId, queueId)
    assert.equal(one?.attempts, 1)
    await bench.close()
  })

  it('loses nothing when the clock is set back: what is deferred then is due by the new time', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    const heard: string[] = []
    const end = new AbortController()
    const listening = (async () => {
      for await (const batch of bench.spool.due(end.signal))
        heard.push(...batch.map(({ destination }) => destination))
    })()
    await deferred(ward)
    ward.clock.advance(60_000)
    await bench.settled()
    assert.deepEqual(heard.splice(0).slice(-1), ['one.example'])
    const [one] = await bench.take('one.example')
    ward.clock.set(ward.clock.now() - 24 * HOUR)
    const notBefore = ward.clock.now() + 60_000
    await bench.spool.settle([{ id: one!.id, state: 'deferred', notBefore, reason: 'busy' }])
    heard.length = 0
    for (let minute = 0; minute < 3; minute++) {
      ward.clock.advance(60_000)
      await bench.settled()
    }
    assert.ok(heard.includes('one.example'))
    assert.equal((await bench.take('one.example'))[0]?.attempts, 2)
    end.abort()
    await listening
    await bench.close()
  })

  it('takes a lease out of nobody’s hands because the clock was set', async () => {
    const ward = new Ward()
    const bench = await ward.open()
    await bench.sent(['a@one.example'])
    const [one] = await bench.take('one.example')
    ward.clock.set(ward.clock.now() + 24 * HOUR)
    ward.clock.advance(60_000)
    assert.deepEqual(await bench.take('one.example'), [])
    await bench.spool.settle([{ id: one!.id, state: 'delivered' }])
    assert.equal(bench.spool.waiting, 0)
    await bench.close()
  })
})
