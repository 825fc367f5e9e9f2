// What is remembered, and for how long.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../src/stub/index.ts'
import { address, answer, say, soa } from './scripted-server.ts'
import { fault, found, SERVFAIL, staged } from './stage.ts'

test('an answer is kept for its TTL, and no longer', async () => {
  await using stage = await staged(found)
  await stage.resolver.ask('mx.test', 'A')
  stage.clock.advance(59_999)
  await stage.resolver.ask('MX.test', 'A')
  assert.equal(stage.count(), 1)
  stage.clock.advance(1)
  await stage.resolver.ask('mx.test', 'A')
  assert.equal(stage.count(), 2)
})

test('the shortest TTL on the way counts', async () => {
  await using stage = await staged((asked) =>
    say(
      answer(asked, {
        answers: [
          { name: asked.name, type: 'CNAME', data: 'b.test', ttl: 10 },
          { name: 'b.test', type: 'A', data: '192.0.2.1', ttl: 60 },
        ],
      }),
    ),
  )
  await stage.resolver.ask('mx.test', 'A')
  stage.clock.advance(10_000)
  await stage.resolver.ask('mx.test', 'A')
  assert.equal(stage.count(), 2)
})

test('a TTL of years does not keep a domain from moving, and a negative one is none', async () => {
  for (const [ttl, keptMs] of [
    [0x7f_ff_ff_ff, DEFAULT_LIMITS.keepMs],
    [0xff_ff_ff_ff, 0],
    [0, 0],
  ] as const) {
    await using stage = await staged((asked) =>
      say(answer(asked, { answers: [address(asked, '192.0.2.1', ttl)] })),
    )
    await stage.resolver.ask('mx.test', 'A')
    stage.clock.advance(Math.max(keptMs - 1, 0))
    await stage.resolver.ask('mx.test', 'A')
    assert.equal(stage.count(), keptMs > 0 ? 1 : 2, String(ttl))
    stage.clock.advance(1)
    await stage.resolver.ask('mx.test', 'A')
    assert.equal(stage.count(), keptMs > 0 ? 2 : 3, String(ttl))
  }
})

for (const [code, kind] of [
  [0, 'noData'],
  [3, 'noName'],
] as const)
  test(`${kind} is kept as long as the zone says, and not at all when it says nothing`, async () => {
    let authorities = [soa(30)]
    await using stage = await staged((asked) => say(answer(asked, { rcode: code, authorities })))
    assert.equal((await stage.resolver.ask('mx.test', 'A')).kind, kind)
    stage.clock.advance(29_999)
    await stage.resolver.ask('mx.test', 'A')
    assert.equal(stage.count(), 1)
    stage.clock.advance(1)
    authorities = []
    await stage.resolver.ask('mx.test', 'A')
    assert.equal((await stage.resolver.ask('mx.test', 'A')).kind, kind)
    assert.equal(stage.count(), 3)
    authorities = [soa(1_000_000, 1_000_000)]
    await stage.resolver.ask('mx.test', 'A')
    stage.clock.advance(DEFAULT_LIMITS.keepNothingMs)
    await stage.resolver.ask('mx.test', 'A')
    assert.equal(stage.count(), 5)
  })

test('a failure is remembered for some seconds only', async () => {
  let script = SERVFAIL
  await using stage = await staged((asked) => script(asked))
  await assert.rejects(stage.resolver.ask('mx.test', 'A'), fault('serverFailure'))
  await assert.rejects(stage.resolver.ask('mx.test', 'A'), fault('serverFailure'))
  assert.equal(stage.count(), 1)
  script = found
  stage.clock.advance(DEFAULT_LIMITS.keepFailureMs)
  assert.equal((await stage.resolver.ask('mx.test', 'A')).kind, 'found')
})

test('the cache does not grow without end: what was not used for the longest time goes', async () => {
  await using stage = await staged(found, { cached: 2 })
  for (const name of ['a.test', 'b.test', 'a.test', 'c.test', 'a.test']) await stage.resolver.ask(name, 'A')
  assert.equal(stage.count(), 3)
  await stage.resolver.ask('b.test', 'A')
  assert.equal(stage.count(), 4)
})

test('large answers fill the cache sooner than small ones', async () => {
  await using stage = await staged(found, { cachedOctets: 600 })
  for (const name of ['a.test', 'b.test', 'c.test', 'a.test']) await stage.resolver.ask(name, 'A')
  assert.equal(stage.count(), 4)
  await using tiny = await staged(found, { cachedOctets: 100 })
  for (const name of ['a.test', 'a.test']) await tiny.resolver.ask(name, 'A')
  assert.equal(tiny.count(), 2)
})

test('an answer that is too large to be kept does not make room for itself', async () => {
  await using stage = await staged(
    (asked) =>
      asked.type === 'TXT'
        ? say(
            answer(asked, {
              answers: [{ name: asked.name, type: 'TXT', data: ['x'.repeat(250), 'y'.repeat(250)], ttl: 60 }],
            }),
          )
        : found(asked),
    { cachedOctets: 600 },
  )
  await stage.resolver.ask('a.test', 'A')
  await stage.resolver.ask('b.test', 'TXT')
  await stage.resolver.ask('a.test', 'A')
  assert.equal(stage.count(), 2)
})
