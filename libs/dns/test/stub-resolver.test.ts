import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { AUTHENTIC_DATA } from 'dns-packet'
import { NAMED_LACKS, startNameServer } from '@cartero/testkit'
import { COMPLIANCE_ORIGIN, COMPLIANCE_ZONE, testResolver } from '../src/compliance/index.ts'
import { DEFAULT_LIMITS, StubResolver } from '../src/stub/index.ts'
import { address, answer, say, ScriptedServer, SILENCE, truncated, type Script } from './scripted-server.ts'
import { fault, found, rcode, REFUSED, SERVFAIL, staged } from './stage.ts'

for (const isSigned of [true, false])
  testResolver(`StubResolver before BIND, signed: ${isSigned}`, {
    skip: NAMED_LACKS,
    open: async () => {
      const names = await startNameServer({
        zones: { [COMPLIANCE_ORIGIN]: { text: COMPLIANCE_ZONE, isSigned } },
      })
      const resolver = new StubResolver({ servers: [names.server] })
      return {
        resolver,
        isValidated: isSigned,
        [Symbol.asyncDispose]: async () => {
          resolver.close()
          await names.stop()
        },
      }
    },
  })

test('validation is asked for, and believed of a server on this machine', async () => {
  await using stage = await staged((asked) =>
    say(answer(asked, { flags: AUTHENTIC_DATA, answers: [address(asked)] })),
  )
  assert.equal((await stage.resolver.ask('mx.test', 'A')).isValidated, true)
  const { packet } = stage.servers[0]!.asked[0]!
  assert.deepEqual([packet.flag_ad, packet.flag_rd, packet.flag_cd], [true, true, false])
  const [opt] = packet.additionals!
  assert.ok(opt?.type === 'OPT' && opt.flag_do && opt.udpPayloadSize === 1232)
})

test('ids and ports are not those of the question before', async () => {
  await using stage = await staged(found)
  await Promise.all(Array.from({ length: 60 }, (_, i) => stage.resolver.ask(`mx${i}.test`, 'A')))
  const { asked } = stage.servers[0]!
  assert.ok(new Set(asked.map(({ packet }) => packet.id)).size > 50)
  assert.ok(new Set(asked.map(({ port }) => port)).size > 40)
  const steps = asked.slice(1).map(({ packet }, i) => packet.id! - asked[i]!.packet.id!)
  assert.ok(new Set(steps).size > 40, 'the ids can be foretold')
})

test('many who want the same ask once', async () => {
  await using stage = await staged(found)
  const answers = await Promise.all(
    ['mx.test', 'MX.test', 'mx.TEST'].map((name) => stage.resolver.ask(name, 'A')),
  )
  assert.equal(stage.count(), 1)
  for (const { records } of answers) assert.deepEqual(records, ['192.0.2.1'])
})

test('who gives up leaves the others their answer', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  await using stage = await staged(async (asked) => {
    await promise
    return found(asked)
  })
  const impatient = new AbortController()
  const patient = stage.resolver.ask('mx.test', 'A')
  const given = stage.resolver.ask('mx.test', 'A', impatient.signal)
  await stage.servers[0]!.cameTo(1)
  impatient.abort(new Error('too late for me'))
  await assert.rejects(given, /too late for me/)
  resolve()
  assert.equal((await patient).kind, 'found')
})

test('a question nobody waits for any longer is dropped, and asked anew', async () => {
  let isThere = false
  await using stage = await staged((asked) => (isThere ? found(asked) : SILENCE))
  const controller = new AbortController()
  const asking = stage.resolver.ask('mx.test', 'A', controller.signal)
  await stage.servers[0]!.cameTo(1)
  controller.abort(new Error('no longer'))
  await assert.rejects(asking, /no longer/)
  isThere = true
  assert.equal((await stage.resolver.ask('mx.test', 'A')).kind, 'found')
  assert.equal(stage.count(), 2)
})

test('the next server is asked when one fails, and the one that answers is believed', async () => {
  for (const bad of [SERVFAIL, REFUSED, rcode(11)]) {
    await using stage = await staged([bad, found])
    assert.equal((await stage.resolver.ask('mx.test', 'A')).kind, 'found')
  }
})

test('the next server is asked when one is silent, and the silent one again when the next is, too', async () => {
  let isAwake = false
  await using stage = await staged([(asked) => (isAwake ? found(asked) : SILENCE), () => SILENCE])
  const asking = stage.resolver.ask('mx.test', 'A')
  await stage.servers[0]!.cameTo(1)
  stage.clock.advance(DEFAULT_LIMITS.tryMs)
  await stage.servers[1]!.cameTo(1)
  isAwake = true
  stage.clock.advance(DEFAULT_LIMITS.tryMs)
  assert.equal((await asking).kind, 'found')
  assert.equal(stage.count(), 2)
})

test('what a server said is told rather than that another was silent', async () => {
  await using stage = await staged([SERVFAIL, () => SILENCE], { rounds: 1 })
  const asking = stage.resolver.ask('mx.test', 'A')
  await stage.servers[1]!.cameTo(1)
  stage.clock.advance(DEFAULT_LIMITS.tryMs)
  await assert.rejects(asking, fault('serverFailure'))
  assert.equal(stage.count(), 1)
})

test('the whole time is limited, however many servers there are', async () => {
  await using stage = await staged([() => SILENCE, () => SILENCE], { totalMs: 4_000 })
  const asking = stage.resolver.ask('mx.test', 'A')
  await stage.servers[0]!.cameTo(1)
  stage.clock.advance(DEFAULT_LIMITS.tryMs)
  await stage.servers[1]!.cameTo(1)
  stage.clock.advance(1_000)
  await assert.rejects(asking, /A of mx\.test: no answer within 4000 ms/)
})

test('a server that is not there is unreachable', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  using resolver = new StubResolver({ servers: [`127.0.0.1:${port}`] })
  await assert.rejects(resolver.ask('mx.test', 'A'), fault('unreachable'))
})

test('a server that takes no connections cannot give a large answer', async () => {
  await using stage = await staged((asked) => {
    if (asked.via === 'udp') return truncated(asked)
    return { pieces: [], end: true }
  })
  await assert.rejects(stage.resolver.ask('mx.test', 'A'), fault('unreachable'))
})

for (const [name, code] of [
  ['FORMERR', 1],
  ['NOTIMP', 4],
] as const) {
  test(`a server that says ${name} to EDNS is asked without`, async () => {
    await using stage = await staged((asked) =>
      asked.packet.additionals!.length > 0
        ? say(answer(asked, { rcode: code, questions: [] }))
        : found(asked),
    )
    assert.equal((await stage.resolver.ask('mx.test', 'A')).kind, 'found')
  })

  test(`${name} to everything is refused`, async () => {
    await using stage = await staged(rcode(code))
    await assert.rejects(stage.resolver.ask('mx.test', 'A'), fault('refused'))
    assert.equal(stage.count(), 2)
  })
}

test('an extended code is no success', async () => {
  await using stage = await staged((asked) => {
    const octets = answer(asked, {
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 512,
          extendedRcode: 1,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    })
    return say(octets)
  })
  await assert.rejects(stage.resolver.ask('mx.test', 'A'), fault('refused'))
})

for (const [first, second] of [
  [true, true],
  [true, false],
  [false, true],
] as const)
  test(`an alias of which the answer tells no more is asked for, and validated if both are: ${first}, ${second}`, async () => {
    await using stage = await staged((asked) => {
      const isAlias = asked.name !== 'b.test'
      const alias = { name: asked.name, type: 'CNAME', data: 'B.test', ttl: 60 } as const
      const flags = (isAlias ? first : second) ? AUTHENTIC_DATA : 0
      return say(answer(asked, { flags, answers: [isAlias ? alias : address(asked)] }))
    })
    assert.deepEqual(await stage.resolver.ask('mx.test', 'A'), {
      kind: 'found',
      name: 'b.test',
      records: ['192.0.2.1'],
      isValidated: first && second,
    })
  })

/** An address of this machine that looks like one of another. */
const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

test(
  'who is elsewhere is believed about validation only where the operator says so',
  { skip: elsewhere === undefined && 'there is loopback only' },
  async () => {
    const script: Script = (asked) => say(answer(asked, { flags: AUTHENTIC_DATA, answers: [address(asked)] }))
    await using server = await ScriptedServer.open(script, elsewhere)
    for (const trustAd of [false, true]) {
      using resolver = new StubResolver({ servers: [server.server], trustAd })
      assert.equal((await resolver.ask('mx.test', 'A')).isValidated, trustAd)
    }
  },
)

test('a chain of aliases has an end', async () => {
  const chain =
    (length: number): Script =>
    (asked) =>
      say(
        answer(asked, {
          answers: [
            ...Array.from(
              { length },
              (_, i) =>
                ({
                  name: i === 0 ? asked.name : `a${i}.test`,
                  type: 'CNAME',
                  data: `a${i + 1}.test`,
                  ttl: 60,
                }) as const,
            ),
            { name: `a${length}.test`, type: 'A', data: '192.0.2.1', ttl: 60 },
          ],
        }),
      )
  await using longest = await staged(chain(DEFAULT_LIMITS.aliases))
  assert.equal((await longest.resolver.ask('mx.test', 'A')).kind, 'found')
  await using longer = await staged(chain(DEFAULT_LIMITS.aliases + 1))
  await assert.rejects(longer.resolver.ask('mx.test', 'A'), fault('malformed'))
})

test('no more sockets are open at once than allowed, and who waits may give up', async () => {
  const gate = Promise.withResolvers<void>()
  await using stage = await staged(
    async (asked) => {
      await gate.promise
      return found(asked)
    },
    { open: 1 },
  )
  const controller = new AbortController()
  const first = stage.resolver.ask('a.test', 'A')
  const second = stage.resolver.ask('b.test', 'A', controller.signal)
  const third = stage.resolver.ask('c.test', 'A')
  await stage.servers[0]!.cameTo(1)
  controller.abort(new Error('waited enough'))
  await assert.rejects(second, /waited enough/)
  assert.equal(stage.count(), 1)
  gate.resolve()
  assert.equal((await first).kind, 'found')
  assert.equal((await third).kind, 'found')
  assert.deepEqual(
    stage.servers[0]!.asked.map(({ name }) => name),
    ['a.test', 'c.test'],
  )
})

test('a resolver that is closed leaves nobody waiting, and no socket open', async () => {
  await using stage = await staged(() => SILENCE)
  const asking = stage.resolver.ask('mx.test', 'A')
  await stage.servers[0]!.cameTo(1)
  const open = (): number => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length
  assert.equal(open(), 2)
  stage.resolver.close()
  await assert.rejects(asking, fault('unreachable'))
  await assert.rejects(stage.resolver.ask('mx.test', 'A'), /closed/)
  for (let turn = 0; turn < 20 && open() > 1; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(open(), 1)
})

test('without a server there is no resolver', () => {
  assert.throws(() => new StubResolver({ servers: [] }), RangeError)
  assert.throws(() => new StubResolver({ servers: ['localhost'] }), /'localhost' is no name server/)
})
