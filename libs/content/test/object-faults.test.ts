import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'

import { BrokerError, NatsBus } from '@cartero/bus/nats'
import { NATS_LACKS, NatsServers, S3_LACKS, S3Server } from '@cartero/testkit'

import { pattern, put } from '../src/compliance/content-store.ts'
import { ContentStoreError, type ContentId, type ContentStore } from '../src/index.ts'
import { openNatsObjects } from '../src/nats/index.ts'
import type { ObjectStore } from '../src/objects/index.ts'
import { openPackedContent } from '../src/packs/index.ts'
import { openS3Objects } from '../src/s3/index.ts'

/** Short, so that a store that is away is away soon. */
const limits = { deadline: 3_000, attempt: 1_000, attempts: 3, rest: 20 }
const KiB = 1024

interface Told {
  readonly id: ContentId
  readonly octets: Buffer
}

/** Commits without end until it is told to stop; returns what was told to be there, and how many were told to have failed. */
async function commitUntil(
  store: ContentStore,
  over: AbortSignal,
): Promise<{ told: Told[]; failed: number }> {
  const told: Told[] = []
  let failed = 0
  const one = async (seed: number): Promise<void> => {
    for (let n = 0; !over.aborted; n++) {
      const octets = pattern(n % 10 === 9 ? 150 * KiB : 2_000 + n, seed * 1_000 + n)
      try {
        told.push({ id: await put(store, octets), octets })
      } catch (error) {
        assert.ok(error instanceof ContentStoreError, String(error))
        assert.equal(error.fault, 'io')
        failed += 1
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, (_, seed) => one(seed)))
  return { told, failed }
}

async function allThere(objects: ObjectStore, told: readonly Told[]): Promise<void> {
  const reader = await openPackedContent({ objects })
  for (const { id, octets } of told) assert.ok(octets.equals(await reader.read(id)), id)
}

const isFault = (fault: string) => (error: unknown) =>
  error instanceof ContentStoreError && error.fault === fault
const small = { partOctets: 100 * KiB }

test('a quota or a disk that is reached is `full`, and what passes is tried again', async () => {
  const answers: readonly (readonly [number, string])[] = [
    [403, 'QuotaExceeded'],
    [507, 'XMinioStorageFull'],
    [503, 'SlowDown'],
    [403, 'AccessDenied'],
  ]
  let asked = 0
  const server = createServer((_, answer) => {
    const [status, code] = answers[asked++] ?? [200, '']
    answer.writeHead(status, { 'content-type': 'text/xml; charset=utf-8' })
    answer.end(`<?xml version="1.0"?>\n<Error><Code>${code}</Code><Key>secret</Key></Error>`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const place = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'x',
    accessKeyId: 'id',
    secretAccessKey: 'secret',
  }
  const objects = openS3Objects({ ...place, bucket: 'faults', limits })
  await assert.rejects(objects.put('a', pattern(10)), isFault('full'))
  await assert.rejects(objects.put('a', pattern(10)), isFault('full'))
  await assert.rejects(objects.put('a', pattern(10)), /put a: S3 answered 403 AccessDenied$/)
  assert.equal(asked, answers.length)
  await objects.put('a', pattern(10))
  await objects.close()
  server.close()
})

describe('packs in S3', { skip: S3_LACKS }, () => {
  const open = (server: S3Server): ObjectStore =>
    openS3Objects({ ...server.place, bucket: 'faults', makeBucket: true, limits })

  test('what was committed is there after kill -9 of the server, and nobody else was told that his is', async () => {
    await using server = await S3Server.start()
    const store = await openPackedContent({ objects: open(server), limits: small })
    await put(store, pattern(10))
    const over = new AbortController()
    const running = commitUntil(store, over.signal)
    for (let cut = 0; cut < 3; cut++) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await server.kill()
      await server.resume()
    }
    over.abort()
    const { told } = await running
    assert.ok(told.length > 20)
    await allThere(open(server), told)
    await store.close()
  })

  test('a store that says nothing is given up in time, and works again when it speaks', async () => {
    await using server = await S3Server.start()
    const store = await openPackedContent({ objects: open(server) })
    const id = await put(store, pattern(10))
    server.stop()
    await assert.rejects(put(store, pattern(10)), isFault('io'))
    server.goOn()
    assert.ok(pattern(10).equals(await store.read(id)))
    await put(store, pattern(10))
    await store.close()
  })

  test('a wrong key is refused, and is not in the error', async () => {
    await using server = await S3Server.start()
    const secretAccessKey = 'another-secret'
    const objects = openS3Objects({
      ...server.place,
      secretAccessKey,
      bucket: 'faults',
      makeBucket: true,
      limits,
    })
    await assert.rejects(objects.put('name', pattern(10)), (error: ContentStoreError) => {
      assert.match(error.message, /SignatureDoesNotMatch/)
      assert.doesNotMatch(JSON.stringify(error) + error.stack, /another-secret|Signature=/)
      return error.fault === 'io'
    })
    await objects.close()
  })

  test('a bucket that is not there is an error, unless it is to be made', async () => {
    await using server = await S3Server.start()
    const objects = openS3Objects({ ...server.place, bucket: 'nowhere', limits })
    await assert.rejects(objects.put('name', pattern(10)), /NoSuchBucket/)
    await assert.rejects(objects.read('name', { start: 0, end: 1 }), /NoSuchBucket/)
    await objects.close()
  })

  test('a list has only what is ours, and its names without what stands before them', async () => {
    await using server = await S3Server.start()
    const ours = openS3Objects({
      ...server.place,
      bucket: 'shared',
      prefix: "o'ur (1)/x+",
      makeBucket: true,
      limits,
    })
    const others = openS3Objects({ ...server.place, bucket: 'shared', prefix: 'p', limits })
    await ours.put('one', pattern(10))
    await others.put('two', pattern(20))
    const found = []
    for await (const portion of ours.list(new AbortController().signal)) found.push(...portion)
    assert.deepEqual(found, [{ name: 'one', size: 10 }])
    assert.ok(pattern(10).equals((await ours.read('one', { start: 0, end: 10 })) ?? Buffer.alloc(0)))
    await ours.close()
    await others.close()
  })
})

describe('packs in NATS', { skip: NATS_LACKS }, () => {
  test('what was committed is there after kill -9 of the broker, and nobody else was told that his is', async () => {
    await using broker = await NatsServers.start()
    const bus = await NatsBus.open({ servers: broker.servers, name: 'faults' })
    const open = () => openNatsObjects({ bus, bucket: 'FAULTS', replicas: 1, limits })
    const store = await openPackedContent({ objects: await open(), limits: small })
    const over = new AbortController()
    const running = commitUntil(store, over.signal)
    for (let cut = 0; cut < 3; cut++) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await broker.kill()
      await broker.resume()
    }
    over.abort()
    const { told } = await running
    assert.ok(told.length > 20)
    const later = await NatsBus.open({ servers: broker.servers, name: 'faults' })
    await allThere(await openNatsObjects({ bus: later, bucket: 'FAULTS', replicas: 1 }), told)
    await store.close()
    await bus.close()
    await later.close()
  })

  test('what was committed is there while one of three is dead', async () => {
    await using broker = await NatsServers.start({ nodes: 3 })
    const bus = await NatsBus.open({ servers: broker.servers, name: 'faults' })
    const open = () => openNatsObjects({ bus, bucket: 'FAULTS', replicas: 3, limits })
    const store = await openPackedContent({ objects: await open() })
    const over = new AbortController()
    const running = commitUntil(store, over.signal)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await broker.kill(1)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    over.abort()
    const { told } = await running
    await allThere(await open(), told)
    await store.close()
    await bus.close()
  })

  test('a bucket that holds no more is `full`, and takes more when something was deleted', async () => {
    await using broker = await NatsServers.start()
    const bus = await NatsBus.open({ servers: broker.servers, name: 'faults' })
    const objects = await openNatsObjects({ bus, bucket: 'FULL', replicas: 1, maxOctets: 1024 * KiB, limits })
    await objects.put('a', pattern(500 * KiB))
    await assert.rejects(objects.put('b', pattern(900 * KiB)), isFault('full'))
    await objects.delete('a')
    await objects.delete('b')
    await objects.put('c', pattern(500 * KiB))
    await objects.close()
    await bus.close()
  })

  test('a bucket that is otherwise than it must be is refused', async () => {
    await using broker = await NatsServers.start()
    const bus = await NatsBus.open({ servers: broker.servers, name: 'faults' })
    await (await openNatsObjects({ bus, bucket: 'SAME', replicas: 1 })).close()
    await assert.rejects(
      openNatsObjects({ bus, bucket: 'SAME', replicas: 1, maxOctets: 5_000_000 }),
      (error: BrokerError) => error.fault === 'misconfigured' && /max_bytes/.test(error.message),
    )
    await bus.close()
  })
})
