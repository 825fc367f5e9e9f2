import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { ContentLog, LabelledContent, LogPosition } from '../index.ts'
import { isMissing, owner, pattern, put, type Setup } from './content-store.ts'

export function describeContentLog(name: string, setup: Setup<ContentLog>): void {
  describe(`${name} as a log`, () => {
    let log: ContentLog
    beforeEach(async () => {
      log = await setup()
    })
    afterEach(() => log.close())

    const labels = async (from?: LogPosition) => (await all(from)).map((found) => found.label.toString())
    const all = (from?: LogPosition): Promise<LabelledContent[]> => collect(log.scan(from))

    it('gives labelled contents back in the order of their commits', async () => {
      for (let n = 0; n < 40; n++) {
        await put(
          log,
          pattern(n % 5 === 0 ? 150_000 : 100 * n, n),
          50_000,
          n % 3 === 0 ? undefined : label(n),
        )
      }
      const found = await all()
      const expected = Array.from({ length: 40 }, (_, n) => n).filter((n) => n % 3 !== 0)
      assert.deepEqual(
        found.map((one) => one.label.toString()),
        expected.map((n) => `label ${n}`),
      )
      for (const [place, n] of expected.entries()) {
        const one = found[place] as LabelledContent
        assert.equal(one.size, n % 5 === 0 ? 150_000 : 100 * n)
        assert.ok(pattern(one.size, n).equals(await log.read(one.id)))
      }
    })

    it('does not lose or repeat a frame when a scan goes on where another stopped', async () => {
      for (let n = 0; n < 30; n++) await put(log, pattern(20_000, n), 50_000, label(n))
      const found = await all()
      for (const [place, one] of found.entries()) {
        assert.equal((await labels(one.position)).length, found.length - place)
        assert.equal((await labels(one.next)).length, found.length - place - 1)
      }
    })

    it('ends where the next frame will stand', async () => {
      await put(log, pattern(10), 10, label(1))
      const end = log.end
      assert.deepEqual(await labels(end), [])
      await put(log, pattern(10), 10, label(2))
      assert.deepEqual(await labels(end), ['label 2'])
    })

    it('keeps a label that is larger than its content', async () => {
      const large = pattern(100_000, 3)
      await put(log, pattern(0), 10, large)
      assert.ok(large.equals((await all())[0]?.label ?? Buffer.alloc(0)))
    })

    it('does not reclaim a frame whose label may still be asked for', async () => {
      const ids = []
      for (let n = 0; n < 80; n++) ids.push(await put(log, pattern(30_000, n), 50_000, label(n)))
      for (const id of ids) log.unpin(id)
      await log.reclaim([owner([])], AbortSignal.timeout(10_000))
      assert.equal((await labels()).length, 80)
    })

    it('reclaims what nobody needs once its label is forgotten', async () => {
      const ids = []
      for (let n = 0; n < 80; n++) ids.push(await put(log, pattern(30_000, n), 50_000, label(n)))
      for (const id of ids) log.unpin(id)
      log.forgetLabelsBefore(log.end)
      const { freed } = await log.reclaim([owner([])], AbortSignal.timeout(10_000))
      assert.ok(freed > 0)
      await assert.rejects(log.read(ids[0] as never), isMissing)
    })
  })
}

function label(n: number): Buffer {
  return Buffer.from(`label ${n}`)
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
