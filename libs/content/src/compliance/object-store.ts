import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { ContentStoreError } from '../index.ts'
import type { ObjectStore, StoredObject } from '../objects/ports.ts'
import { pattern } from './content-store.ts'

/** What an object is at most. */
const LARGEST = 4 * 1024 * 1024

export interface ObjectStoreSetup {
  /** An empty store for the whole suite, which closes it. */
  readonly open: () => Promise<ObjectStore>
  /** Whether the suite is skipped, and why. */
  readonly skip?: string | false
}

export function describeObjectStore(name: string, { open, skip = false }: ObjectStoreSetup): void {
  describe(`${name} as an object store`, { skip }, () => {
    let objects: ObjectStore
    before(async () => {
      objects = await open()
    })
    after(() => objects?.close())
    const all = async (signal = new AbortController().signal): Promise<StoredObject[]> => {
      const found: StoredObject[] = []
      for await (const portion of objects.list(signal)) found.push(...portion)
      return found
    }

    for (const size of [0, 1, 131_072, 262_144, 262_145, LARGEST]) {
      it(`gives back ${size} octets exactly as put`, async () => {
        await objects.put(`whole.${size}`, pattern(size))
        const found = await objects.read(`whole.${size}`, { start: 0, end: Infinity })
        assert.ok(pattern(size).equals(found ?? Buffer.alloc(1)))
      })
    }

    it('clips ranges to what there is instead of failing or reading a neighbour', async () => {
      const size = 700_001
      await objects.put('range', pattern(size))
      await objects.put('range.1', pattern(size, 7))
      for (const [start, end] of [
        [0, 3],
        [3, 3],
        [262_143, 262_145],
        [262_144, 524_288],
        [size - 2, size + 9],
        [size, size + 1],
        [size + 600_000, size + 600_005],
        [5, 2],
      ] as const) {
        const found = await objects.read('range', { start, end })
        const expected = pattern(size).subarray(Math.min(start, size), Math.max(start, Math.min(end, size)))
        assert.ok(expected.equals(found ?? Buffer.alloc(1, 1)), `${start}-${end}`)
      }
    })

    it('says that there is no such object', async () => {
      assert.equal(await objects.read('nowhere', { start: 0, end: 10 }), undefined)
      assert.equal(await objects.read('nowhere', { start: 10_000_000, end: 10_000_010 }), undefined)
      assert.equal(await objects.read('nowhere', { start: 0, end: 0 }), undefined)
    })

    it('takes the same object again, as after an answer that was lost', async () => {
      await objects.put('again', pattern(300_000))
      await objects.put('again', pattern(300_000))
      const found = await objects.read('again', { start: 0, end: Infinity })
      assert.ok(pattern(300_000).equals(found ?? Buffer.alloc(0)))
      assert.deepEqual(
        (await all()).filter((one) => one.name === 'again'),
        [{ name: 'again', size: 300_000 }],
      )
    })

    it('deletes, also what is not there, and leaves what has a longer name', async () => {
      await objects.put('gone', pattern(300_000))
      await objects.put('gone.1', pattern(10))
      await objects.delete('gone')
      await objects.delete('gone')
      assert.equal(await objects.read('gone', { start: 0, end: 10 }), undefined)
      assert.ok(pattern(10).equals((await objects.read('gone.1', { start: 0, end: 10 })) ?? Buffer.alloc(0)))
    })

    it('lists everything once, with its size, in the order of the names', async () => {
      const names = Array.from(
        { length: 1_250 },
        (_, n) => `listed.${String((n * 7) % 1_250).padStart(4, '0')}`,
      )
      for (let from = 0; from < names.length; from += 125) {
        await Promise.all(
          names.slice(from, from + 125).map((one, n) => objects.put(one, pattern((from + n) % 100))),
        )
      }
      const listed = (await all()).filter((one) => one.name.startsWith('listed.'))
      assert.deepEqual(
        listed.map((one) => one.name),
        names.toSorted(),
      )
      for (const [n, one] of names.entries())
        assert.equal(listed.find((found) => found.name === one)?.size, n % 100)
      const order = (await all()).map((one) => one.name)
      assert.deepEqual(order, order.toSorted())
    })

    it('ends a list when it is told to', async () => {
      assert.deepEqual(await all(AbortSignal.abort()), [])
    })
  })

  describe(`${name} as an object store that was closed`, { skip }, () => {
    it('fails instead of waiting', async () => {
      const objects = await open()
      await objects.close()
      const isIo = (error: unknown): boolean => error instanceof ContentStoreError && error.fault === 'io'
      await assert.rejects(objects.put('late', pattern(10)), isIo)
      await assert.rejects(objects.read('late', { start: 0, end: 1 }), isIo)
    })
  })
}
