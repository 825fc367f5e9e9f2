import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { pattern, put } from '../src/compliance/content-store.ts'
import { ContentStoreError, type ContentId, type ContentLog } from '../src/index.ts'
import { SegmentContentLog, type Damage, type SegmentLogOptions } from '../src/segments/index.ts'
import { seeded, SimulatedDisk } from './simulated-disk.ts'

const SEGMENT_OCTETS = 100_000

async function open(
  disk: SimulatedDisk,
  options: Partial<SegmentLogOptions> = {},
): Promise<SegmentContentLog> {
  const fileSystem = disk.mount()
  return await SegmentContentLog.open({
    directory: '/store',
    segmentOctets: SEGMENT_OCTETS,
    fileSystem,
    report: ({ reason }) => assert.fail(reason),
    ...options,
  })
}

async function labels(log: ContentLog): Promise<string[]> {
  const found: string[] = []
  for await (const { label } of log.scan()) found.push(label.toString())
  return found
}

const isFault = (fault: string) => (error: unknown) =>
  error instanceof ContentStoreError && error.fault === fault

describe('a full disk', () => {
  it('refuses what does not fit as full, keeps what was there, and goes on when there is space again', async () => {
    const disk = new SimulatedDisk(seeded(1))
    const log = await open(disk)
    const ids: ContentId[] = []
    disk.capacity = 400_000
    const fill = async () => {
      for (let n = 0; n < 100; n++)
        ids.push(await put(log, pattern(9_000, ids.length), 4_000, Buffer.from('x')))
    }
    await assert.rejects(fill(), isFault('full'))
    const before = ids.length
    await assert.rejects(put(log, pattern(300_000)), isFault('full'))
    disk.capacity = Infinity
    await fill()
    for (const store of [log, await open(disk)]) {
      assert.equal((await labels(store)).length, before + 100)
      for (const [n, id] of ids.entries())
        assert.ok(pattern(9_000, n).equals(await store.read(id)), `content ${n}`)
    }
  })

  it('brings nothing back that was refused', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seeded(seed)
      const disk = new SimulatedDisk(random)
      const log = await open(disk)
      const kept: string[] = []
      const refused: string[] = []
      for (let round = 0; round < 6; round++) {
        disk.capacity = round % 2 === 0 ? disk.used + random(90_000) : Infinity
        const batch = Array.from({ length: round % 2 === 0 ? 12 : 1 + random(3) }, (_, n) => `${round}.${n}`)
        const outcomes = await Promise.allSettled(
          batch.map((label) => put(log, pattern(8_000), 8_000, Buffer.from(label))),
        )
        for (const [n, { status }] of outcomes.entries())
          (status === 'fulfilled' ? kept : refused).push(batch[n] ?? '')
      }
      disk.flush()
      assert.deepEqual(
        (await labels(await open(disk))).toSorted(),
        kept.toSorted(),
        `seed ${seed}, refused ${refused.join()}`,
      )
    }
  })

  it('is told to the writer of a long draft before it has written all', async () => {
    const disk = new SimulatedDisk(seeded(1))
    const log = await open(disk)
    disk.capacity = 600_000
    const draft = log.begin()
    const writing = async () => {
      for (let n = 0; n < 1_000; n++) await draft.write(pattern(60_000))
    }
    await assert.rejects(writing(), isFault('full'))
    await assert.rejects(draft.commit(), isFault('full'))
  })
})

describe('a failing disk', () => {
  it('never takes a failed sync for a good one', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed)
      const disk = new SimulatedDisk(random)
      const log = await open(disk)
      const kept: { readonly id: ContentId; readonly n: number; readonly size: number }[] = []
      disk.fault = (operation) =>
        operation === 'sync' && random(4) === 0 ? Object.assign(new Error('EIO'), { code: 'EIO' }) : undefined
      const write = async (n: number) => {
        const size = n % 5 === 0 ? 150_000 : 3_000
        const octets = pattern(size, n)
        const draft = log.begin()
        for (let at = 0; at < size; at += 40_000) {
          await draft.write(octets.subarray(at, at + 40_000))
          for (let turn = random(100); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
        }
        kept.push({ id: await draft.commit(Buffer.from(`${n}`)), n, size })
      }
      const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => write(n)))
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') assert.ok(isFault('io')(outcome.reason))
      disk.fault = () => undefined
      await write(60)
      disk.restart()
      const again = await open(disk)
      for (const { id, n, size } of kept)
        assert.ok(pattern(size, n).equals(await again.read(id)), `seed ${seed}, ${n}`)
      const found = await labels(again)
      for (const { n } of kept) assert.ok(found.includes(`${n}`), `seed ${seed}, label ${n}`)
    }
  })
})

describe('a torn tail', () => {
  it('is passed over quietly wherever the last frame was cut, and nothing is written into it', async () => {
    const size = 700
    const label = Buffer.from('the last one')
    for (let cut = 0; cut < 56 + size + label.length; cut++) {
      const disk = new SimulatedDisk(seeded(cut))
      const log = await open(disk)
      for (let n = 0; n < 3; n++) await put(log, pattern(size, n), size, Buffer.from(`${n}`))
      const start = log.end.offset
      await put(log, pattern(size, 9), size, label)
      disk.octets('1.segment').fill(0, start + cut)
      const again = await open(disk)
      assert.deepEqual(await labels(again), ['0', '1', '2'])
      await put(again, pattern(size, 10), size, Buffer.from('after'))
      assert.deepEqual(await labels(again), ['0', '1', '2', 'after'])
      assert.deepEqual(await labels(await open(disk)), ['0', '1', '2', 'after'])
    }
  })
})

describe('damage', () => {
  it('is reported, hides none of the other messages, and never comes out as a message', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seeded(seed)
      const disk = new SimulatedDisk(random)
      const log = await open(disk)
      const ids: ContentId[] = []
      for (let n = 0; n < 8; n++) ids.push(await put(log, pattern(2_000, n), 2_000, Buffer.from(`${n}`)))
      await log.close()
      disk.flush()
      // In one of the first seven frames: behind the last, nobody can tell damage from a torn tail.
      const at = 64 + random(7 * (56 + 2_000 + 1))
      const octets = disk.octets('1.segment')
      octets[at] = (octets[at] ?? 0) ^ (1 << random(8))
      const damages: Damage[] = []
      const again = await open(disk, { report: (damage) => damages.push(damage) })
      const hit = Math.floor((at - 64) / (56 + 2_000 + 1))
      assert.deepEqual(await labels(again), ['0', '1', '2', '3', '4', '5', '6', '7'].toSpliced(hit, 1))
      assert.equal(damages.length, 1, `seed ${seed}`)
      assert.ok(damages[0] && damages[0].from <= at && at < damages[0].to)
      for (const [n, id] of ids.entries()) {
        if (n !== hit) assert.ok(pattern(2_000, n).equals(await again.read(id)))
      }
      // A label is read by scans only; header and octets by whoever reads the message.
      if ((at - 64) % (56 + 2_000 + 1) < 56 + 2_000)
        await assert.rejects(again.read(ids[hit]!), isFault('io'))
    }
  })

  it('cannot be faked by a message that contains frames', async () => {
    const disk = new SimulatedDisk(seeded(1))
    const log = await open(disk)
    await put(log, pattern(100), 100)
    const start = log.end.offset
    await put(log, pattern(100), 100, Buffer.from('inner'))
    const frame = Buffer.from(disk.octets('1.segment').subarray(start, log.end.offset))
    await log.close()
    const other = new SimulatedDisk(seeded(2))
    const victim = await open(other)
    await put(victim, Buffer.concat([frame, frame, frame]), 10_000, Buffer.from('outer'))
    await put(victim, pattern(10), 10, Buffer.from('last'))
    other.octets('1.segment').fill(0, 64, 70)
    const damages: Damage[] = []
    assert.deepEqual(await labels(await open(other, { report: (damage) => damages.push(damage) })), ['last'])
    assert.ok(damages.length > 0)
  })
})

describe('the lock', () => {
  it('keeps a second store out, and names the process that holds it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cartero-lock-'))
    const log = await SegmentContentLog.open({ directory })
    await assert.rejects(SegmentContentLog.open({ directory }), new RegExp(`held by process ${process.pid}`))
    await log.close()
    await (await SegmentContentLog.open({ directory })).close()
    await rm(directory, { recursive: true })
  })

  it('is not kept by a process that was killed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cartero-lock-'))
    const segments = new URL('../src/segments/index.ts', import.meta.url)
    const script = `import { SegmentContentLog } from '${segments.href}'
      await SegmentContentLog.open({ directory: ${JSON.stringify(directory)} })
      console.log('open')
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await assert.rejects(SegmentContentLog.open({ directory }), new RegExp(`held by process ${child.pid}`))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await SegmentContentLog.open({ directory })).close()
    await rm(directory, { recursive: true })
  })
})
