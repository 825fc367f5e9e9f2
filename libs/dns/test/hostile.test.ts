// Servers that lie, stammer, trickle or say nothing: nothing hangs, and each has its DnsError.
import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { AUTHENTIC_DATA, encode, TRUNCATED_RESPONSE } from 'dns-packet'
import { ManualClock } from '@cartero/wire'
import { DnsError } from '../src/index.ts'
import { decodeAnswer, type Query } from '../src/stub/packet.ts'
import { readMessage } from '../src/stub/reading.ts'
import { StubResolver, type StubLimits } from '../src/stub/index.ts'
import {
  address,
  answer,
  framed,
  say,
  ScriptedServer,
  SILENCE,
  truncated,
  type Asked,
  type Script,
} from './scripted-server.ts'
import { fault } from './stage.ts'

const TRY_MS = 3_000

function resolverOf(server: ScriptedServer, limits: Partial<StubLimits> = {}): [StubResolver, ManualClock] {
  const clock = new ManualClock()
  const resolver = new StubResolver({
    servers: [server.server],
    clock,
    limits: { tryMs: TRY_MS, rounds: 1, ...limits },
  })
  return [resolver, clock]
}

const right = (asked: Asked): Buffer => answer(asked, { answers: [address(asked)] })

/** The header and the question of an answer, and then these octets as so many records. */
function raw(asked: Asked, records: number, ...octets: Buffer[]): Buffer {
  const start = answer({ ...asked, via: 'udp' })
  start.writeUInt16BE(records, 6)
  const all = Buffer.concat([start, ...octets])
  return asked.via === 'tcp' ? framed(all) : all
}

const fields = (type: number, length: number): Buffer => {
  const octets = Buffer.from([0, type, 0, 1, 0, 0, 0, 60, 0, 0])
  octets.writeUInt16BE(length, 8)
  return octets
}
const pointer = (offset: number): Buffer => Buffer.from([0xc0 | (offset >> 8), offset & 0xff])

/** An address whose name is a pointer to a pointer, and so on, to the name that was asked for. */
function behindPointers(asked: Asked, count: number): Buffer {
  const start = answer({ ...asked, via: 'udp' }).length + 11
  const chain = Array.from({ length: count - 1 }, (_, i) => pointer(i === 0 ? 12 : start + 2 * (i - 1)))
  const hidden = [Buffer.from([0]), fields(10, 2 * chain.length), ...chain]
  const last = pointer(start + 2 * (chain.length - 1))
  return raw(asked, 2, ...hidden, last, fields(1, 4), Buffer.from([192, 0, 2, 1]))
}

const PASSED_OVER: Readonly<Record<string, (asked: Asked) => Buffer>> = {
  'another id': (asked) =>
    answer(asked, { id: asked.packet.id! ^ 1, answers: [address(asked, '192.0.2.66')] }),
  'another name': (asked) =>
    answer(asked, {
      questions: [{ name: 'other.test', type: 'A' }],
      answers: [address(asked, '192.0.2.66')],
    }),
  'another type': (asked) =>
    answer(asked, {
      questions: [{ name: asked.name, type: 'AAAA' }],
      answers: [address(asked, '192.0.2.66')],
    }),
  'no question': (asked) => answer(asked, { questions: [], answers: [address(asked, '192.0.2.66')] }),
  'two questions': (asked) =>
    answer(asked, { questions: [...asked.packet.questions!, { name: 'other.test', type: 'A' }] }),
  'a question': (asked) => encode({ type: 'query', id: asked.packet.id, questions: asked.packet.questions }),
  'three octets': () => Buffer.from([1, 2, 3]),
  nothing: () => Buffer.alloc(0),
}

for (const [what, wrong] of Object.entries(PASSED_OVER)) {
  test(`${what} is passed over for the answer behind it`, async () => {
    await using server = await ScriptedServer.open((asked) => say(wrong(asked), right(asked)))
    const [resolver] = resolverOf(server)
    assert.deepEqual((await resolver.ask('mx.test', 'A')).records, ['192.0.2.1'])
  })

  test(`${what} alone is silence`, async () => {
    await using server = await ScriptedServer.open((asked) => say(wrong(asked)))
    const [resolver, clock] = resolverOf(server)
    const asking = resolver.ask('mx.test', 'A')
    await server.cameTo(1)
    clock.advance(TRY_MS)
    await assert.rejects(asking, fault('timeout'))
  })
}

test('what another sends to our port is not believed', async () => {
  const stranger = createSocket('udp4')
  const stranged = (asked: Asked): Promise<unknown> =>
    new Promise((resolve) =>
      stranger.send(
        answer(asked, { answers: [address(asked, '192.0.2.66')] }),
        asked.port,
        '127.0.0.1',
        resolve,
      ),
    )
  await using server = await ScriptedServer.open(async (asked) => {
    await stranged(asked)
    return say(right(asked))
  })
  const [resolver] = resolverOf(server)
  assert.deepEqual((await resolver.ask('mx.test', 'A')).records, ['192.0.2.1'])
  stranger.close()
})

const MALFORMED: Readonly<Record<string, Script>> = {
  'octets at random behind the header': (asked) => say(raw(asked, 7, randomBytes(300).fill(0x80, 0, 1))),
  'a name that points to itself': (asked) => {
    const here = answer({ ...asked, via: 'udp' }).length
    return say(raw(asked, 1, pointer(here), fields(1, 4), Buffer.from([192, 0, 2, 1])))
  },
  'names that point to one another': (asked) => {
    const here = answer({ ...asked, via: 'udp' }).length
    return say(raw(asked, 1, pointer(here + 2), pointer(here), fields(1, 4), Buffer.from([192, 0, 2, 1])))
  },
  'a name behind seventeen pointers': (asked) => say(behindPointers(asked, 17)),
  'an address that is cut': (asked) => say(raw(asked, 1, pointer(12), fields(1, 4), Buffer.from([192, 0]))),
  'fewer records than it counts': (asked) => {
    const octets = right(asked)
    octets.writeUInt16BE(3, 6)
    return say(octets)
  },
  'more records than anybody has': (asked) =>
    say(answer(asked, { answers: Array.from({ length: 1_001 }, () => address(asked)) })),
  'CNAMEs in a circle': (asked) =>
    say(
      answer(asked, {
        answers: [
          { name: asked.name, type: 'CNAME', data: 'b.test', ttl: 60 },
          { name: 'b.test', type: 'CNAME', data: asked.name, ttl: 60 },
        ],
      }),
    ),
  'a CNAME for each question': (asked) =>
    say(answer(asked, { answers: [{ name: asked.name, type: 'CNAME', data: `a${asked.name}`, ttl: 60 }] })),
  'a circle of one CNAME for each question': (asked) =>
    say(
      answer(asked, {
        answers: [
          { name: asked.name, type: 'CNAME', data: asked.name === 'mx.test' ? 'b.test' : 'mx.test', ttl: 60 },
        ],
      }),
    ),
  'two CNAMEs of one name': (asked) =>
    asked.name === 'mx.test'
      ? say(
          answer(asked, {
            answers: ['b.test', 'c.test'].map((data) => ({ name: asked.name, type: 'CNAME', data, ttl: 60 })),
          }),
        )
      : say(right(asked)),
  'octets behind the name of a host': (asked) =>
    say(raw(asked, 1, pointer(12), fields(15, 7), Buffer.from([0, 1, 1, 0x61, 0, 9, 9]))),
  'a referral': (asked) =>
    say(answer(asked, { authorities: [{ name: 'test', type: 'NS', data: 'ns.test', ttl: 60 }] })),
  'truncated on a connection, too': truncated,
  'another answer on a connection': (asked) =>
    asked.via === 'udp' ? truncated(asked) : say(answer(asked, { id: asked.packet.id! ^ 1 })),
  'no octet on a connection': (asked) =>
    asked.via === 'udp' ? truncated(asked) : say(framed(Buffer.alloc(0))),
}

for (const [what, script] of Object.entries(MALFORMED))
  test(`malformed: ${what}`, async () => {
    await using server = await ScriptedServer.open(script)
    const [resolver] = resolverOf(server)
    await assert.rejects(resolver.ask('mx.test', 'A'), fault('malformed'))
    assert.ok(server.asked.length <= 12, `${server.asked.length} questions`)
  })

test('a text that is cut is no shorter text', async () => {
  await using server = await ScriptedServer.open((asked) =>
    say(raw(asked, 1, pointer(12), fields(16, 200), Buffer.from([199]), Buffer.from('v=spf1'))),
  )
  const [resolver] = resolverOf(server)
  await assert.rejects(resolver.ask('mx.test', 'TXT'), fault('malformed'))
})

test('octets of TLSA that are cut are no shorter hash', async () => {
  await using server = await ScriptedServer.open((asked) =>
    say(raw(asked, 1, pointer(12), fields(52, 35), Buffer.from([3, 1, 1, 7, 7]))),
  )
  const [resolver] = resolverOf(server)
  await assert.rejects(resolver.ask('mx.test', 'TLSA'), fault('malformed'))
})

test('who never answers is given up after his time', async () => {
  await using server = await ScriptedServer.open(() => SILENCE)
  const [resolver, clock] = resolverOf(server)
  const asking = resolver.ask('mx.test', 'A')
  await server.cameTo(1)
  clock.advance(TRY_MS)
  await assert.rejects(asking, /A of mx\.test: 127\.0\.0\.1 port \d+: no answer within 3000 ms/)
})

test('who trickles 64 KB over a connection is given up after his time', async () => {
  await using server = await ScriptedServer.open((asked) =>
    asked.via === 'udp'
      ? truncated(asked)
      : say(Buffer.from([0xff]), Buffer.from([0xff]), Buffer.alloc(1_000)),
  )
  const [resolver, clock] = resolverOf(server)
  const asking = resolver.ask('mx.test', 'A')
  await server.cameTo(2)
  clock.advance(TRY_MS)
  await assert.rejects(asking, fault('timeout'))
})

test('a connection that ends in the middle of the answer is no answer', async () => {
  await using server = await ScriptedServer.open((asked) =>
    asked.via === 'udp' ? truncated(asked) : { pieces: [right(asked).subarray(0, -1)], end: true },
  )
  const [resolver] = resolverOf(server)
  await assert.rejects(resolver.ask('mx.test', 'A'), fault('unreachable'))
})

test('an answer over a connection is whole however it is cut', async () => {
  await using server = await ScriptedServer.open((asked) =>
    asked.via === 'udp'
      ? truncated(asked)
      : say(...Array.from(right(asked), (octet) => Buffer.from([octet])), Buffer.from('more')),
  )
  const [resolver] = resolverOf(server)
  assert.deepEqual((await resolver.ask('mx.test', 'A')).records, ['192.0.2.1'])
})

test('a truncated answer that ends in the middle of a record is asked for again over a connection', async () => {
  await using server = await ScriptedServer.open((asked) => {
    if (asked.via === 'tcp') return say(right(asked))
    const octets = raw(asked, 1, pointer(12), fields(1, 4), Buffer.from([192, 0]))
    octets.writeUInt16BE(octets.readUInt16BE(2) | TRUNCATED_RESPONSE, 2)
    return say(octets)
  })
  const [resolver] = resolverOf(server)
  assert.deepEqual((await resolver.ask('mx.test', 'A')).records, ['192.0.2.1'])
})

test('a name behind some pointers is a name', async () => {
  await using server = await ScriptedServer.open((asked) => say(behindPointers(asked, 16)))
  const [resolver] = resolverOf(server)
  assert.deepEqual((await resolver.ask('mx.test', 'A')).records, ['192.0.2.1'])
})

test('names that would break a line are harmless', async () => {
  await using server = await ScriptedServer.open((asked) =>
    say(
      answer(asked, {
        answers: [
          { name: asked.name, type: 'MX', data: { preference: 1, exchange: 'a\r\nb \\ü.test' }, ttl: 60 },
        ],
      }),
    ),
  )
  const [resolver] = resolverOf(server)
  const { records } = await resolver.ask('mx.test', 'MX')
  assert.deepEqual(records, [{ preference: 1, exchange: 'a\\013\\010b\\032\\092\\195\\188.test' }])
  await assert.rejects(resolver.ask(records[0]!.exchange, 'A'), fault('malformed'))
})

test('whatever the octets, they are read, passed over or malformed', () => {
  const query: Query = { id: 7, name: 'mx.test', type: 'MX', withEdns: true }
  const whole = encode({
    type: 'response',
    id: 7,
    flags: AUTHENTIC_DATA,
    questions: [{ name: 'mx.test', type: 'MX' }],
    answers: [
      { name: 'mx.test', type: 'CNAME', data: 'b.test', ttl: 60 },
      { name: 'b.test', type: 'MX', data: { preference: 1, exchange: 'c.test' }, ttl: 60 },
      { name: 'b.test', type: 'TXT', data: ['x'], ttl: 60 },
    ],
    authorities: [
      {
        name: 'c.test',
        type: 'TLSA',
        data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32) },
      },
    ],
  })
  const told = new Map<string, number>()
  for (let round = 0; round < 20_000; round++) {
    const length = round % 3 === 0 ? randomInt(2, whole.length) : whole.length
    const copy = Buffer.from(whole.subarray(0, length))
    for (let change = 0; change < round % 4; change++) copy[randomInt(length)] = randomInt(256)
    const outcome = outcomeOf(copy, query)
    told.set(outcome, (told.get(outcome) ?? 0) + 1)
  }
  assert.deepEqual(
    [...told.keys()].toSorted((a, b) => a.localeCompare(b)),
    ['malformed', 'passed over', 'read'],
  )
})

function outcomeOf(octets: Buffer, query: Query): string {
  try {
    const message = decodeAnswer(octets, query)
    if (message === undefined) return 'passed over'
    readMessage(message, { name: query.name, type: 'MX' }, { names: new Set([query.name]), aliases: 11 })
    return 'read'
  } catch (error) {
    assert.ok(error instanceof DnsError, String(error))
    return error.fault
  }
}
