// Turns over real gRPC on loopback: what an agent without a spool sees of one, and what becomes of a turn when either side dies.
import assert from 'node:assert/strict'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'

import { RpcChannel, RpcServer } from '@cartero/bus/grpc'
import type { ContentId } from '@cartero/content'
import { TurnServiceDefinition, type TurnRequest } from '@cartero/contracts/spool/turn'

import type { AttemptFacts, Turn, TurnEnding, TurnOpening, Turns } from '../dispatch/index.ts'
import type { RecipientResult } from '../notices/index.ts'
import { SpoolError, type Delivery, type DeliveryId, type Envelope, type QueueId } from '../ports.ts'
import { REMOTE_TURN_LIMITS, RemoteTurns, TurnServer, turnErrorOf, turnFaultOf } from './index.ts'

const REQUEST = { account: 'fetch@home.test', domains: ['home.test'], sid: 's1', peer: '192.0.2.7' }

const WHOLE_ENVELOPE: Envelope = {
  reversePath: 'ann@far.test',
  recipients: [
    { address: 'tim@home.test', notify: ['failure', 'delay'], originalRecipient: 'rfc822;tim@home.test' },
    { address: 'eve@home.test' },
  ],
  account: 'ann@far.test',
  submitter: '<>',
  client: { address: '192.0.2.9', helo: 'far.test', protocol: 'ESMTPS' },
  body: '8BITMIME',
  smtpUtf8: true,
  hops: 3,
  envelopeId: 'E1',
  return: 'headers',
  deliverBy: { at: 1_790_000_000_000, mode: 'notify', trace: true },
  holdUntil: 1_780_000_000_000,
  priority: -4,
  requireTls: true,
  tlsOptional: true,
}

function deliveryOf(n: number, some: Partial<Delivery['message']> = {}): Delivery {
  const queueId = `0QUEUEID${String(n).padStart(8, '0')}` as QueueId
  const envelope: Envelope = {
    reversePath: '',
    recipients: [{ address: 'tim@home.test' }],
    client: WHOLE_ENVELOPE.client,
  }
  const prefix = Buffer.from('Received: by edge.test\r\n')
  const content = `content-${n}` as ContentId
  return {
    id: `${queueId}.1` as DeliveryId,
    message: { queueId, envelope, prefix, content, size: 5, acceptedAt: 1_770_000_000_000, ...some },
    nextHop: { kind: 'odmr', domain: 'home.test' },
    recipients: [{ address: 'tim@home.test', account: '' }],
    attempts: 0,
    reason: '',
  }
}

/** A turn whose deliveries a test has made, and which notes what it is told. */
class NotedTurn implements Turn {
  readonly waiting = 7
  readonly #deliveries: Delivery[]
  readonly done_: (readonly [Delivery, readonly RecipientResult[], AttemptFacts])[] = []
  readonly back: Delivery[] = []
  readonly out = new Set<Delivery>()
  readonly ended = Promise.withResolvers<TurnEnding | undefined>()
  isEnded = false

  constructor(deliveries: readonly Delivery[]) {
    this.#deliveries = [...deliveries]
  }

  next(): Delivery | undefined {
    const delivery = this.#deliveries.shift()
    if (delivery !== undefined) this.out.add(delivery)
    return delivery
  }

  async more(): Promise<boolean> {
    return this.#deliveries.length > 0
  }

  done(...told: readonly [Delivery, readonly RecipientResult[], AttemptFacts]): void {
    assert.ok(this.out.delete(told[0]), 'is told of what was given out, as it was given')
    this.done_.push(told)
  }

  giveBack(delivery: Delivery): void {
    assert.ok(this.out.delete(delivery))
    this.back.push(delivery)
  }

  async end(how?: TurnEnding): Promise<void> {
    this.isEnded = true
    this.ended.resolve(how)
  }
}

interface Bridge {
  readonly turns: RemoteTurns
  readonly server: RpcServer
  readonly channel: RpcChannel
  readonly read: string[]
}

async function bridge(
  context: TestContext,
  turns: Turns,
  contents: Record<string, Buffer> = {},
): Promise<Bridge> {
  const read: string[] = []
  const octetsOf = (id: string): Buffer => {
    read.push(id)
    return contents[id] ?? Buffer.from('hello')
  }
  const content = {
    read: async (id: ContentId) => octetsOf(id),
    async *get(id: ContentId, range = { start: 0, end: Infinity }) {
      const octets = octetsOf(id).subarray(range.start, range.end)
      for (let at = 0; at < octets.length; at += 65_536) yield octets.subarray(at, at + 65_536)
    },
  }
  const server = new RpcServer({
    address: '127.0.0.1:0',
    offers: [
      {
        definition: TurnServiceDefinition,
        implementation: new TurnServer({ turns, content }),
        faultOf: turnFaultOf,
      },
    ],
    bug: (error) => assert.fail(String(error)),
  })
  const channel = new RpcChannel({ address: `127.0.0.1:${await server.listen()}` })
  context.after(async () => {
    channel.close()
    await server.close(AbortSignal.abort())
  })
  return {
    turns: new RemoteTurns(channel.service(TurnServiceDefinition, turnErrorOf)),
    server,
    channel,
    read,
  }
}

const opens = (opening: TurnOpening): Turns => ({ begin: async () => opening })

async function begun(bridged: Bridge): Promise<Turn> {
  const opening = await bridged.turns.begin(REQUEST, new AbortController().signal)
  assert.equal(opening.kind, 'begun')
  return opening.turn
}

async function takeOne(turn: Turn): Promise<Delivery> {
  assert.ok(await turn.more())
  return turn.next()!
}

const RELAYED: RecipientResult = { kind: 'relayed', remote: { host: 'home.test', reply: '250 2.0.0 ok' } }

describe('a turn over a network', () => {
  for (const kind of ['nothing', 'busy'] as const)
    test(`that there is none is told: ${kind}`, async (context) => {
      const { turns } = await bridge(context, opens({ kind }))
      assert.deepEqual(await turns.begin(REQUEST, new AbortController().signal), { kind })
    })

  test('is asked for in whole', async (context) => {
    const asked: unknown[] = []
    const { turns } = await bridge(context, {
      begin: async (request) => {
        asked.push({ ...request })
        return { kind: 'nothing' }
      },
    })
    await turns.begin(REQUEST, new AbortController().signal)
    assert.deepEqual(asked, [REQUEST])
  })

  test('loses nothing of a delivery, nor of what became of it', async (context) => {
    const whole: Delivery = {
      ...deliveryOf(1, { envelope: WHOLE_ENVELOPE }),
      recipients: [
        { address: 'tim@home.test', account: '', others: ['t@home.test'], expanded: true, told: 'delay' },
        { address: 'eve@home.test', account: '', forward: 'e@home.test' },
      ],
      attempts: 3,
      reason: '451 4.7.1 later',
      sender: 'SRS0=x@edge.test',
    }
    const noted = new NotedTurn([whole])
    const turn = await begun(await bridge(context, opens({ kind: 'begun', turn: noted })))
    assert.equal(turn.waiting, 7)
    const delivery = await takeOne(turn)
    assert.deepEqual(delivery, whole)
    const results: RecipientResult[] = [
      { kind: 'passed', remote: { host: 'home.test', reply: '250 ok' } },
      {
        kind: 'deferred',
        status: '4.2.2',
        reason: 'home.test said: full',
        remote: { host: 'home.test', reply: '452 4.2.2 full' },
        isUnattempted: true,
        advice: 'wait',
      },
    ]
    const facts = {
      host: 'home.test',
      address: '192.0.2.7',
      tls: 'TLSv1.3',
      sending: 1.5,
      isCutOff: true,
    } as const
    turn.done(delivery, results, facts)
    await turn.end({ kind: 'complete', reason: 'all of it' })
    assert.deepEqual(noted.done_, [[whole, results, facts]])
    assert.deepEqual(await noted.ended.promise, { kind: 'complete', reason: 'all of it' })
  })

  test('brings small contents with their deliveries, and large ones when they are asked for', async (context) => {
    const size = REMOTE_TURN_LIMITS.inline + 1
    const large = Buffer.alloc(size, 'abcdefg')
    const noted = new NotedTurn([deliveryOf(1), deliveryOf(2, { size })])
    const bridged = await bridge(context, opens({ kind: 'begun', turn: noted }), { 'content-2': large })
    const turn = await begun(bridged)
    const first = await takeOne(turn)
    const second = await takeOne(turn)
    assert.deepEqual(bridged.read, ['content-1'])
    const { content } = bridged.turns
    assert.equal(String(await content.read(first.message.content)), 'hello')
    assert.equal(String(await content.read(first.message.content, { start: 1, end: 3 })), 'el')
    assert.deepEqual(bridged.read, ['content-1'])
    assert.ok((await content.read(second.message.content)).equals(large))
    assert.equal(String(await content.read(second.message.content, { start: 7, end: 10 })), 'abc')
    turn.done(first, [RELAYED], {})
    turn.giveBack(second)
    await turn.end()
    assert.deepEqual(
      noted.back.map(({ id }) => id),
      [second.id],
    )
    await assert.rejects(content.read(second.message.content), SpoolError)
    await assert.rejects(content.read('somebody-else' as ContentId), SpoolError)
  })

  test('gives out no more than the connection has at hand, and all of it in the end', async (context) => {
    const count = 4 * REMOTE_TURN_LIMITS.ahead
    const noted = new NotedTurn(Array.from({ length: count }, (_, n) => deliveryOf(n)))
    const turn = await begun(await bridge(context, opens({ kind: 'begun', turn: noted })))
    const seen = new Set<string>()
    for (let delivery = await takeOne(turn); ; delivery = turn.next()!) {
      seen.add(delivery.id)
      assert.ok(noted.out.size <= 2 * REMOTE_TURN_LIMITS.ahead, `${noted.out.size} are out`)
      turn.done(delivery, [RELAYED], {})
      if (!(await turn.more())) break
    }
    assert.equal(seen.size, count)
    await turn.end({ kind: 'complete' })
    assert.equal(noted.done_.length, count)
    assert.equal(noted.out.size, 0)
  })

  test('gives back what was at hand when it ends early', async (context) => {
    const noted = new NotedTurn(Array.from({ length: 40 }, (_, n) => deliveryOf(n)))
    const turn = await begun(await bridge(context, opens({ kind: 'begun', turn: noted })))
    const first = await takeOne(turn)
    while (noted.out.size < 33) await turnOfLoop()
    turn.done(first, [RELAYED], {})
    await turn.end({ kind: 'stopped' })
    assert.equal(turn.next(), undefined)
    assert.equal(await turn.more(), false)
    assert.equal(noted.done_.length, 1)
    assert.ok(noted.isEnded, 'what was still out is given back by the end of the turn itself')
  })

  test('ends as lost when the agent that has it dies', async (context) => {
    const noted = new NotedTurn([deliveryOf(1), deliveryOf(2)])
    const bridged = await bridge(context, opens({ kind: 'begun', turn: noted }))
    await takeOne(await begun(bridged))
    bridged.channel.close()
    await bridged.server.close(AbortSignal.timeout(200))
    assert.equal((await noted.ended.promise)?.kind, 'lost')
  })

  test('is over for its holder when the MTA dies, and what was at hand is not sent any more', async (context) => {
    const noted = new NotedTurn(Array.from({ length: 8 }, (_, n) => deliveryOf(n)))
    const bridged = await bridge(context, opens({ kind: 'begun', turn: noted }))
    const turn = await begun(bridged)
    const delivery = await takeOne(turn)
    await bridged.server.close(AbortSignal.abort())
    while (turn.next() !== undefined) await turnOfLoop()
    assert.equal(await turn.more(), false)
    turn.done(delivery, [RELAYED], {})
    await turn.end({ kind: 'complete' })
    await assert.rejects(bridged.turns.content.read('content-7' as ContentId), SpoolError)
  })

  test('of a spool that cannot tell is refused as by the spool itself', async (context) => {
    const { turns } = await bridge(context, {
      begin: () => Promise.reject(new SpoolError('full', 'no space')),
    })
    await assert.rejects(turns.begin(REQUEST, new AbortController().signal), (error: unknown) => {
      assert.ok(error instanceof SpoolError)
      assert.equal(error.fault, 'full')
      return true
    })
  })

  test('is given up when nobody waits for the answer any more', async (context) => {
    const { turns } = await bridge(context, { begin: () => new Promise(() => undefined) })
    const giving = new AbortController()
    const asked = turns.begin(REQUEST, giving.signal)
    giving.abort(new TypeError('gone'))
    await assert.rejects(asked, { name: 'TypeError', message: 'gone' })
  })

  const HOSTILE: readonly (readonly [string, readonly TurnRequest[]])[] = [
    ['begins with something else', [{ request: { $case: 'take', value: { deliveries: 1 } } }]],
    ['names no domain', [{ request: { $case: 'begin', value: { ...REQUEST, domains: [] } } }]],
    [
      'begins twice',
      [{ request: { $case: 'begin', value: REQUEST } }, { request: { $case: 'begin', value: REQUEST } }],
    ],
    [
      'tells of what was not given out',
      [
        { request: { $case: 'begin', value: REQUEST } },
        { request: { $case: 'done', value: { endings: [{ id: 'X.1', results: [], facts: undefined }] } } },
      ],
    ],
    [
      'ends as nothing ends',
      [
        { request: { $case: 'begin', value: REQUEST } },
        { request: { $case: 'end', value: { kind: 'won' } } },
      ],
    ],
  ]
  for (const [what, requests] of HOSTILE)
    test(`whose holder ${what} is ended, and told why`, async (context) => {
      const noted = new NotedTurn([deliveryOf(1)])
      const { channel } = await bridge(context, opens({ kind: 'begun', turn: noted }))
      async function* say(): AsyncGenerator<TurnRequest> {
        yield* requests
        await new Promise(() => undefined)
      }
      const reading = (async () => {
        for await (const _ of channel.service(TurnServiceDefinition).Turn(say()));
      })()
      // The end of the stream may overtake the reason.
      await assert.rejects(reading, {
        name: 'RpcError',
        code: /INVALID_ARGUMENT|FAILED_PRECONDITION|UNAVAILABLE/,
      })
      if (requests.length > 1) await noted.ended.promise
    })
})
