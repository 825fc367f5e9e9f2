// Real sockets of loopback, real certificates: what one agent asks another and what it hears when something goes wrong.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { DirectoryServiceDefinition, type DirectoryService } from '@cartero/contracts/directory'
import { TurnServiceDefinition, type TurnRequest, type TurnService } from '@cartero/contracts/spool/turn'
import { TestAuthority } from '@cartero/testkit'
import { RpcChannel, RpcError, RpcServer, type AgentIdentity, type Offer } from '../src/grpc/index.ts'

const never: Promise<never> = new Promise(() => undefined)

interface Ends {
  readonly server: RpcServer
  readonly address: string
  readonly bugs: unknown[]
}

async function served(
  context: TestContext,
  offers: readonly Offer[],
  identity?: AgentIdentity,
): Promise<Ends> {
  const bugs: unknown[] = []
  const server = new RpcServer({
    address: '127.0.0.1:0',
    offers,
    bug: (error, procedure) => bugs.push(procedure, error),
    ...(identity && { identity }),
  })
  const address = `127.0.0.1:${await server.listen()}`
  context.after(() => server.close(AbortSignal.abort()))
  return { server, address, bugs }
}

function channelTo(
  context: TestContext,
  address: string,
  options: { readonly identity?: AgentIdentity; readonly deadline?: number } = {},
): RpcChannel {
  const channel = new RpcChannel({ address, ...options })
  context.after(() => channel.close())
  return channel
}

const directory = (methods: Partial<DirectoryService>, faultOf?: Offer['faultOf']): Offer => ({
  definition: DirectoryServiceDefinition,
  implementation: { ...nothing(DirectoryServiceDefinition), ...methods },
  ...(faultOf && { faultOf }),
})

const turns = (methods: Partial<TurnService>): Offer => ({
  definition: TurnServiceDefinition,
  implementation: { ...nothing(TurnServiceDefinition), ...methods },
})

/** Every method, none of which answers. */
function nothing({ methods }: { readonly methods: object }): object {
  return Object.fromEntries(
    (Object.values(methods) as { readonly name: string }[]).map(({ name }) => [name, () => never]),
  )
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

const failsAs =
  (code: string, words: RegExp = /./) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof RpcError)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, words)
    return true
  }

describe('a question', () => {
  test('is answered as if it had been asked in the same process', async (context) => {
    const Authenticate: DirectoryService['Authenticate'] = ({ login, password }) =>
      Promise.resolve({ account: `${login}/${password}` })
    const { address } = await served(context, [directory({ Authenticate })])
    const client = channelTo(context, address).service(DirectoryServiceDefinition)
    const answers = Array.from({ length: 50 }, (_, i) =>
      client.Authenticate({ login: `tim${i}`, password: 'ß' }),
    )
    assert.deepEqual(
      await Promise.all(answers),
      answers.map((_, i) => ({ account: `tim${i}/ß` })),
    )
  })

  test('that names what is not there hears so in the words of who was asked', async (context) => {
    const fault = new TypeError('no such account')
    const offer = directory({ SetPassword: () => Promise.reject(fault) }, (error) =>
      error === fault ? new RpcError('NOT_FOUND', 'no such account: add it') : undefined,
    )
    const { address, bugs } = await served(context, [offer])
    const client = channelTo(context, address).service(DirectoryServiceDefinition)
    const asked = client.SetPassword({ address: 'tim@a.example', password: 'x' })
    await assert.rejects(asked, failsAs('NOT_FOUND', /no such account: add it/))
    assert.deepEqual(bugs, [])
  })

  test('that meets a bug learns nothing of it, and the operator does', async (context) => {
    const bug = new Error('secret')
    const offer = directory({
      Resolve: () => {
        throw bug
      },
    })
    const { address, bugs } = await served(context, [offer])
    const client = channelTo(context, address).service(DirectoryServiceDefinition)
    await assert.rejects(client.Resolve({ addresses: [] }), failsAs('INTERNAL', /^Resolve: internal error$/))
    assert.deepEqual(bugs, ['cartero.directory.v1.DirectoryService/Resolve', bug])
  })

  test('that nobody answers is given up after its time', async (context) => {
    const { address } = await served(context, [directory({})])
    const client = channelTo(context, address, { deadline: 50 }).service(DirectoryServiceDefinition)
    await assert.rejects(client.ListDomains({}), failsAs('DEADLINE_EXCEEDED'))
  })

  test('to an agent that is not there says that it can be asked again', async (context) => {
    const { server, address } = await served(context, [directory({})])
    await server.close(AbortSignal.abort())
    const errorOf = (error: RpcError): Error => new TypeError(error.code)
    const client = channelTo(context, address).service(DirectoryServiceDefinition, errorOf)
    await assert.rejects(client.ListDomains({}), { name: 'TypeError', message: 'UNAVAILABLE' })
    const plain = channelTo(context, address).service(DirectoryServiceDefinition)
    await assert.rejects(plain.ListDomains({}), {
      message: `ListDomains: connect ECONNREFUSED ${address}`,
    })
  })

  test('of a service that the other side does not know is told apart', async (context) => {
    const { address } = await served(context, [directory({})])
    const client = channelTo(context, address).service(TurnServiceDefinition)
    const [first] = await Promise.allSettled([all(client.ReadContent({ content: 'x' }))])
    assert.equal(first.status, 'rejected')
    assert.ok(failsAs('UNIMPLEMENTED')(first.reason))
  })
})

describe('a stream', () => {
  const take = (deliveries: number): TurnRequest => ({
    request: { $case: 'take', value: { deliveries } },
  })

  test('goes both ways at once', async (context) => {
    const { address } = await served(context, [
      turns({
        async *Turn(requests) {
          for await (const { request } of requests) {
            assert.equal(request?.$case, 'take')
            const waiting = BigInt(request.value.deliveries)
            yield { response: { $case: 'opening', value: { kind: 3, waiting } } }
          }
        },
      }),
    ])
    const client = channelTo(context, address).service(TurnServiceDefinition)
    const heard = Promise.withResolvers<void>()
    async function* say(): AsyncGenerator<TurnRequest> {
      yield take(1)
      await heard.promise
      yield take(2)
    }
    const counts: bigint[] = []
    for await (const { response } of client.Turn(say())) {
      assert.equal(response?.$case, 'opening')
      counts.push(response.value.waiting)
      heard.resolve()
    }
    assert.deepEqual(counts, [1n, 2n])
  })

  test('is no faster than its reader', async (context) => {
    const octets = Buffer.alloc(256 * 1024, 'x')
    let sent = 0
    const { address } = await served(context, [
      turns({
        async *ReadContent() {
          for (; sent < 400; sent++) yield { octets }
        },
      }),
    ])
    const client = channelTo(context, address).service(TurnServiceDefinition)
    let read = 0
    for await (const message of client.ReadContent({ content: 'x' })) {
      assert.equal(message.octets.length, octets.length)
      if (read++ === 0) for (let i = 0; i < 2_000; i++) await turn()
      if (read === 1) assert.ok(sent < 200, `${sent} of 400 were sent while one was read`)
    }
    assert.equal(read, 400)
  })

  test('whose reader leaves ends on the other side, too', async (context) => {
    const ended = Promise.withResolvers<string>()
    const { address, bugs } = await served(context, [
      turns({
        async *Turn(requests) {
          try {
            yield { response: { $case: 'ended', value: {} } }
            for await (const _ of requests);
          } catch (error) {
            ended.resolve((error as RpcError).code)
            throw error
          }
        },
      }),
    ])
    const client = channelTo(context, address).service(TurnServiceDefinition)
    async function* say(): AsyncGenerator<TurnRequest> {
      yield take(1)
      await never
    }
    for await (const _ of client.Turn(say())) break
    assert.equal(await ended.promise, 'CANCELLED')
    assert.deepEqual(bugs, [])
  })

  test('whose source fails ends with that, on both sides', async (context) => {
    const ended = Promise.withResolvers<unknown>()
    const { address } = await served(context, [
      turns({
        async *Turn(requests) {
          try {
            for await (const _ of requests) yield { response: { $case: 'ended', value: {} } }
          } catch (error) {
            ended.resolve(error)
          }
        },
      }),
    ])
    const client = channelTo(context, address).service(TurnServiceDefinition)
    const heard = Promise.withResolvers<void>()
    async function* say(): AsyncGenerator<TurnRequest> {
      yield take(1)
      await heard.promise
      throw new RpcError('UNAVAILABLE', 'the customer is gone')
    }
    const reading = (async () => {
      for await (const _ of client.Turn(say())) heard.resolve()
    })()
    await assert.rejects(reading, failsAs('UNAVAILABLE', /customer is gone/))
    assert.ok(failsAs('CANCELLED')(await ended.promise))
  })

  test('ends when the other agent dies', async (context) => {
    const { server, address } = await served(context, [
      turns({
        async *Turn() {
          yield { response: { $case: 'ended', value: {} } }
          await never
        },
      }),
    ])
    const client = channelTo(context, address).service(TurnServiceDefinition)
    async function* say(): AsyncGenerator<TurnRequest> {
      yield take(1)
      await never
    }
    let heard = 0
    const reading = (async () => {
      for await (const _ of client.Turn(say())) if (heard++ === 0) void server.close(AbortSignal.abort())
    })()
    await assert.rejects(reading, failsAs('UNAVAILABLE'))
    assert.equal(heard, 1)
  })
})

describe('between machines', () => {
  const root = TestAuthority.root('Agents')
  const identityOf = (
    authority: TestAuthority,
    trusted = authority,
    names = ['localhost'],
  ): AgentIdentity => {
    const { certificate, key } = authority.issue({ names })
    return {
      authority: Buffer.from(trusted.certificate),
      certificate: Buffer.from(certificate),
      key: Buffer.from(key),
    }
  }
  const ListDomains: DirectoryService['ListDomains'] = () => Promise.resolve({ domains: [] })
  // A name, as machines have.
  const named = (address: string): string => address.replace('127.0.0.1', 'localhost')

  test('agents know each other by their certificates', async (context) => {
    const { address } = await served(context, [directory({ ListDomains })], identityOf(root))
    const channel = channelTo(context, named(address), { identity: identityOf(root) })
    assert.deepEqual(await channel.service(DirectoryServiceDefinition).ListDomains({}), { domains: [] })
  })

  test('an agent is reached by its address, too, when its certificate bears it', async (context) => {
    const identity = identityOf(root)
    const offers = [directory({ ListDomains })]
    const { address } = await served(context, offers, identityOf(root, root, ['mta.example', '127.0.0.1']))
    const directoryAt = (place: string) =>
      channelTo(context, place, { identity, deadline: 1_000 }).service(DirectoryServiceDefinition)
    assert.deepEqual(await directoryAt(address).ListDomains({}), { domains: [] })
    await assert.rejects(directoryAt(named(address)).ListDomains({}), RpcError)
    const { address: other } = await served(context, offers, identity)
    await assert.rejects(directoryAt(other).ListDomains({}), /127\.0\.0\.1 is not in the cert's list/)
  })

  test('whoever has no certificate of ours is not answered', async (context) => {
    const { address } = await served(context, [directory({ ListDomains })], identityOf(root))
    const stranger = identityOf(TestAuthority.root('Strangers'), root)
    for (const identity of [stranger, undefined]) {
      const options = identity === undefined ? { deadline: 1_000 } : { identity, deadline: 1_000 }
      const client = channelTo(context, named(address), options).service(DirectoryServiceDefinition)
      await assert.rejects(client.ListDomains({}), RpcError)
    }
  })

  test('an agent that is not who it should be is not asked', async (context) => {
    const stranger = TestAuthority.root('Strangers')
    let asked = 0
    const counted = directory({ ListDomains: (request) => (asked++, ListDomains(request)) })
    const { address } = await served(context, [counted], identityOf(stranger, root))
    const channel = channelTo(context, named(address), { identity: identityOf(root), deadline: 1_000 })
    await assert.rejects(channel.service(DirectoryServiceDefinition).ListDomains({}), RpcError)
    assert.equal(asked, 0)
  })

  test('nothing is said in the clear, and nothing is listened to', async () => {
    assert.throws(() => new RpcChannel({ address: '192.0.2.1:4000' }), /under TLS only/)
    assert.throws(() => new RpcChannel({ address: 'mta.example:4000' }), /under TLS only/)
    const server = new RpcServer({ address: '0.0.0.0:0', offers: [], bug: () => {} })
    await assert.rejects(server.listen(), /under TLS only/)
  })
})

test('octets that are no gRPC do an agent no harm', async (context) => {
  const ListDomains: DirectoryService['ListDomains'] = () => Promise.resolve({ domains: [] })
  const { address } = await served(context, [directory({ ListDomains })])
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
  socket.on('error', () => {})
  socket.end(Buffer.alloc(70_000, 0xff))
  socket.resume()
  await once(socket, 'close')
  const client = channelTo(context, address).service(DirectoryServiceDefinition)
  assert.deepEqual(await client.ListDomains({}), { domains: [] })
})
