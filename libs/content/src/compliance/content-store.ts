import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { ContentStoreError, type ContentId, type ContentStore, type ReferenceOwner } from '../index.ts'

/** Makes an empty store for one test; the suite closes it. */
export type Setup<S> = () => Promise<S>

export function describeContentStore(name: string, setup: Setup<ContentStore>): void {
  describe(`${name} as a content store`, () => {
    let store: ContentStore
    beforeEach(async () => {
      store = await setup()
    })
    afterEach(() => store.close())

    for (const size of [0, 1, 4_096, 131_072, 131_073, 700_001]) {
      it(`gives back ${size} octets exactly as written, whatever the pieces`, async () => {
        for (const piece of [1_000, 65_536, size + 1]) {
          const octets = pattern(size)
          const id = await put(store, octets, piece)
          assert.equal(await store.size(id), size)
          assert.ok(octets.equals(await store.read(id)))
          assert.ok(octets.equals(await gather(store.get(id))))
        }
      })
    }

    it('clips ranges to what there is instead of failing or reading a neighbour', async () => {
      for (const size of [10, 300_000]) {
        const octets = pattern(size)
        await put(store, pattern(50))
        const id = await put(store, octets)
        await put(store, pattern(50))
        for (const [start, end] of [
          [0, 3],
          [3, 3],
          [size - 2, size + 9],
          [size, size + 1],
          [5, 2],
          [2, size - 1],
        ] as const) {
          const expected = octets.subarray(Math.min(start, size), Math.max(start, Math.min(end, size)))
          assert.ok(expected.equals(await store.read(id, { start, end })), `read ${start}-${end} of ${size}`)
          assert.ok(
            expected.equals(await gather(store.get(id, { start, end }))),
            `get ${start}-${end} of ${size}`,
          )
        }
      }
    })

    it('keeps concurrent drafts apart', async () => {
      const sizes = Array.from({ length: 60 }, (_, n) => (n % 7 === 0 ? 200_000 + n : 100 * n))
      const ids = await Promise.all(sizes.map((size, n) => put(store, pattern(size, n), 3_000)))
      assert.equal(new Set(ids).size, ids.length)
      for (const [n, id] of ids.entries()) {
        assert.ok(pattern(sizes[n] ?? 0, n).equals(await store.read(id)))
      }
    })

    it('does not change octets after commit when the caller reuses its other buffers', async () => {
      const id = await put(store, pattern(5_000))
      const first = await store.read(id)
      for (let n = 0; n < 40; n++) await put(store, pattern(100_000, n))
      assert.ok(pattern(5_000).equals(first))
      assert.ok(pattern(5_000).equals(await store.read(id)))
    })

    it('counts what was written, and keeps nothing of an aborted draft', async () => {
      const draft = store.begin()
      await draft.write(pattern(10))
      await draft.write(pattern(200_000))
      assert.equal(draft.size, 200_010)
      draft.abort()
      draft.abort()
      assert.ok(pattern(7).equals(await store.read(await put(store, pattern(7)))))
    })

    it('refuses a commit after abort instead of storing half a message', async () => {
      const draft = store.begin()
      await draft.write(pattern(10))
      draft.abort()
      await assert.rejects(draft.commit(), ContentStoreError)
    })

    it('makes short printable names', async () => {
      for (const size of [10, 300_000]) assert.match(await put(store, pattern(size)), /^[!-~]{1,64}$/)
    })

    it('says that content is missing instead of giving other octets', async () => {
      await put(store, pattern(10))
      for (const id of ['', 'nonsense', '../../etc/passwd', '99.0.10', '0.77.10'] as ContentId[]) {
        await assert.rejects(store.read(id), isMissing, id)
        await assert.rejects(gather(store.get(id)), isMissing, id)
      }
    })

    it('never reclaims what is pinned or referred to', async () => {
      const ids = await Promise.all(Array.from({ length: 80 }, (_, n) => put(store, pattern(30_000, n))))
      for (const [n, id] of ids.entries()) if (n % 4 !== 0) store.unpin(id)
      const referred = ids.filter((_, n) => n % 4 === 1)
      await store.reclaim(
        [owner(referred.slice(0, 10)), owner(referred.slice(10))],
        AbortSignal.timeout(10_000),
      )
      for (const [n, id] of ids.entries()) {
        if (n % 4 < 2) assert.ok(pattern(30_000, n).equals(await store.read(id)), `content ${n}`)
      }
    })

    it('sees a reference that moves from one owner to the other while it asks', async () => {
      const id = await put(store, pattern(100))
      store.unpin(id)
      let isAtFirst = false
      const first: ReferenceOwner = { referenced: async () => (isAtFirst ? [id] : []) }
      const second: ReferenceOwner = {
        referenced: async () => {
          isAtFirst = true
          return []
        },
      }
      await store.reclaim([first, second], AbortSignal.timeout(10_000))
      assert.ok(pattern(100).equals(await store.read(id)))
    })
  })
}

export function isMissing(error: unknown): boolean {
  return error instanceof ContentStoreError && error.fault === 'missing'
}

/** Octets that differ with every position and seed, so that a shifted or swapped read is seen. */
export function pattern(size: number, seed = 0): Buffer {
  const octets = Buffer.allocUnsafe(size)
  for (let n = 0; n < size; n++) octets[n] = (n * 31 + (n >> 8) * 7 + seed * 13) & 0xff
  return octets
}

export async function put(
  store: ContentStore,
  octets: Buffer,
  piece = 65_536,
  label?: Buffer,
): Promise<ContentId> {
  const draft = store.begin()
  for (let start = 0; start < octets.length; start += piece) {
    await draft.write(Buffer.from(octets.subarray(start, start + piece)))
  }
  return await draft.commit(label)
}

export async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces) {
    assert.ok(piece.length > 0 && piece.length <= 65_536, 'pieces are at most 64 KiB')
    all.push(piece)
  }
  return Buffer.concat(all)
}

/** Refers to exactly these. */
export function owner(ids: readonly ContentId[]): ReferenceOwner {
  return { referenced: async (prefix) => ids.filter((id) => id.startsWith(prefix)) }
}
