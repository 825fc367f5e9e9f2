import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { ContentStoreError } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'

import { Bench, describeDurableSpool, describeSpool, envelope, toEachRecipient } from '../compliance/index.ts'
import { SpoolError, type DeliveryId } from '../index.ts'
import { EmbeddedSpool } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-spool-'))
const sql = new SqlWorker()
after(async () => {
  await sql.close()
  await rm(root, { recursive: true, force: true })
})

let spools = 0
function setup(window?: number) {
  return async (clock: ManualClock) => {
    const content = new MemoryContentLog()
    const file = join(root, `${spools++}.db`)
    const spool = await EmbeddedSpool.open({ log: content, sql, file, clock, ...(window && { window }) })
    return { content, spool }
  }
}

describeSpool('embedded', setup())
describeSpool('embedded with a window of four', setup(4), { keepsOrder: false })

describeDurableSpool('embedded', async () => {
  const log = new MemoryContentLog()
  const file = join(root, `${spools++}.db`)
  return {
    open: async (clock) => ({ content: log, spool: await EmbeddedSpool.open({ log, sql, file, clock }) }),
    remove: () => log.close(),
  }
})

describe('an embedded spool', () => {
  it('still shows what an operator named wrongly', async () => {
    const bench = await Bench.open(setup())
    const failed = await bench.leased()
    await bench.spool.settle([{ id: failed.id, state: 'failed', reason: '550 no' }])
    const deferred = await bench.leased()
    const notBefore = bench.clock.now() + 60_000
    await bench.spool.settle([{ id: deferred.id, state: 'deferred', notBefore, reason: 'busy' }])
    for (const queueId of [failed.message.queueId, deferred.message.queueId]) {
      assert.deepEqual(await bench.change('release', [`${queueId}.7` as DeliveryId]), [])
      assert.deepEqual(await bench.change('remove', [`${queueId}.0` as DeliveryId]), [])
    }
    assert.deepEqual(await bench.states(), ['deferred', 'failed'])
    assert.equal(bench.spool.waiting, 1)
    bench.clock.advance(60_000)
    assert.equal((await bench.lease(1))[0]?.id, deferred.id)
    await bench.close()
  })

  it('accepts while nobody takes anything, in bounded memory, and gives all of it out later', async () => {
    const bench = await Bench.open(setup(20))
    const ids = await Promise.all(Array.from({ length: 500 }, () => bench.accept()))
    assert.equal(bench.spool.waiting, 500)
    const removed = ids.slice(0, 100).map((id) => `${id}.0` as DeliveryId)
    assert.deepEqual(await bench.change('remove', removed), removed)
    assert.equal(bench.spool.waiting, 400)
    await bench.spool.route((await bench.arrivals(400)).map(toEachRecipient))
    const leased = await bench.lease(400)
    assert.deepEqual(leased.map(({ message }) => message.queueId).toSorted(), ids.slice(100))
    await bench.spool.settle(leased.map(({ id }) => ({ id, state: 'delivered' })))
    assert.equal(bench.spool.waiting, 0)
    await bench.close()
  })

  it('promises nothing when the disk is full, and goes on when there is space again', async () => {
    const log = new MemoryContentLog()
    const clock = new ManualClock()
    const spool = await EmbeddedSpool.open({ log, sql, file: join(root, `${spools++}.db`), clock })
    const begin = log.begin.bind(log)
    log.begin = () => ({
      ...begin(),
      commit: () => Promise.reject(new ContentStoreError('full', 'no space')),
    })
    const draft = spool.begin(envelope('bob@example.org'))
    await assert.rejects(draft.commit(Buffer.alloc(0)), { name: 'SpoolError', fault: 'full' })
    log.begin = begin
    await spool.begin(envelope('bob@example.org')).commit(Buffer.alloc(0))
    assert.equal(spool.waiting, 1)
    await spool.close()
  })

  it('refuses new mail rather than memory without bounds when its database fails', async () => {
    const worker = new SqlWorker()
    const log = new MemoryContentLog()
    const trouble: unknown[] = []
    const spool = await EmbeddedSpool.open({
      log,
      sql: worker,
      file: join(root, `${spools++}.db`),
      clock: new ManualClock(),
      window: 10,
      trouble: (error) => trouble.push(error),
    })
    await worker.close()
    const accept = () => spool.begin(envelope('bob@example.org')).commit(Buffer.alloc(0))
    const outcomes = []
    for (let n = 0; n < 50; n++) outcomes.push(...(await Promise.allSettled([accept()])))
    assert.ok(outcomes.filter(({ status }) => status === 'fulfilled').length <= 21)
    const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    assert.equal((refused.reason as SpoolError).fault, 'unavailable')
    assert.ok(trouble.length > 0)
    await assert.rejects(spool.close(), SpoolError)
  })
})
