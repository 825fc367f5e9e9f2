// Several servers behind one name, servers that come and go, and networks that fall silent. Real sockets, real certificates.
import assert from 'node:assert/strict'
import { promises as dns, type LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer, connect, type Server, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'
import { TurnServiceDefinition, type TurnRequest } from '@cartero/contracts/spool/turn'
import { TestAuthority } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'
import { RPC_LIMITS, RpcServer, type RpcChannelOptions, type RpcServerOptions } from '../src/grpc/index.ts'
import { channelTo, failsAs, identityOf, never, offerOf, served } from './rpc-stage.ts'

const root = TestAuthority.root('Agents')
const NAME = 'mta.agents.test'

/** Servers that answer with their own names, each at an address of its own, all behind one name. */
class Fleet {
  readonly #context: TestContext
  readonly #servers = new Map<string, RpcServer>()
  #port = 0

  constructor(context: TestContext) {
    this.#context = context
    const lookup = async (): Promise<LookupAddress[]> =>
      [...this.#servers.keys()].map((address) => ({ address, family: 4 }))
    context.mock.method(dns, 'lookup', lookup as never)
    context.after(() => Promise.all([...this.#servers.keys()].map((host) => this.leave(host))))
  }

  get address(): string {
    return `dns:///${NAME}:${this.#port}`
  }

  async join(host: string, options: Partial<RpcServerOptions> = {}): Promise<void> {
    const domain = { name: host, catchAll: '', postmaster: '' }
    const ListDomains = () => Promise.resolve({ domains: [domain] })
    const server = new RpcServer({
      address: `${host}:${this.#port}`,
      identity: identityOf(root, 'mta', [NAME]),
      offers: [offerOf(DirectoryServiceDefinition, { ListDomains })],
      bug: () => {},
      ...options,
    })
    this.#port = await server.listen()
    this.#servers.set(host, server)
  }

  async leave(host: string): Promise<void> {
    const server = this.#servers.get(host)
    this.#servers.delete(host)
    await server?.close(AbortSignal.abort())
  }

  /** The name leads nowhere from now on. */
  forget(asked: () => void): void {
    const lookup = (): Promise<never> => {
      asked()
      return Promise.reject(new Error('no such name'))
    }
    ;(dns.lookup as unknown as ReturnType<TestContext['mock']['fn']>).mock.mockImplementation(lookup)
  }

  /** Who answers, one question after the other. */
  asker(options: Partial<RpcChannelOptions> = {}): () => Promise<string> {
    const channel = channelTo(this.#context, this.address, { identity: identityOf(root, 'mda'), ...options })
    const client = channel.service(DirectoryServiceDefinition)
    return async () => (await client.ListDomains({})).domains[0]!.name
  }
}

/** Asks until exactly these answer, one after the other; the test's own deadline ends it. */
async function untilAsked(ask: () => Promise<string>, hosts: readonly string[]): Promise<void> {
  for (;;) {
    const answers: string[] = []
    for (let i = 0; i < 12; i++) answers.push(await ask().catch(() => 'nobody'))
    if (new Set(answers).size === hosts.length && hosts.every((host) => answers.includes(host))) return
    await turn()
  }
}

describe('a name with several addresses', () => {
  test('has all of them asked in turn', async (context) => {
    const fleet = new Fleet(context)
    await fleet.join('127.0.0.1')
    await fleet.join('127.0.0.2')
    await fleet.join('127.0.0.3')
    const ask = fleet.asker()
    await untilAsked(ask, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    const counts: Record<string, number> = {}
    for (let i = 0; i < 30; i++) {
      const host = await ask()
      counts[host] = (counts[host] ?? 0) + 1
    }
    assert.deepEqual(counts, { '127.0.0.1': 10, '127.0.0.2': 10, '127.0.0.3': 10 })
  })

  test('is asked of who is left when a server goes, and of who comes then', async (context) => {
    const fleet = new Fleet(context)
    await fleet.join('127.0.0.1')
    await fleet.join('127.0.0.2')
    const ask = fleet.asker()
    await untilAsked(ask, ['127.0.0.1', '127.0.0.2'])
    await fleet.leave('127.0.0.1')
    await untilAsked(ask, ['127.0.0.2'])
    await fleet.join('127.0.0.3')
    await fleet.leave('127.0.0.2')
    await untilAsked(ask, ['127.0.0.3'])
  })

  test('has a server found that was added without any other going, after a while and not at once', async (context) => {
    const fleet = new Fleet(context)
    const clock = new ManualClock()
    await fleet.join('127.0.0.1')
    const ask = fleet.asker({ clock })
    assert.equal(await ask(), '127.0.0.1')
    await fleet.join('127.0.0.2')
    clock.advance(RPC_LIMITS.renewal - 1)
    for (let i = 0; i < 50; i++) assert.equal(await ask(), '127.0.0.1')
    clock.advance(1)
    await untilAsked(ask, ['127.0.0.1', '127.0.0.2'])
  })

  test('that nobody resolves any more leaves the connections that are there as they are', async (context) => {
    const fleet = new Fleet(context)
    await fleet.join('127.0.0.1')
    const ask = fleet.asker({ renewal: 0 })
    assert.equal(await ask(), '127.0.0.1')
    const lookUps: unknown[] = []
    fleet.forget(() => lookUps.push('in vain'))
    while (lookUps.length === 0) assert.equal(await ask(), '127.0.0.1')
    for (let i = 0; i < 50; i++) assert.equal(await ask(), '127.0.0.1')
  })
})

describe('a server that is restarted', () => {
  test('is found again at once by who was refused meanwhile', async (context) => {
    const ListDomains = () => Promise.resolve({ domains: [] })
    const offers = [offerOf(DirectoryServiceDefinition, { ListDomains })]
    const { server, address } = await served(context, offers)
    const client = channelTo(context, address).service(DirectoryServiceDefinition)
    await client.ListDomains({})
    await server.close(AbortSignal.abort())
    for (let i = 0; i < 3; i++) await assert.rejects(client.ListDomains({}), failsAs('UNAVAILABLE'))
    await served(context, offers, { address })
    for (;;) {
      const [asked] = await Promise.allSettled([client.ListDomains({})])
      if (asked.status === 'fulfilled') return
      await turn()
    }
  })
})

/** A wire that can fall silent without breaking: what is sent then is lost, and nobody is told. */
class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('error', () => {})
        from.on('data', (octets) => {
          if (!this.#isCut) to.write(octets)
        })
      }
    })
  }

  static async to(
    context: TestContext,
    address: string,
  ): Promise<{ readonly wire: Wire; readonly address: string }> {
    const wire = new Wire(Number(address.slice(address.lastIndexOf(':') + 1)))
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    context.after(() => {
      wire.#server.close()
      for (const socket of wire.#sockets) socket.destroy()
    })
    return { wire, address: `127.0.0.1:${(wire.#server.address() as { readonly port: number }).port}` }
  }

  cut(): void {
    this.#isCut = true
  }
}

describe('a network that falls silent', () => {
  // Long enough for a busy machine to answer while the network is there.
  const keepAlive = { every: 100, answer: 1_000 }
  const silent = async function* (): AsyncGenerator<TurnRequest> {
    yield { request: { $case: 'take', value: { deliveries: 1 } } }
    await never
  }

  test('ends streams on both sides, so that nothing is held for who cannot hear any more', async (context) => {
    const ended = Promise.withResolvers<string>()
    const { address } = await served(
      context,
      [
        offerOf(TurnServiceDefinition, {
          async *Turn(requests: AsyncIterable<TurnRequest>) {
            try {
              for await (const _ of requests) yield { response: { $case: 'ended', value: {} } }
            } catch (error) {
              ended.resolve((error as { readonly code: string }).code)
              throw error
            }
          },
        }),
      ],
      { keepAlive },
    )
    const { wire, address: through } = await Wire.to(context, address)
    const client = channelTo(context, through, { keepAlive }).service(TurnServiceDefinition)
    const reading = (async () => {
      for await (const _ of client.Turn(silent())) wire.cut()
    })()
    await assert.rejects(reading, failsAs('UNAVAILABLE'))
    assert.equal(await ended.promise, 'CANCELLED')
  })

  test('is told to who asks a question, within its deadline', async (context) => {
    const ListDomains = () => Promise.resolve({ domains: [] })
    const { address } = await served(context, [offerOf(DirectoryServiceDefinition, { ListDomains })])
    const { wire, address: through } = await Wire.to(context, address)
    const client = channelTo(context, through, { deadline: 100 }).service(DirectoryServiceDefinition)
    await client.ListDomains({})
    wire.cut()
    await assert.rejects(client.ListDomains({}), failsAs('DEADLINE_EXCEEDED'))
  })

  test('and who accepts and never answers is no server', async (context) => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const sockets = new Set<Socket>()
    mute.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
    context.after(() => {
      mute.close()
      for (const socket of sockets) socket.destroy()
    })
    const { port } = mute.address() as { readonly port: number }
    const channel = channelTo(context, `127.0.0.1:${port}`, { deadline: 100 })
    await assert.rejects(
      channel.service(DirectoryServiceDefinition).ListDomains({}),
      failsAs('DEADLINE_EXCEEDED'),
    )
  })
})
