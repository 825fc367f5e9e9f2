// Streams that outlive the connections that new calls are made over. Real sockets of loopback.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'
import { TurnServiceDefinition, type TurnRequest } from '@cartero/contracts/spool/turn'
import { ManualClock } from '@cartero/wire'
import { RPC_LIMITS, type RpcServerOptions } from '../src/grpc/index.ts'
import { serverOptions } from '../src/grpc/limits.ts'
import { channelTo, failsAs, offerOf, served } from './rpc-stage.ts'

const take: TurnRequest = { request: { $case: 'take', value: { deliveries: 1 } } }
const keepAlive = { every: 20, answer: 5_000 }

/** Answers questions, and says on a stream as much as is said to it. */
const offers = [
  offerOf(DirectoryServiceDefinition, { ListDomains: () => Promise.resolve({ domains: [] }) }),
  offerOf(TurnServiceDefinition, {
    async *Turn(requests: AsyncIterable<TurnRequest>) {
      for await (const _ of requests) yield { response: { $case: 'ended', value: {} } }
    },
  }),
]

/** A server behind a door at which connections are counted. */
async function counted(
  context: TestContext,
  options?: Partial<RpcServerOptions>,
): Promise<{ readonly address: string; readonly open: Set<Socket>; readonly seen: () => number }> {
  const { address } = await served(context, offers, options)
  const open = new Set<Socket>()
  let seen = 0
  const door = createServer((near) => {
    seen += 1
    open.add(near)
    const far = connect(Number(address.slice(address.lastIndexOf(':') + 1)), '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => {})
    near.on('close', () => {
      open.delete(near)
      far.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  context.after(() => {
    door.close()
    for (const socket of open) socket.destroy()
  })
  return { address: `127.0.0.1:${(door.address() as AddressInfo).port}`, open, seen: () => seen }
}

/** A stream that says something whenever it is asked to, and ends when it is told to. */
function talk(): { readonly say: AsyncGenerator<TurnRequest>; more(): void; end(): void } {
  let wanted = Promise.withResolvers<boolean>()
  const told = (goesOn: boolean): void => {
    const { resolve } = wanted
    wanted = Promise.withResolvers<boolean>()
    resolve(goesOn)
  }
  async function* say(): AsyncGenerator<TurnRequest> {
    let next = wanted.promise
    yield take
    while (await next) {
      next = wanted.promise
      yield take
    }
  }
  return { say: say(), more: () => told(true), end: () => told(false) }
}

describe('a stream that lasts longer than the connections of new calls', () => {
  test('is cut by nobody, though keep-alive goes on', async (context) => {
    const { address, seen } = await counted(context, { keepAlive })
    const channel = channelTo(context, address, { keepAlive, renewal: 50 })
    const { say, more, end } = talk()
    const stream = channel.service(TurnServiceDefinition).Turn(say)[Symbol.asyncIterator]()
    await stream.next()
    const asking = channel.service(DirectoryServiceDefinition)
    // Keep-alive is counted by gRPC itself, in real time.
    for (const begun = performance.now(); seen() < 5 || performance.now() - begun < 10 * keepAlive.every;) {
      await asking.ListDomains({})
      await sleep(10)
      more()
      assert.equal((await stream.next()).done, false)
    }
    end()
    assert.equal((await stream.next()).done, true)
  })

  test('meets no server that cuts connections by their age', () => {
    const options: object = serverOptions()
    for (const name of ['grpc.max_connection_age_ms', 'grpc.max_connection_idle_ms'])
      assert.ok(!(name in options), name)
  })
})

describe('connections that new calls are not made over any more', () => {
  test('are closed when the last call over them has ended, and not before', async (context) => {
    const clock = new ManualClock()
    const { address, open, seen } = await counted(context)
    const channel = channelTo(context, address, { clock })
    const { say, end } = talk()
    const stream = channel.service(TurnServiceDefinition).Turn(say)[Symbol.asyncIterator]()
    await stream.next()
    const asking = channel.service(DirectoryServiceDefinition)
    for (let round = 2; round <= 4; round++) {
      clock.advance(RPC_LIMITS.renewal)
      while (seen() < round) await asking.ListDomains({})
    }
    // That of the stream, and the newest.
    while (open.size > 2) await asking.ListDomains({})
    end()
    await stream.next()
    while (open.size > 1) await turn()
    await asking.ListDomains({})
    assert.equal(seen(), 4)
  })

  test('are closed with the channel, like all others, and take no more calls', async (context) => {
    const clock = new ManualClock()
    const { address, open, seen } = await counted(context)
    const channel = channelTo(context, address, { clock })
    const { say, more, end } = talk()
    const stream = channel.service(TurnServiceDefinition).Turn(say)[Symbol.asyncIterator]()
    await stream.next()
    const asking = channel.service(DirectoryServiceDefinition)
    clock.advance(RPC_LIMITS.renewal)
    while (seen() < 2) await asking.ListDomains({})
    // A third one is on its way.
    clock.advance(RPC_LIMITS.renewal)
    await asking.ListDomains({})
    channel.close()
    await assert.rejects(asking.ListDomains({}), failsAs('UNAVAILABLE'))
    while (open.size > 1) await turn()
    more()
    assert.equal((await stream.next()).done, false)
    end()
    assert.equal((await stream.next()).done, true)
    while (open.size > 0) await turn()
  })

  test('are not replaced where nobody asks anything', async (context) => {
    const { address, seen } = await counted(context)
    const clock = new ManualClock()
    const asking = channelTo(context, address, { clock }).service(DirectoryServiceDefinition)
    await asking.ListDomains({})
    for (let i = 0; i < 100; i++) {
      clock.advance(RPC_LIMITS.renewal)
      await turn()
    }
    assert.equal(seen(), 1)
  })
})
