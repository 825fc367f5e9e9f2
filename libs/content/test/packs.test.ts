import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'

import { ManualClock } from '@cartero/wire'

import { gather, isMissing, owner, pattern, put } from '../src/compliance/content-store.ts'
import { ContentStoreError, type ContentId, type ContentStore } from '../src/index.ts'
import { openPackedContent, PACK_LIMITS, type PackLimits } from '../src/packs/index.ts'
import { HeldObjects } from './held-objects.ts'

const KiB = 1024
const never = new AbortController().signal

interface Ground {
  readonly store: ContentStore
  readonly objects: HeldObjects
  readonly clock: ManualClock
}

async function ground(limits: Partial<PackLimits> = {}, objects = new HeldObjects()): Promise<Ground> {
  const clock = new ManualClock()
  return { store: await openPackedContent({ objects, clock, limits }), objects, clock }
}

test('what is committed while a pack is under way shares the next one', async () => {
  const { store, objects } = await ground({ packsUnderWay: 1 })
  objects.isHeld = true
  const first = put(store, pattern(100))
  await turn()
  await turn()
  const others = Array.from({ length: 50 }, (_, n) => put(store, pattern(200, n)))
  await turn()
  assert.equal(objects.puts.length, 1)
  objects.letThrough()
  const ids = await Promise.all([first, ...others])
  assert.equal(objects.puts.length, 2)
  assert.equal(new Set(ids.slice(1).map((id) => id.slice(0, 22))).size, 1)
})

test('a pack does not grow beyond its limit', async () => {
  const { store, objects } = await ground({ packOctets: 10 * KiB })
  await Promise.all(Array.from({ length: 30 }, (_, n) => put(store, pattern(3 * KiB, n))))
  assert.equal(objects.puts.length, 10)
  assert.ok(objects.puts.every(({ octets }) => octets.length <= 10 * KiB))
})

test('commits wait for company while packs are under way, and not longer than they may', async () => {
  const { store, objects, clock } = await ground()
  objects.isHeld = true
  void put(store, pattern(100))
  await turn()
  await turn()
  void put(store, pattern(200))
  await turn()
  assert.equal(objects.puts.length, 1)
  clock.advance(PACK_LIMITS.gathering)
  await turn()
  assert.equal(objects.puts.length, 2)
  objects.letThrough()
})

test('nobody is told of a commit whose put failed, and the next one works', async () => {
  const { store, objects } = await ground()
  objects.failure = new ContentStoreError('io', 'away')
  await assert.rejects(put(store, pattern(100)), ContentStoreError)
  objects.failure = undefined
  const id = await put(store, pattern(100))
  assert.ok(pattern(100).equals(await store.read(id)))
})

test('a store that is full says so, and asks to be reclaimed', async () => {
  const { store, objects } = await ground()
  const low = store.whenLow(never)
  objects.failure = new ContentStoreError('full', 'no more')
  await assert.rejects(put(store, pattern(100)), (error: ContentStoreError) => error.fault === 'full')
  await low
  await assert.rejects(
    put(store, pattern(3 * 1024 * KiB)),
    (error: ContentStoreError) => error.fault === 'full',
  )
})

test('a large content is put while it comes, and its writer waits for a slow store', async () => {
  const { store, objects } = await ground({ partOctets: 100 * KiB })
  objects.isHeld = true
  const draft = store.begin()
  let written = 0
  let waiting: Promise<void> | undefined
  while (waiting === undefined && written < 2_000 * KiB) {
    waiting = draft.write(pattern(50 * KiB, written)) as Promise<void> | undefined
    written += 50 * KiB
  }
  assert.ok(written <= 400 * KiB, `${written} octets were taken without a wait`)
  assert.ok(objects.puts.length > 0)
  objects.letThrough()
  await waiting
  const id = await draft.commit()
  assert.equal(await store.size(id), written)
})

test('when drafts hold too much together, parts are put earlier', async () => {
  const { store, objects } = await ground({ heldOctets: 300 * KiB, smallestPart: 64 * KiB })
  const drafts = Array.from({ length: 8 }, () => store.begin())
  for (let n = 0; n < 4; n++) for (const draft of drafts) await draft.write(pattern(32 * KiB, n))
  assert.ok(objects.puts.length > 0)
  const ids = await Promise.all(drafts.map((draft) => draft.commit()))
  for (const id of ids) assert.equal((await store.read(id)).length, 128 * KiB)
})

test('what was written lately is not reclaimed, since another process may just be storing its reference', async () => {
  const objects = new HeldObjects()
  const { store, clock } = await ground({}, objects)
  const other = await openPackedContent({ objects, clock })
  const id = await put(other, pattern(100))
  const large = await put(other, pattern(2 * 1024 * KiB))
  clock.advance(PACK_LIMITS.young - 1)
  assert.deepEqual(await store.reclaim([owner([])], never), { freed: 0, moved: 0 })
  clock.advance(2)
  const { freed } = await store.reclaim([owner([])], never)
  assert.equal(freed, 100 + 2 * 1024 * KiB + 2 * 4)
  assert.deepEqual(await objects.names(), [])
  await assert.rejects(store.read(id), isMissing)
  await assert.rejects(store.read(large), isMissing)
})

test('what is pinned or still being written here stays, however old it is', async () => {
  const { store, objects, clock } = await ground({ partOctets: 64 * KiB })
  const id = await put(store, pattern(100))
  const draft = store.begin()
  for (let n = 0; n < 4; n++) await draft.write(pattern(64 * KiB, n))
  clock.advance(PACK_LIMITS.young + 1)
  await store.reclaim([owner([])], never)
  const large = await draft.commit()
  assert.equal((await store.read(large)).length, 256 * KiB)
  await store.reclaim([owner([])], never)
  assert.ok(pattern(100).equals(await store.read(id)))
  store.unpin(id)
  store.unpin(large)
  await store.reclaim([owner([])], never)
  assert.deepEqual(await objects.names(), [])
})

test('a draft that was given up leaves only what is reclaimed', async () => {
  const { store, objects, clock } = await ground({ partOctets: 64 * KiB })
  const draft = store.begin()
  for (let n = 0; n < 4; n++) await draft.write(pattern(64 * KiB, n))
  draft.abort()
  await turn()
  assert.ok((await objects.names()).length > 0)
  clock.advance(PACK_LIMITS.young + 1)
  await store.reclaim([owner([])], never)
  assert.deepEqual(await objects.names(), [])
})

async function pack(store: ContentStore): Promise<ContentId[]> {
  const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => put(store, pattern(10 * KiB, n))))
  for (const id of ids) store.unpin(id)
  return ids
}

test('a pack of which little is alive is made smaller, and its ids stay valid', async () => {
  const { store, objects, clock } = await ground()
  const ids = await pack(store)
  clock.advance(PACK_LIMITS.young + 1)
  assert.equal((await store.reclaim([owner(ids.slice(0, 5))], never)).freed, 0)
  const live = [ids[3], ids[17]] as ContentId[]
  const { freed, moved } = await store.reclaim([owner(live)], never)
  assert.ok(freed > 179 * KiB - 100 && moved < 21 * KiB, `${freed} ${moved}`)
  assert.deepEqual(await objects.names(), [`${live[0]?.slice(0, 22)}.kept`])
  const reader = await openPackedContent({ objects, clock })
  for (const content of [store, reader]) {
    assert.ok(pattern(10 * KiB, 3).equals(await content.read(live[0]!)))
    assert.ok(pattern(10 * KiB, 17).equals(await gather(content.get(live[1]!))))
    assert.ok(
      pattern(10 * KiB, 17)
        .subarray(5, 50)
        .equals(await content.read(live[1]!, { start: 5, end: 50 })),
    )
    await assert.rejects(content.read(ids[4]!), isMissing)
  }
  await store.reclaim([owner([])], never)
  assert.deepEqual(await objects.names(), [])
})

test('a death between the smaller pack and the old one leaves nothing that is half', async () => {
  const { store, objects, clock } = await ground()
  const ids = await pack(store)
  const name = ids[0]!.slice(0, 22)
  await objects.put(`${name}.kept`, pattern(100))
  clock.advance(PACK_LIMITS.young + 1)
  await store.reclaim([owner([ids[6]!])], never)
  const reader = await openPackedContent({ objects, clock })
  assert.ok(pattern(10 * KiB, 6).equals(await reader.read(ids[6]!)))
  assert.deepEqual(await objects.names(), [`${name}.kept`])
})

test('damage is told, and not delivered', async () => {
  for (const size of [10 * KiB, 300 * KiB, 2 * 1024 * KiB]) {
    const { store, objects, clock } = await ground()
    const id = await put(store, pattern(size))
    const [{ name, octets } = assert.fail()] = objects.puts
    const damaged = Buffer.from(octets)
    damaged[7] = damaged[7]! ^ 1
    await objects.inner.put(name, damaged)
    const reader = await openPackedContent({ objects, clock })
    const isDamage = (error: unknown): boolean => error instanceof ContentStoreError && error.fault === 'io'
    await assert.rejects(reader.read(id), isDamage)
    await assert.rejects(gather(reader.get(id)), isDamage)
    await objects.inner.put(name, octets.subarray(0, 5))
    await assert.rejects(reader.read(id), isDamage)
    await objects.inner.put(name, octets)
    assert.ok(pattern(size).equals(await reader.read(id)))
    await objects.delete(name)
    const late = await openPackedContent({ objects, clock })
    await assert.rejects(late.read(id), isMissing)
  }
})

test('what came together is read together', async () => {
  const { store, objects, clock } = await ground()
  const ids = await Promise.all(Array.from({ length: 25 }, (_, n) => put(store, pattern(4 * KiB, n))))
  for (const id of ids) await store.read(id)
  assert.equal(objects.reads, 0)
  const reader = await openPackedContent({ objects, clock })
  await Promise.all(ids.map((id) => reader.read(id)))
  for (const id of ids) await reader.read(id)
  assert.equal(objects.reads, 1)
})

test('what is read lately is forgotten when it becomes too much', async () => {
  const { store, objects } = await ground({ cacheOctets: 100 * KiB })
  const ids = [await put(store, pattern(60 * KiB)), await put(store, pattern(60 * KiB, 1))]
  await store.read(ids[1]!)
  assert.equal(objects.reads, 0)
  await store.read(ids[0]!)
  assert.equal(objects.reads, 1)
})

test('a store that is closed has put all that was committed', async () => {
  const { store, objects, clock } = await ground({ partOctets: 64 * KiB })
  objects.isHeld = true
  const committed = [put(store, pattern(100)), put(store, pattern(100 * KiB))]
  await turn()
  await turn()
  const closing = store.close()
  objects.letThrough()
  await closing
  const ids = await Promise.all(committed)
  assert.equal(ids.length, 2)
  await assert.rejects(store.begin().commit(), ContentStoreError)
  assert.equal(objects.puts.length, 3)
  clock.advance(1)
})
