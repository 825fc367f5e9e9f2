// Real brokers on loopback: connections, news, and streams that are what was asked for.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { NATS_LACKS, NatsServers, TestAuthority } from '@cartero/testkit'

import { BrokerError, NATS_LIMITS, NatsBus, runTaker, type StreamConfig } from '../src/nats/index.ts'

const CONFIG: StreamConfig = {
  name: 'TEST',
  subjects: ['test.>'],
  keeps: 'untilTaken',
  whenFull: 'refuse',
  replicas: 1,
  maxOctets: 16 * 1024 * 1024,
  maxMessageOctets: 1024 * 1024,
  duplicateWindow: 60_000,
  isSynced: false,
}
const LIMIT = { messages: 100, octets: 1024 * 1024 }

const misconfigured =
  (words: RegExp, remedy: RegExp) =>
  (error: unknown): true => {
    assert.ok(error instanceof BrokerError, String(error))
    assert.equal(error.fault, 'misconfigured')
    assert.match(error.message, words)
    assert.match(error.remedy, remedy)
    return true
  }

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let patience = 0; patience < 2_000; patience++) {
    if (await condition()) return
    await sleep(10)
  }
  assert.fail(`waited in vain until ${what}`)
}

describe('a connection to the broker', { skip: NATS_LACKS }, () => {
  test('where there is none, says so in time, and what to do', async () => {
    await assert.rejects(NatsBus.open({ servers: ['127.0.0.1:1'], name: 'test', patience: 0 }), (error) => {
      assert.ok(error instanceof BrokerError)
      assert.equal(error.fault, 'unavailable')
      assert.match(error.message, /no broker answers at 127\.0\.0\.1:1/)
      assert.match(error.remedy, /start nats-server/)
      return true
    })
  })

  test('is given up when whoever waits for it leaves', async () => {
    const leaving = new AbortController()
    const opening = NatsBus.open({ servers: ['127.0.0.1:1'], name: 'test', signal: leaving.signal })
    leaving.abort(new Error('enough'))
    await assert.rejects(opening, /enough/)
  })

  test('never crosses a network in the clear', async () => {
    await assert.rejects(NatsBus.open({ servers: ['nats.example:4222'], name: 'test' }), TypeError)
  })

  test('asks for the certificate of the broker, and shows its own', async () => {
    const authority = TestAuthority.root()
    const server = authority.issue({ names: ['localhost'] })
    await using broker = await NatsServers.start({ tls: { authority: authority.certificate, ...server } })
    const { servers } = broker
    const identityOf = (root: TestAuthority) => {
      const { certificate, key } = root.issue({ names: ['agent'] })
      return {
        authority: Buffer.from(root.certificate),
        certificate: Buffer.from(certificate),
        key: Buffer.from(key),
      }
    }
    const bus = await NatsBus.open({ servers, name: 'test', identity: identityOf(authority) })
    await bus.stream(CONFIG)
    await bus.close()
    const stranger = identityOf(TestAuthority.root('Stranger'))
    const trusting = { ...stranger, authority: Buffer.from(authority.certificate) }
    for (const identity of [stranger, trusting])
      await assert.rejects(NatsBus.open({ servers, name: 'test', identity, patience: 0 }), BrokerError)
    await assert.rejects(NatsBus.open({ servers, name: 'test', patience: 0 }), BrokerError)
  })

  test('is never made without TLS by who has an identity', async () => {
    await using broker = await NatsServers.start()
    const root = TestAuthority.root()
    const { certificate, key } = root.issue()
    const identity = {
      authority: Buffer.from(root.certificate),
      certificate: Buffer.from(certificate),
      key: Buffer.from(key),
    }
    const { servers } = broker
    await assert.rejects(NatsBus.open({ servers, name: 'test', identity, patience: 0 }), BrokerError)
  })

  test('comes back after the broker was away; news are heard again, and telling them never fails', async () => {
    await using broker = await NatsServers.start()
    const [teller, hearer] = await Promise.all([
      NatsBus.open({ servers: broker.servers, name: 'teller' }),
      NatsBus.open({ servers: broker.servers, name: 'hearer' }),
    ])
    const heard: string[] = []
    const enough = new AbortController()
    const hear = ({ subject }: { subject: string }): void => void heard.push(subject)
    hearer.news.hear('mailbox.*', hear, enough.signal)
    const tellUntilHeard = (subject: string): Promise<void> =>
      until('it is heard', () => {
        teller.news.tell(subject)
        return heard.includes(subject)
      })
    await tellUntilHeard('mailbox.1')
    await broker.kill()
    await until('it is noticed', () => !teller.isConnected && !hearer.isConnected)
    teller.news.tell('mailbox.2')
    await broker.resume()
    await tellUntilHeard('mailbox.3')
    assert.ok(!heard.includes('mailbox.2'))
    enough.abort()
    await Promise.all([teller.close(), hearer.close()])
    assert.equal(teller.isConnected, false)
    teller.news.tell('mailbox.4')
    teller.news.hear('mailbox.*', hear, new AbortController().signal)
  })

  test('is closed in time though the broker says nothing', async () => {
    await using broker = await NatsServers.start()
    const bus = await NatsBus.open({ servers: broker.servers, name: 'test' })
    broker.pause()
    await bus.close()
    broker.continue()
  })
})

describe('a stream', { skip: NATS_LACKS }, () => {
  let broker: NatsServers
  let bus: NatsBus
  before(async () => {
    broker = await NatsServers.start()
    bus = await NatsBus.open({ servers: broker.servers, name: 'test' })
  })
  after(async () => {
    await bus?.close()
    await broker?.[Symbol.asyncDispose]()
  })

  test('of three replicas is refused by a server that is alone', async () => {
    const wish = bus.stream({ ...CONFIG, replicas: 3 })
    await assert.rejects(
      wish,
      misconfigured(/the broker refuses the stream TEST: .*replicas/, /start a cluster/),
    )
  })

  test('that would be larger than the broker is refused', async () => {
    const wish = bus.stream({ ...CONFIG, maxOctets: 2 ** 50 })
    await assert.rejects(wish, misconfigured(/insufficient storage/, /max_file/))
  })

  test('whose subjects another has is refused', async () => {
    await bus.stream({ ...CONFIG, name: 'OVERLAP', subjects: ['over.*'] })
    const wish = bus.stream({ ...CONFIG, name: 'OVERLAP2', subjects: ['over.>'] })
    await assert.rejects(wish, misconfigured(/overlap/, /remove the other stream/))
  })

  test('that acknowledges before it writes is refused', async () => {
    const config = { ...CONFIG, name: 'ASYNC', subjects: ['async.>'] }
    await bus.stream(config)
    const manager = await bus.connection.jetstreamManager()
    await manager.streams.delete('ASYNC')
    await bus.connection.request(
      '$JS.API.STREAM.CREATE.ASYNC',
      JSON.stringify({
        name: 'ASYNC',
        subjects: ['async.>'],
        retention: 'workqueue',
        discard: 'new',
        storage: 'file',
        num_replicas: 1,
        max_bytes: CONFIG.maxOctets,
        max_msg_size: CONFIG.maxMessageOctets,
        duplicate_window: 60_000_000_000,
        max_consumers: -1,
        max_msgs: -1,
        max_age: 0,
        persist_mode: 'async',
      }),
    )
    await assert.rejects(bus.stream(config), misconfigured(/persist_mode is async/, /nats stream edit ASYNC/))
  })

  test('of a server that is too old is refused before anything is asked of it', async () => {
    const old = await oldServer('2.11.9')
    const to = await NatsBus.open({
      servers: [`127.0.0.1:${(old.address() as AddressInfo).port}`],
      name: 'test',
    })
    await assert.rejects(
      to.stream(CONFIG),
      misconfigured(/nats-server 2\.11\.9/, /install nats-server 2\.12/),
    )
    await to.close()
    old.close()
  })

  test('whose sync cannot be verified says so, for each server that does not answer', async () => {
    const config = { ...CONFIG, name: 'SYNCED', subjects: ['synced.>'], isSynced: true }
    assert.match((await bus.stream(config)).unverified ?? '', /names no monitoring port/)
    assert.equal((await bus.stream(config, { monitor: broker.monitors })).unverified, undefined)
    const some = await bus.stream(config, { monitor: [...broker.monitors, '127.0.0.1:1'] })
    assert.match(some.unverified ?? '', /127\.0\.0\.1:1 does not answer/)
  })

  test('takes no more at once than its publisher may have underway, and all of it in the end', async () => {
    const stream = await bus.stream({ ...CONFIG, name: 'MANY', subjects: ['many.>'] })
    const body = Buffer.alloc(100)
    const count = NATS_LIMITS.inFlight * 3
    await Promise.all(Array.from({ length: count }, () => stream.publish({ subject: 'many.x', body })))
    assert.equal(await stream.count(), count)
  })

  test('gives a batch that takes long to nobody else, and what is handed back to somebody', async () => {
    const stream = await bus.stream({ ...CONFIG, name: 'LONG', subjects: ['long.>'] })
    const consumer = await stream.consumer({ name: 'one', acknowledgeWithin: 600 })
    await stream.publish({ subject: 'long.x', body: Buffer.from('slow') })
    const given: number[] = []
    const enough = new AbortController()
    for await (const batch of consumer.batches(LIMIT, enough.signal)) {
      given.push(...batch.map(({ deliveries }) => deliveries))
      if (given.length === 1) await sleep(1_500)
      else {
        for (const message of batch) message.done()
        enough.abort()
      }
    }
    assert.deepEqual(given, [1, 2], 'given again only when the loop went on without settling it')
    await until('it is gone', async () => (await stream.count()) === 0)
  })

  test('gathers for who is busy, so that each little thing is not a batch, and gives the first at once', async () => {
    const stream = await bus.stream({ ...CONFIG, name: 'GATHERED', subjects: ['gathered.>'] })
    const consumer = await stream.consumer({ name: 'one' })
    const told = ['first', 'second', 'third'].map((word) => Buffer.from(word))
    const tell = (body: Buffer) => stream.publish({ subject: 'gathered.x', body })
    const sizes: number[] = []
    const enough = new AbortController()
    await tell(told[0]!)
    const limit = { ...LIMIT, gathering: { milliseconds: 2_000, from: 1 } }
    for await (const batch of consumer.batches(limit, enough.signal)) {
      sizes.push(batch.length)
      for (const message of batch) message.done()
      if (sizes.length === 2) enough.abort()
      else void tell(told[1]!).then(() => tell(told[2]!))
    }
    assert.deepEqual(sizes, [1, 2])
  })

  test('that two take from gives each message to one of them', async () => {
    const stream = await bus.stream({ ...CONFIG, name: 'SHARED', subjects: ['shared.>'] })
    const consumer = await stream.consumer({ name: 'both' })
    const taken: string[] = []
    const enough = new AbortController()
    const take = async (batch: readonly { readonly body: Uint8Array }[]): Promise<void> => {
      taken.push(...batch.map(({ body }) => Buffer.from(body).toString()))
    }
    const trouble = (error: unknown): never => assert.fail(String(error))
    const takers = [1, 2].map(() => runTaker({ consumer, limit: LIMIT, take, trouble }, enough.signal))
    const wanted = Array.from({ length: 500 }, (_, n) => `${n}`)
    await Promise.all(wanted.map((n) => stream.publish({ subject: 'shared.x', body: Buffer.from(n) })))
    await until('all are taken', () => taken.length >= wanted.length)
    enough.abort()
    await Promise.all(takers)
    assert.deepEqual(taken.toSorted(), wanted.toSorted())
  })
})

/** Says that it is of this version, and answers nothing but pings. */
async function oldServer(version: string): Promise<Server> {
  const facts = { server_id: 'OLD', version, headers: true, max_payload: 1_048_576, jetstream: true }
  const server = createServer((socket) => {
    socket.write(`INFO ${JSON.stringify(facts)}\r\n`)
    socket.on('data', (octets) => {
      if (octets.includes('PING')) socket.write('PONG\r\n')
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
