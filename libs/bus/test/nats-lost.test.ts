// Real brokers on loopback that come back without what they had, or not as they must be.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { NATS_LACKS, NatsServers } from '@cartero/testkit'

import {
  BrokerError,
  NatsBus,
  ObjectBucket,
  runTaker,
  type DurableStream,
  type StreamConfig,
} from '../src/nats/index.ts'

const CONFIG: StreamConfig = {
  name: 'LOST',
  subjects: ['lost.>'],
  keeps: 'untilTaken',
  whenFull: 'refuse',
  replicas: 1,
  maxOctets: 16 * 1024 * 1024,
  maxMessageOctets: 1024 * 1024,
  duplicateWindow: 60_000,
  isSynced: true,
}
const LIMIT = { messages: 100, octets: 1024 * 1024 }

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let patience = 0; patience < 2_000; patience++) {
    if (await condition()) return
    await sleep(10)
  }
  assert.fail(`waited in vain until ${what}`)
}

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A broker whose files are at hand, and a process that uses it. */
async function ground(nodes = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-lost-'))
  folders.push(folder)
  const broker = await NatsServers.start({ folder, nodes })
  const told: string[] = []
  const bus = await NatsBus.open({
    servers: broker.servers,
    name: 'test',
    events: {
      lost: (name) => void told.push(`lost ${name}`),
      troubled: (name, { fault, message }) => void told.push(`troubled ${name}: ${fault}: ${message}`),
    },
  })
  return {
    broker,
    bus,
    told,
    monitor: broker.monitors,
    /** It comes back as if its disk were new. */
    restartEmpty: async () => {
      await broker.halt()
      rmSync(join(folder, 'n1'), { recursive: true })
      await broker.resume()
    },
    /** It comes back with another configuration. */
    restartAs: async (change: (lines: string) => string) => {
      await broker.halt()
      const file = join(folder, 'n1.conf')
      writeFileSync(file, change(readFileSync(file, 'utf8')))
      await broker.resume()
    },
    [Symbol.asyncDispose]: async () => {
      await bus.close()
      await broker[Symbol.asyncDispose]()
    },
  }
}

const publish = (stream: DurableStream, word: string): Promise<boolean> =>
  stream.publish({ subject: 'lost.x', id: word, body: Buffer.from(word) }).then(
    () => true,
    (error: unknown) => {
      assert.ok(error instanceof BrokerError && error.fault === 'unavailable', String(error))
      return false
    },
  )

describe('a stream that is gone', { skip: NATS_LACKS }, () => {
  test('since the broker came back with an empty store is made again, told of, and taken from again', async () => {
    await using here = await ground()
    const { bus, monitor, told } = here
    const stream = await bus.stream(CONFIG, { monitor })
    const consumer = await stream.consumer({ name: 'one' })
    const taken: string[] = []
    const enough = new AbortController()
    const take = async (batch: readonly { readonly body: Uint8Array }[]): Promise<void> => {
      taken.push(...batch.map(({ body }) => Buffer.from(body).toString()))
    }
    const trouble = (error: unknown): never => assert.fail(String(error))
    const taking = runTaker({ consumer, limit: LIMIT, take, trouble }, enough.signal)
    await publish(stream, 'before')
    await until('it is taken', () => taken.includes('before'))
    await here.restartEmpty()
    await until('it is taken in', () => publish(stream, 'after'))
    await until('it is taken from', () => taken.includes('after'))
    assert.deepEqual(told, ['lost LOST'])
    assert.equal(stream.trouble, undefined)
    enough.abort()
    await taking
  })

  test('since somebody has deleted it is made again, though nobody publishes', async () => {
    await using here = await ground()
    const { bus, monitor, told } = here
    const stream = await bus.stream(CONFIG, { monitor })
    const consumer = await stream.consumer({ name: 'one' })
    const enough = new AbortController()
    const taker = {
      consumer,
      limit: LIMIT,
      take: () => Promise.resolve(),
      trouble: (error: unknown): never => assert.fail(String(error)),
    }
    const taking = runTaker(taker, enough.signal)
    const manager = await bus.connection.jetstreamManager()
    await manager.streams.delete('LOST')
    await until('it is told', () => told.includes('lost LOST'))
    assert.ok(await publish(stream, 'after'))
    enough.abort()
    await taking
  })

  test('is made again by who publishes, who hears at once that it is not there', async () => {
    await using here = await ground()
    const { bus, monitor, told } = here
    const stream = await bus.stream(CONFIG, { monitor })
    const manager = await bus.connection.jetstreamManager()
    await manager.streams.delete('LOST')
    assert.equal(await publish(stream, 'one'), false)
    await until('it is there again', () => publish(stream, 'two'))
    assert.deepEqual(told, ['lost LOST'])
    assert.equal(await stream.count(), 1)
  })

  test('cannot be made while the broker has no JetStream: that is told, until it has it again', async () => {
    await using here = await ground()
    const { bus, monitor, told } = here
    const stream = await bus.stream(CONFIG, { monitor })
    await here.restartAs((lines) => lines.replace(/^jetstream/m, '#jetstream'))
    await until('it is noticed', () => stream.trouble?.isThere === false)
    assert.equal(await publish(stream, 'one'), false)
    await until('it is told', () => told.some((words) => words.startsWith('troubled LOST')))
    assert.deepEqual(bus.troubles, [stream.trouble])
    await here.restartAs((lines) => lines.replace('#jetstream', 'jetstream'))
    await until('all is well', () => stream.trouble === undefined)
    assert.ok(await publish(stream, 'two'))
    assert.equal(told.length, 1, told.join('\n'))
  })

  test('is not made on servers that would lose mail: that is told, until they sync', async () => {
    await using here = await ground()
    const { bus, monitor } = here
    const stream = await bus.stream(CONFIG, { monitor })
    await here.restartAs((lines) => {
      rmSync(join(folders.at(-1)!, 'n1'), { recursive: true })
      return lines.replace('sync_interval: always', 'sync_interval: "2m"')
    })
    await until('it is told', () => /before it syncs/.test(stream.trouble?.error.message ?? ''))
    assert.equal(stream.trouble?.isThere, false)
    assert.equal(await publish(stream, 'one'), false)
    await here.restartAs((lines) => lines.replace('sync_interval: "2m"', 'sync_interval: always'))
    await until('it is there', () => publish(stream, 'two'))
  })

  test('and was a bucket is one again, in which things are found that are put there then', async () => {
    await using here = await ground()
    const { bus, monitor, told } = here
    const bucket = await ObjectBucket.open(bus, { name: 'THINGS', replicas: 1, monitor })
    await bucket.put('a.thing', Buffer.from('before'))
    const manager = await bus.connection.jetstreamManager()
    await manager.streams.delete('THINGS')
    await assert.rejects(
      bucket.read('a.thing', 0, 10),
      (error) => error instanceof BrokerError && error.fault === 'unavailable',
    )
    await until('it is there', () => told.includes('lost THINGS'))
    assert.equal(await bucket.read('a.thing', 0, 10), undefined)
    await bucket.put('a.thing', Buffer.from('after'))
    assert.equal(Buffer.from((await bucket.read('a.thing', 0, 10))!).toString(), 'after')
    assert.equal((await manager.streams.info('THINGS')).config.allow_direct, true)
  })
})

describe('a stream that is there', { skip: NATS_LACKS }, () => {
  test('and whose server came back without its syncs is told, and told to be well again', async () => {
    await using here = await ground()
    const { bus, monitor, told } = here
    const stream = await bus.stream(CONFIG, { monitor })
    await here.restartAs((lines) => lines.replace('sync_interval: always', 'sync_interval: "2m"'))
    await until('it is noticed', () => stream.trouble !== undefined)
    assert.equal(stream.trouble?.isThere, true)
    assert.match(told.join(), /^troubled LOST: misconfigured: .*acknowledges before it syncs/)
    await here.restartAs((lines) => lines.replace('sync_interval: "2m"', 'sync_interval: always'))
    await until('it is well', () => stream.trouble === undefined)
    assert.equal(told.length, 1)
  })

  test('is never taken for lost when another server leads it', async () => {
    await using here = await ground(3)
    const { broker, bus, told } = here
    const stream = await bus.stream({ ...CONFIG, replicas: 3 })
    const consumer = await stream.consumer({ name: 'one' })
    assert.ok(await publish(stream, 'before'))
    const leader = await broker.leaderOf('LOST')
    await broker.kill(leader)
    await until('another leads', () => publish(stream, 'after'))
    stream.doubt()
    await broker.resume(leader)
    await broker.ready()
    assert.deepEqual(
      told.filter((words) => words.startsWith('lost')),
      [],
    )
    assert.equal(await stream.count(), 2)
    assert.ok(consumer)
  })
})
