// What becomes of leases and settlements when either side goes away, over real gRPC on loopback.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'

import { RpcChannel } from '@cartero/bus/grpc'
import {
  SpoolServiceDefinition,
  type LeaseRequest,
  type SubmitRequest,
} from '@cartero/contracts/spool/service'
import { DeliveryState } from '@cartero/contracts/spool/queue'
import { ManualClock, pause, systemClock } from '@cartero/wire'
import { ContentIndex } from '../reception/content-index.ts'
import { envelope, toEachRecipient } from '../compliance/index.ts'
import { SpoolError, type Delivery, type DeliveryId, type Outcome } from '../ports.ts'
import type { MemorySpool } from '../memory/index.ts'
import { Apart, type ApartOptions } from './apart.ts'
import { REMOTE_SPOOL_LIMITS, RemoteSpool } from './index.ts'

const never = new AbortController().signal

async function opened(context: TestContext, options?: ApartOptions): Promise<Apart> {
  const apart = await Apart.open(options)
  context.after(() => apart.close())
  return apart
}

/** Routed messages for one mailbox each. */
async function filled({ near }: Apart, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const draft = near.begin(envelope(`user${n}@example.org`))
    await draft.write(Buffer.from('Subject: x\r\n\r\nx\r\n'))
    await draft.commit(Buffer.from('Received: by test\r\n'))
  }
  let routed = 0
  for await (const batch of near.arrivals(100, AbortSignal.timeout(10_000))) {
    await near.route(batch.map(toEachRecipient))
    if ((routed += batch.length) >= count) return
  }
}

const leasedNow = ({ near }: Apart): Promise<number> => near.count({ state: 'leased' })
const idsOf = (deliveries: readonly Delivery[]): DeliveryId[] => deliveries.map(({ id }) => id)
const delivered = (deliveries: readonly Delivery[]): Outcome[] =>
  deliveries.map(({ id }) => ({ id, state: 'delivered' }))

/** One loop, batch by batch. */
function loopOf(
  { far }: Pick<Apart, 'far'>,
  limit: number,
  signal = never,
): () => Promise<readonly Delivery[]> {
  const batches = far.lease('local', limit, signal)[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await batches.next()
    assert.ok(done !== true)
    return value
  }
}

describe('a holder of leases', () => {
  test('who dies gives all of them back at once, settled ones excepted', async (context) => {
    const apart = await opened(context)
    await filled(apart, 30)
    const next = loopOf(apart, 10)
    const batch = await next()
    await apart.far.settle(delivered(batch.slice(0, 4)))
    apart.channel.close()
    await apart.far.close()
    while ((await leasedNow(apart)) > 0) await turn()
    assert.equal(await apart.near.count({ state: 'ready' }), 26)
  })

  test('who is slow has a bounded number at hand, however much there is', async (context) => {
    const apart = await opened(context)
    await filled(apart, 200)
    const next = loopOf(apart, 10)
    await next()
    const most = 10 * (1 + REMOTE_SPOOL_LIMITS.ahead)
    while ((await leasedNow(apart)) < most) await turn()
    for (let i = 0; i < 200; i++) await turn()
    assert.equal(await leasedNow(apart), most)
  })

  test('who asks for all of it at once does not get it', async (context) => {
    const apart = await opened(context)
    await filled(apart, REMOTE_SPOOL_LIMITS.batch + 1)
    const batch = await loopOf(apart, 10 * REMOTE_SPOOL_LIMITS.batch)()
    assert.ok(batch.length <= REMOTE_SPOOL_LIMITS.batch, `${batch.length} deliveries`)
  })

  test('who ends his loop keeps what he was given until he settles it, and nothing else', async (context) => {
    const apart = await opened(context)
    await filled(apart, 50)
    const over = new AbortController()
    const batches = apart.far.lease('local', 10, over.signal)
    const held: Delivery[] = []
    for await (const batch of batches) {
      held.push(...batch)
      over.abort()
    }
    assert.equal(held.length, 10)
    assert.equal(await apart.far.count({ state: 'leased' }), 10)
    await apart.far.settle(delivered(held))
    assert.equal(await apart.far.count({}), 40)
    while (apart.server.inFlight > 0) await turn()
  })

  test('is not believed about what he was not given', async (context) => {
    const apart = await opened(context)
    await filled(apart, 2)
    const [mine] = await loopOf(apart, 1)()
    const [other] = await apart.near
      .list({}, { limit: 10 })
      .then(({ deliveries }) => deliveries.filter(({ id }) => id !== mine!.id))
    const channel = new RpcChannel({ address: apart.address })
    context.after(() => channel.close())
    async function* say(): AsyncGenerator<LeaseRequest> {
      yield { request: { $case: 'begin', value: { batch: 1 } } }
      const outcomes = [mine!.id, other!.id].map((id) => ({
        id,
        state: DeliveryState.DELIVERED,
        reason: '',
        notBefore: 0n,
        recipients: [],
      }))
      yield { request: { $case: 'settle', value: { ticket: 1n, outcomes } } }
    }
    const answers = []
    for await (const { response } of channel.service(SpoolServiceDefinition).Lease(say()))
      answers.push(response?.$case)
    assert.deepEqual(answers, ['answer'])
    assert.equal(apart.near.waiting, 2)
  })
})

describe('a spool that goes away', () => {
  test('has its leases back, tells whoever settles that it is unavailable, and is found again', async (context) => {
    const apart = await opened(context)
    await filled(apart, 30)
    const next = loopOf(apart, 10)
    const first = await next()
    await apart.server.close(AbortSignal.abort())
    while ((await leasedNow(apart)) > 0) await turn()
    await assert.rejects(apart.far.settle(delivered(first)), { name: 'SpoolError', fault: 'unavailable' })
    // Whoever was told so once has nothing of it any more.
    await apart.far.settle(delivered(first))
    apart.far.giveBack(idsOf(first))
    await apart.serve()
    const seen = new Set<DeliveryId>()
    while (seen.size < 30) {
      const batch = await next()
      await apart.far.settle(delivered(batch))
      for (const id of idsOf(batch)) seen.add(id)
    }
    assert.equal(apart.near.waiting, 0)
    assert.deepEqual([apart.troubles.length, apart.backs], [1, 1])
    assert.ok(apart.troubles.every((error) => error instanceof SpoolError))
    assert.deepEqual(apart.bugs, [])
  })

  test('in order leases nothing more, and lets everybody settle what he has', async (context) => {
    const apart = await opened(context)
    await filled(apart, 30)
    const next = loopOf(apart, 5)
    const given = await next()
    while ((await leasedNow(apart)) < 15) await turn()
    apart.leave()
    // What nobody has begun with is for others.
    while ((await leasedNow(apart)) > 5) await turn()
    const later = next()
    const closed = apart.server.close(AbortSignal.timeout(10_000))
    await apart.far.settle(delivered(given))
    await closed
    assert.equal(await apart.near.count({ state: 'ready' }), 25)
    await apart.serve()
    await apart.far.settle(delivered(await later))
    assert.equal(apart.near.waiting, 20)
    assert.deepEqual(apart.bugs, [])
  })

  test('while it settles leaves whoever waits in no doubt that he does not know', async (context) => {
    const settling = Promise.withResolvers<void>()
    const between: ApartOptions['between'] = (spool) =>
      new Proxy(spool, {
        get: (target, name) => {
          if (name === 'settle') return () => (settling.resolve(), new Promise(() => undefined))
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const apart = await opened(context, { between })
    await filled(apart, 3)
    const batch = await loopOf(apart, 3)()
    const settled = apart.far.settle(delivered(batch))
    settled.catch(() => undefined)
    await settling.promise
    await apart.server.close(AbortSignal.abort())
    await assert.rejects(settled, { name: 'SpoolError', fault: 'unavailable' })
  })

  test('that cannot write tells whose fault it is, and the stream goes on', async (context) => {
    let isFull = true
    const between: ApartOptions['between'] = (spool) =>
      new Proxy(spool, {
        get: (target, name) => {
          if (name === 'settle')
            return (outcomes: readonly Outcome[]) =>
              isFull ? Promise.reject(new SpoolError('full', 'no space')) : target.settle(outcomes)
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const apart = await opened(context, { between })
    await filled(apart, 4)
    const next = loopOf(apart, 2)
    await assert.rejects(apart.far.settle(delivered(await next())), { fault: 'full', message: 'no space' })
    isFull = false
    await apart.far.settle(delivered(await next()))
    assert.equal(apart.near.waiting, 2)
  })

  test('is unavailable to operators and to whoever has mail, and nothing is half taken in', async (context) => {
    const apart = await opened(context)
    const draft = apart.far.begin(envelope('bob@example.org'))
    await draft.write(Buffer.alloc(REMOTE_SPOOL_LIMITS.inline * 2))
    while (apart.server.inFlight === 0) await turn()
    await apart.server.close(AbortSignal.abort())
    const unavailable = { name: 'SpoolError', fault: 'unavailable' }
    await assert.rejects(draft.commit(Buffer.alloc(0)), unavailable)
    await assert.rejects(apart.far.list({}, { limit: 1 }), unavailable)
    await assert.rejects(apart.far.urge('example.org'), unavailable)
    await assert.rejects(apart.far.referenced(''), unavailable)
    assert.equal(apart.near.waiting, 0)
  })
})

describe('a loop of leases that goes on for long', () => {
  /** Its own clock, so that terms pass. */
  const patient = (apart: Apart): { readonly clock: ManualClock; readonly far: RemoteSpool } => {
    const clock = new ManualClock()
    const { channel, troubles } = apart
    const trouble = (error: SpoolError): unknown => troubles.push(error)
    return { clock, far: new RemoteSpool({ channel, clock, random: () => 0.5, trouble }) }
  }

  /** How many loops have begun at the spool. */
  function counting(): Required<Pick<ApartOptions, 'between'>> & { readonly begun: () => number } {
    let begun = 0
    const between = (spool: MemorySpool): MemorySpool =>
      new Proxy(spool, {
        get: (target, name) => {
          if (name === 'lease') begun += 1
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    return { between, begun: () => begun }
  }

  test('moves to another connection now and then, and what was given out is settled all the same', async (context) => {
    const { between, begun } = counting()
    const apart = await opened(context, { between })
    const { clock, far } = patient(apart)
    context.after(() => far.close())
    await filled(apart, 30)
    const next = loopOf({ far }, 5)
    const seen = new Set<DeliveryId>()
    let held: readonly Delivery[] = []
    for (let term = 1; term <= 5; term++) {
      const given = await next()
      assert.equal(begun(), term)
      clock.advance(REMOTE_SPOOL_LIMITS.term)
      // What a stream gave out is settled while the next one goes on.
      await far.settle(delivered(held))
      held = given
      for (const id of idsOf(given)) seen.add(id)
    }
    await far.settle(delivered(held))
    assert.equal(seen.size, 25)
    assert.equal(apart.near.waiting, 5)
    assert.deepEqual(apart.troubles, [])
    assert.deepEqual(apart.bugs, [])
  })

  test('and has nothing to do moves, too, and hears of what comes then', async (context) => {
    const { between, begun } = counting()
    const apart = await opened(context, { between })
    const { clock, far } = patient(apart)
    context.after(() => far.close())
    const coming = loopOf({ far }, 5)()
    for (let term = 1; term <= 3; term++) {
      while (begun() < term) await turn()
      clock.advance(REMOTE_SPOOL_LIMITS.term)
    }
    await filled(apart, 1)
    assert.equal((await coming).length, 1)
    assert.deepEqual(apart.troubles, [])
  })

  test('tells once that the spool is away, however long, and once that it is back, also when there is no mail', async (context) => {
    const apart = await opened(context)
    const over = new AbortController()
    const coming = apart.far.lease('local', 5, over.signal).next()
    while (apart.server.inFlight === 0) await turn()
    await apart.server.close(AbortSignal.abort())
    while (apart.troubles.length === 0) await turn()
    // Some retries in vain.
    await pause(systemClock, 5 * REMOTE_SPOOL_LIMITS.firstRetry, never)
    assert.equal(apart.backs, 0)
    await apart.serve()
    while (apart.backs === 0) await turn()
    assert.equal(apart.troubles.length, 1)
    over.abort()
    await coming
  })
})

describe('what is submitted', () => {
  test('arrives as it was, large or small, with what was found in it', async (context) => {
    const apart = await opened(context)
    for (const size of [10, REMOTE_SPOOL_LIMITS.inline, 5 * REMOTE_SPOOL_LIMITS.unsent]) {
      const octets = Buffer.alloc(size, 'Subject: x\r\n\r\n0123456789\r\n')
      const index = new ContentIndex()
      index.write(octets)
      const draft = apart.far.begin(envelope('bob@example.org'))
      for (let at = 0; at < size; at += 300_000) await draft.write(octets.subarray(at, at + 300_000))
      const known = index.end().index
      await draft.commit(Buffer.from('Received: x\r\n'), { hops: 2 }, known)
      for await (const [message] of apart.near.arrivals(1, never)) {
        assert.equal(message!.queueId, draft.queueId)
        assert.equal(message!.envelope.hops, 2)
        assert.deepEqual(message!.index, known)
        assert.ok((await apart.content.read(message!.content)).equals(octets))
        await apart.near.route([toEachRecipient(message!)])
        break
      }
    }
    // Its structure goes to whoever delivers, too.
    const [delivery] = await loopOf(apart, 1)()
    assert.ok(delivery!.message.index)
  })

  test('and is given up leaves nothing', async (context) => {
    const apart = await opened(context)
    const draft = apart.far.begin(envelope('bob@example.org'))
    await draft.write(Buffer.alloc(1_000_000))
    while (apart.server.inFlight === 0) await turn()
    draft.abort()
    while (apart.server.inFlight > 0) await turn()
    assert.equal(apart.near.waiting, 0)
    await assert.rejects(draft.commit(Buffer.alloc(0)), SpoolError)
  })

  test('under no name, or twice, is refused or known', async (context) => {
    const apart = await opened(context)
    const client = apart.channel.service(SpoolServiceDefinition)
    const begin = (queueId: string): SubmitRequest => ({
      request: {
        $case: 'begin',
        value: {
          queueId,
          envelope: {
            reversePath: '',
            recipients: [],
            client: { address: '', helo: '', protocol: '' },
            smtpUtf8: false,
            requireTls: false,
            tlsOptional: false,
          },
        },
      },
    })
    const commit: SubmitRequest = {
      request: { $case: 'commit', value: { prefix: Buffer.alloc(0), tlsOptional: false } },
    }
    const say = async function* (...said: SubmitRequest[]): AsyncGenerator<SubmitRequest> {
      yield* said
    }
    await assert.rejects(client.Submit(say(begin('../../x'), commit)), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(client.Submit(say(commit)), { code: 'FAILED_PRECONDITION' })
    await assert.rejects(client.Submit(say(begin('0123456789ABCDEF'))), { code: 'FAILED_PRECONDITION' })
    for (let i = 0; i < 2; i++) await client.Submit(say(begin('0123456789ABCDEF'), commit))
    assert.equal(apart.near.waiting, 1)
    assert.deepEqual(apart.bugs, [])
  })
})
