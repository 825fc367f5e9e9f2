// What a call may take, who may make it, and what is said of those who answer, over real sockets of loopback.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { HealthCheckResponse_ServingStatus as Status, HealthDefinition } from '@cartero/contracts/health'
import { DirectoryServiceDefinition, type DirectoryService } from '@cartero/contracts/directory'
import { SpoolServiceDefinition, type SubmitRequest } from '@cartero/contracts/spool/service'
import { TurnServiceDefinition } from '@cartero/contracts/spool/turn'
import { TestAuthority } from '@cartero/testkit'
import { RpcServer, type Caller, type EndedCall } from '../src/grpc/index.ts'
import { all, channelTo, failsAs, identityOf, never, offerOf, served } from './rpc-stage.ts'

const ListDomains: DirectoryService['ListDomains'] = () => Promise.resolve({ domains: [] })

/** Rejects when the signal aborts, and notes why. */
const waitFor = (signal: AbortSignal, reasons: unknown[]): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => {
      reasons.push((signal.reason as { code?: string }).code)
      reject(signal.reason as Error)
    }),
  )

describe('a call', () => {
  test('has the deadline of its procedure, a stream too when it has one', async (context) => {
    const { address } = await served(context, [
      offerOf(DirectoryServiceDefinition, {}),
      offerOf(TurnServiceDefinition, {}),
    ])
    const channel = channelTo(context, address, { deadline: 30_000 })
    const client = channel.service(DirectoryServiceDefinition, undefined, { ListDomains: 30 })
    await assert.rejects(client.ListDomains({}), failsAs('DEADLINE_EXCEEDED'))
    const turns = channel.service(TurnServiceDefinition, undefined, { ReadContent: 30 })
    const [reading] = await Promise.allSettled([all(turns.ReadContent({ content: 'x' }))])
    assert.ok(failsAs('DEADLINE_EXCEEDED')((reading as PromiseRejectedResult).reason))
  })

  test('that is given up ends with the reason of who gave it up, on the other side as well', async (context) => {
    const reasons: unknown[] = []
    const { address, server } = await served(context, [
      offerOf(DirectoryServiceDefinition, {
        ListDomains: (_: unknown, signal: AbortSignal) => waitFor(signal, reasons),
      }),
      offerOf(TurnServiceDefinition, {
        async *ReadContent(_: unknown, signal: AbortSignal) {
          yield { octets: Buffer.from('x') }
          await waitFor(signal, reasons)
        },
      }),
    ])
    const channel = channelTo(context, address)
    const reason = new Error('nobody wants to know any more')
    for (const ask of [
      (signal: AbortSignal) => channel.service(DirectoryServiceDefinition).ListDomains({}, signal),
      (signal: AbortSignal) =>
        all(channel.service(TurnServiceDefinition).ReadContent({ content: 'x' }, signal)),
    ]) {
      const over = new AbortController()
      const asked = ask(over.signal)
      asked.catch(() => undefined)
      while (server.inFlight === 0) await turn()
      over.abort(reason)
      await assert.rejects(asked, reason)
      while (server.inFlight > 0) await turn()
      await assert.rejects(ask(over.signal), reason)
    }
    assert.deepEqual(reasons, ['CANCELLED', 'CANCELLED'])
  })

  test('under way when a server has to leave is told so', async (context) => {
    const reasons: unknown[] = []
    const { address, server } = await served(context, [
      offerOf(DirectoryServiceDefinition, {
        ListDomains: (_: unknown, signal: AbortSignal) => waitFor(signal, reasons),
      }),
    ])
    const asked = channelTo(context, address).service(DirectoryServiceDefinition).ListDomains({})
    asked.catch(() => undefined)
    while (server.inFlight === 0) await turn()
    await server.close(AbortSignal.abort())
    await assert.rejects(asked, failsAs('UNAVAILABLE'))
    assert.deepEqual(reasons, ['UNAVAILABLE'])
  })

  test('of many requests has one answer, or the fault of either side', async (context) => {
    const { address } = await served(context, [
      offerOf(SpoolServiceDefinition, {
        async Submit(requests: AsyncIterable<SubmitRequest>) {
          let octets = 0
          for await (const { request } of requests)
            if (request?.$case === 'octets') octets += request.value.length
          return { queueId: String(octets) }
        },
      }),
    ])
    const client = channelTo(context, address).service(SpoolServiceDefinition)
    async function* say(fault?: Error): AsyncGenerator<SubmitRequest> {
      for (let i = 0; i < 100; i++) yield { request: { $case: 'octets', value: Buffer.alloc(65_536) } }
      if (fault !== undefined) throw fault
    }
    assert.deepEqual(await client.Submit(say()), { queueId: String(6_553_600) })
    await assert.rejects(client.Submit(say(new Error('disk'))), failsAs('INTERNAL', /disk/))
    const over = new AbortController()
    async function* stall(): AsyncGenerator<SubmitRequest> {
      yield { request: { $case: 'octets', value: Buffer.alloc(1) } }
      await never
    }
    const asked = client.Submit(stall(), over.signal)
    over.abort(new Error('given up'))
    await assert.rejects(asked, /given up/)
  })

  test('on a channel that was closed says that nobody can be asked', async (context) => {
    const { address } = await served(context, [offerOf(DirectoryServiceDefinition, { ListDomains })])
    const channel = channelTo(context, address)
    channel.close()
    await assert.rejects(channel.service(DirectoryServiceDefinition).ListDomains({}), failsAs('UNAVAILABLE'))
  })

  test('is counted on both sides, with what became of it', async (context) => {
    const [theirs, ours]: [EndedCall[], EndedCall[]] = [[], []]
    const offers = [offerOf(DirectoryServiceDefinition, { ListDomains }), offerOf(TurnServiceDefinition, {})]
    const { address } = await served(context, offers, { ended: (call) => theirs.push(call) })
    const channel = channelTo(context, address, { ended: (call) => ours.push(call) })
    await channel.service(DirectoryServiceDefinition).ListDomains({})
    const impatient = channel.service(DirectoryServiceDefinition, undefined, { ListAliases: 30 })
    await assert.rejects(impatient.ListAliases({ domain: '' }))
    const outcomes = (calls: readonly EndedCall[]): string[] =>
      calls.map(({ procedure, code, isStream }) => `${procedure.split('.').at(-1)} ${code} ${isStream}`)
    assert.deepEqual(outcomes(ours), [
      'DirectoryService/ListDomains OK false',
      'DirectoryService/ListAliases DEADLINE_EXCEEDED false',
    ])
    assert.deepEqual(outcomes(theirs), ['DirectoryService/ListDomains OK false'])
    assert.ok(ours.every(({ milliseconds }) => milliseconds > 0))
  })
})

test('a place that is taken is told as an error, and printed by nobody', async (context) => {
  const printed = context.mock.method(console, 'error', () => {})
  const { address } = await served(context, [])
  const second = new RpcServer({ address, offers: [], bug: () => {} })
  await assert.rejects(second.listen(), /EADDRINUSE/)
  await second.close(AbortSignal.abort())
  assert.equal(printed.mock.callCount(), 0)
})

describe('the health of a server', () => {
  test('is told of it and of each service, and not of what is not offered', async (context) => {
    const { address, server } = await served(context, [offerOf(DirectoryServiceDefinition, { ListDomains })])
    const health = channelTo(context, address).service(HealthDefinition)
    const { fullName } = DirectoryServiceDefinition
    for (const service of ['', fullName])
      assert.deepEqual(await health.Check({ service }), { status: Status.SERVING })
    await assert.rejects(
      health.Check({ service: 'mail' }),
      failsAs('NOT_FOUND', /'mail' is not offered here/),
    )
    server.tellHealth(false, fullName)
    assert.equal((await health.Check({ service: fullName })).status, Status.NOT_SERVING)
    assert.equal((await health.Check({ service: '' })).status, Status.SERVING)
  })

  test('is told to whoever watches as soon as it changes, and a server that leaves serves no more', async (context) => {
    const { address, server } = await served(context, [offerOf(DirectoryServiceDefinition, { ListDomains })])
    const channel = channelTo(context, address)
    const told: Status[] = []
    for await (const { status } of channel.service(HealthDefinition).Watch({ service: '' })) {
      told.push(status)
      if (told.length === 1) server.tellHealth(false)
      if (told.length === 2) server.tellHealth(true)
      if (told.length === 3) {
        server.drain()
        server.tellHealth(true)
      }
    }
    assert.deepEqual(told, [Status.SERVING, Status.NOT_SERVING, Status.SERVING, Status.NOT_SERVING])
    await channel.service(DirectoryServiceDefinition).ListDomains({})
  })

  test('keeps no server from leaving whose health is watched', async (context) => {
    const { address, server } = await served(context, [offerOf(DirectoryServiceDefinition, { ListDomains })])
    const watched = channelTo(context, address).service(HealthDefinition).Watch({ service: 'other' })
    const told: Status[] = []
    for await (const { status } of watched)
      if (told.push(status) === 1) void server.close(AbortSignal.timeout(10_000))
    assert.deepEqual(told, [Status.SERVICE_UNKNOWN])
  })
})

describe('who asks', () => {
  const root = TestAuthority.root('Agents')

  test('is known by his certificate, and who is not meant may not', async (context) => {
    const callers: Caller[] = []
    const offer = {
      ...offerOf(DirectoryServiceDefinition, {
        ListDomains: (_: unknown, _signal: AbortSignal, caller: Caller) => {
          callers.push(caller)
          return Promise.resolve({ domains: [] })
        },
      }),
      callers: ['msa', 'mx'],
    }
    const { address } = await served(context, [offer], { identity: identityOf(root, 'directory') })
    const named = address.replace('127.0.0.1', 'localhost')
    const ask = (name: string): Promise<unknown> =>
      channelTo(context, named, { identity: identityOf(root, name) })
        .service(DirectoryServiceDefinition)
        .ListDomains({})
    await ask('mx')
    await assert.rejects(ask('console'), failsAs('PERMISSION_DENIED', /console may not ask/))
    assert.deepEqual(callers, [{ agent: 'mx' }])
    // Health is for everybody whom our authority vouches for.
    const channel = channelTo(context, named, { identity: identityOf(root, 'console') })
    assert.equal((await channel.service(HealthDefinition).Check({ service: '' })).status, Status.SERVING)
  })

  test('may ask for what he needs, and not for all that is offered with it', async (context) => {
    const offer = {
      ...offerOf(DirectoryServiceDefinition, { ListDomains }),
      callers: { ListDomains: ['mx', 'console'], ListAccounts: ['console'] },
    }
    const { address } = await served(context, [offer], { identity: identityOf(root, 'directory') })
    const directory = channelTo(context, address.replace('127.0.0.1', 'localhost'), {
      identity: identityOf(root, 'mx'),
    }).service(DirectoryServiceDefinition)
    await directory.ListDomains({})
    await assert.rejects(directory.ListAccounts({ domain: '' }), failsAs('PERMISSION_DENIED', /ListAccounts/))
    // Nobody has thought of it: then nobody may.
    await assert.rejects(directory.RemoveDomain({ name: 'a.test' }), failsAs('PERMISSION_DENIED'))
  })

  test('cannot be told where nobody shows a certificate: such a list is refused', () => {
    const offer = { ...offerOf(DirectoryServiceDefinition, { ListDomains }), callers: ['msa'] }
    assert.throws(
      () => new RpcServer({ address: '127.0.0.1:0', offers: [offer], bug: () => {} }),
      /by certificates only/,
    )
  })
})
