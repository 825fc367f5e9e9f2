import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { isMissing, owner, pattern, put } from '../src/compliance/content-store.ts'
import { ContentStoreError, type ContentId } from '../src/index.ts'
import { SegmentContentLog } from '../src/segments/index.ts'
import { seeded, SimulatedDisk } from './simulated-disk.ts'

const never = new AbortController().signal
const CAPACITY = 9_000_000
const RESERVE = 3_000_000
/** Larger than the disk: without help nothing would ever close the open one. */
const SEGMENT_OCTETS = 64_000_000

async function open(disk: SimulatedDisk, segmentOctets = SEGMENT_OCTETS): Promise<SegmentContentLog> {
  disk.capacity = CAPACITY
  const fileSystem = { ...disk.mount(), freeOctets: async () => disk.capacity - disk.used }
  return await SegmentContentLog.open({
    directory: '/store',
    segmentOctets,
    reserveOctets: RESERVE,
    fileSystem,
    report: ({ reason }) => assert.fail(reason),
  })
}

const isFull = (error: unknown) => error instanceof ContentStoreError && error.fault === 'full'

/** Puts contents until they are refused; unpinned. */
async function fill(log: SegmentContentLog, size = 100_000): Promise<Map<ContentId, Buffer>> {
  const contents = new Map<ContentId, Buffer>()
  for (let n = 0; ; n++) {
    const octets = pattern(size, n)
    try {
      const id = await put(log, octets)
      log.unpin(id)
      contents.set(id, octets)
    } catch (error) {
      assert.ok(isFull(error), String(error))
      return contents
    }
  }
}

describe('a disk that is nearly full', () => {
  it('takes mail again after all of it was deleted, though all of it lies in the open segment', async () => {
    const disk = new SimulatedDisk(seeded(1))
    const log = await open(disk)
    const contents = await fill(log)
    assert.equal(log.end.segment, 1)
    assert.ok(contents.size > 30)
    await log.reclaim([owner([...contents.keys()])], never)
    assert.equal(log.end.segment, 1, 'a segment that is wanted is not given up')
    await assert.rejects(put(log, pattern(100)), isFull)
    const { freed } = await log.reclaim([owner([])], never)
    assert.ok(freed >= contents.size * 100_000)
    assert.ok(disk.used < 100_000, `${disk.used} octets are still taken`)
    const again = await fill(log)
    assert.ok(again.size > 30)
    for (const [id, octets] of again) assert.ok(octets.equals(await log.read(id)))
    for (const id of contents.keys()) await assert.rejects(log.read(id), isMissing)
  })

  it('keeps what is wanted of a segment that is given up, and finds it after a restart', async () => {
    const disk = new SimulatedDisk(seeded(2))
    const log = await open(disk)
    const contents = await fill(log, 300_000)
    const kept = [...contents].filter((_, index) => index % 10 === 0)
    const owners = [owner(kept.map(([id]) => id))]
    const { moved } = await log.reclaim(owners, never)
    assert.ok(moved > 0)
    disk.restart()
    const again = await open(disk)
    for (const [id, octets] of kept) assert.ok(octets.equals(await again.read(id)))
  })

  it('does not keep the space of a draft that was abandoned', async () => {
    const log = await open(new SimulatedDisk(seeded(3)))
    const draft = log.begin()
    const writing = async () => {
      for (;;) await draft.write(pattern(200_000))
    }
    await assert.rejects(writing(), isFull)
    assert.equal((await log.reclaim([], never)).freed, 0, 'the draft may still go on')
    draft.abort()
    assert.ok((await log.reclaim([], never)).freed > 3_000_000)
    assert.ok((await fill(log)).size > 30)
  })

  it('lets a draft be committed whose chunks were moved while it was open', async () => {
    const disk = new SimulatedDisk(seeded(4))
    const log = await open(disk)
    const octets = pattern(600_000, 7)
    const draft = log.begin()
    await draft.write(Buffer.from(octets.subarray(0, 400_000)))
    await fill(log)
    const { moved } = await log.reclaim([], never)
    assert.ok(moved > 0)
    await draft.write(Buffer.from(octets.subarray(400_000)))
    assert.ok(octets.equals(await log.read(await draft.commit())))
  })

  it('gives the zeros of the open segment back at once', async () => {
    const disk = new SimulatedDisk(seeded(5))
    const log = await open(disk)
    log.unpin(await put(log, pattern(1_000)))
    assert.ok(disk.used > 4_000_000)
    // Somebody else takes the disk.
    disk.capacity = disk.used + RESERVE - 1
    await log.reclaim([], AbortSignal.abort())
    await new Promise((resolve) => setTimeout(resolve))
    await log.close()
    assert.ok(disk.used < 10_000, `${disk.used} octets are taken`)
  })

  it('does not begin to move what the disk has no room for', async () => {
    const disk = new SimulatedDisk(seeded(6))
    const log = await open(disk)
    const contents = await fill(log)
    const kept = [...contents.keys()].filter((_, index) => index % 4 === 0)
    disk.capacity = disk.used + 500_000
    const before = disk.used
    for (let round = 0; round < 3; round++) {
      const { freed, moved } = await log.reclaim([owner(kept)], never)
      assert.deepEqual({ freed, moved }, { freed: 0, moved: 0 })
    }
    assert.ok(disk.used < before + 10_000)
    disk.capacity = disk.used + RESERVE - 1
    await log.reclaim([owner(kept)], never)
    for (const id of kept) assert.ok(contents.get(id)?.equals(await log.read(id)))
    assert.ok(disk.used < before)
  })

  it('tells whoever waits for it, at once and only then', async () => {
    const disk = new SimulatedDisk(seeded(7))
    const log = await open(disk)
    let isTold = false
    const waiting = log.whenLow(never).then(() => (isTold = true))
    await put(log, pattern(1_000))
    assert.equal(isTold, false)
    await fill(log)
    await waiting
    await log.whenLow(never)
    await log.reclaim([], never)
    const leaving = new AbortController()
    const left = log.whenLow(leaving.signal)
    leaving.abort()
    await left
  })
})
