import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiskReserve, RESERVE_OCTETS } from './disk-reserve.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { SegmentContentLog } from './segment-content-log.ts'

const isFull = { name: 'ContentStoreError', fault: 'full' }

test('drafts are refused before the disk is so full that nothing can be tidied up, and taken again afterwards', async () => {
  let free = RESERVE_OCTETS - 1
  const directory = mkdtempSync(join(tmpdir(), 'cartero-reserve-'))
  const fileSystem = { ...nodeFileSystem, freeOctets: () => Promise.resolve(free) }
  const log = await SegmentContentLog.open({ directory, fileSystem })
  const refused = log.begin()
  assert.throws(() => refused.write(Buffer.from('x')), isFull)
  await assert.rejects(log.begin().commit(), isFull)
  await new Promise(setImmediate)
  free = RESERVE_OCTETS
  await assert.rejects(log.begin().commit(), isFull)
  await new Promise(setImmediate)
  const draft = log.begin()
  void draft.write(Buffer.from('x'))
  await draft.commit()
  await log.close()
  rmSync(directory, { recursive: true })
})

test('reclaiming goes on when drafts are refused, since it is what helps', async () => {
  let free = Infinity
  const directory = mkdtempSync(join(tmpdir(), 'cartero-reserve-'))
  const fileSystem = { ...nodeFileSystem, freeOctets: () => Promise.resolve(free) }
  const log = await SegmentContentLog.open({ directory, fileSystem, segmentOctets: 100_000 })
  for (let n = 0; n < 4; n++) {
    const draft = log.begin()
    await draft.write(Buffer.alloc(60_000))
    log.unpin(await draft.commit())
  }
  free = 0
  await log.close()
  const again = await SegmentContentLog.open({ directory, fileSystem, segmentOctets: 100_000 })
  await assert.rejects(again.begin().commit(), isFull)
  const { freed } = await again.reclaim([], AbortSignal.timeout(10_000))
  assert.ok(freed > 0)
  await again.close()
  rmSync(directory, { recursive: true })
})

test('a disk that fills up while it is written to is noticed', async () => {
  let free = RESERVE_OCTETS
  const reserve = new DiskReserve(() => Promise.resolve(free))
  await reserve.look()
  free = 0
  reserve.spend(1024 * 1024)
  await new Promise(setImmediate)
  assert.throws(() => reserve.check(), isFull)
})

test('a file system that does not say what is free refuses nothing', async () => {
  const reserve = new DiskReserve(() => Promise.reject(new Error('unknown')))
  await reserve.look()
  reserve.check()
})
