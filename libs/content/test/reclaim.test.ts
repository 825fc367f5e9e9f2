import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { isMissing, owner, pattern, put } from '../src/compliance/content-store.ts'
import type { ContentId } from '../src/index.ts'
import { SegmentContentLog } from '../src/segments/index.ts'
import { seeded, SimulatedDisk } from './simulated-disk.ts'

const never = new AbortController().signal

async function open(disk: SimulatedDisk): Promise<SegmentContentLog> {
  const fileSystem = disk.mount()
  return await SegmentContentLog.open({ directory: '/store', segmentOctets: 300_000, fileSystem })
}

/** Some small contents and some that span segments; unpinned. */
async function fill(log: SegmentContentLog, count: number, first = 0): Promise<Map<ContentId, Buffer>> {
  const contents = new Map<ContentId, Buffer>()
  for (let n = first; n < first + count; n++) {
    const octets = pattern(n % 10 === 0 ? 400_000 : 5_000 + n, n)
    contents.set(await put(log, octets), octets)
  }
  for (const id of contents.keys()) log.unpin(id)
  return contents
}

async function check(log: SegmentContentLog, contents: ReadonlyMap<ContentId, Buffer>): Promise<void> {
  for (const [id, octets] of contents) {
    assert.ok(octets.equals(await log.read(id)), id)
    assert.ok(octets.subarray(100, 4_000).equals(await log.read(id, { start: 100, end: 4_000 })), id)
  }
}

function keep(contents: Map<ContentId, Buffer>, isKept: (index: number) => boolean): ContentId[] {
  const ids = [...contents.keys()]
  const dropped = ids.filter((_, index) => !isKept(index))
  for (const id of dropped) contents.delete(id)
  return dropped
}

describe('reclaiming', () => {
  it('gives space back and keeps every name of what is moved, again and again', async () => {
    const disk = new SimulatedDisk(seeded(1))
    let log = await open(disk)
    const contents = await fill(log, 120)
    for (const every of [3, 3, 4, 3]) {
      const before = disk.used
      const dropped = keep(contents, (index) => index % every === 0)
      const { freed, moved } = await log.reclaim([owner([...contents.keys()])], never)
      assert.ok(freed > 0 && moved > 0, `every ${every}: ${freed} freed, ${moved} moved`)
      assert.ok(disk.used < before)
      await check(log, contents)
      await log.close()
      log = await open(disk)
      await check(log, contents)
      // What went with its segment is missing, whatever else happened.
      for (const id of dropped) await log.read(id).catch((error: unknown) => assert.ok(isMissing(error)))
      for (const [id, octets] of await fill(log, 40, contents.size * 1_000)) contents.set(id, octets)
    }
    contents.clear()
    await fill(log, 30)
    await log.reclaim([owner([])], never)
    await log.reclaim([owner([])], never)
    const files = await disk.mount().list('/store')
    assert.deepEqual(
      files.filter((file) => file.endsWith('.moved')),
      [],
    )
    assert.ok(files.filter((file) => file.endsWith('.segment')).length <= 2)
  })

  it('does not read every segment at each run', async () => {
    const disk = new SimulatedDisk(seeded(1))
    const log = await open(disk)
    const contents = await fill(log, 60)
    await log.reclaim([owner([...contents.keys()])], never)
    await log.close()
    const again = await open(disk)
    disk.octetsRead = 0
    await again.reclaim([owner([...contents.keys()])], never)
    assert.ok(disk.octetsRead < disk.used / 10, `${disk.octetsRead} of ${disk.used}`)
  })

  it('stops between segments when it is told to', async () => {
    const log = await open(new SimulatedDisk(seeded(1)))
    const contents = await fill(log, 60)
    const { freed } = await log.reclaim([owner([])], AbortSignal.abort())
    assert.equal(freed, 0)
    await check(log, contents)
  })

  it('gives readers what they began to read, though the segment goes meanwhile', async () => {
    const log = await open(new SimulatedDisk(seeded(1)))
    const contents = await fill(log, 60)
    const [id, octets] = [...contents][10] as [ContentId, Buffer]
    assert.ok(octets.length === 400_000)
    const pieces: Buffer[] = []
    for await (const piece of log.get(id)) {
      if (pieces.length === 0) await log.reclaim([owner([id])], never)
      pieces.push(piece)
    }
    assert.ok(octets.equals(Buffer.concat(pieces)))
  })
})
