import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MOST_PROVIDERS } from '../../src/customer/agent.ts'
import { FIRST_BACK_OFF_MS, MOST_RESUMED } from '../../src/customer/limits.ts'
import { CustomerStage, provider } from './customer-stage.ts'
import { answering, breakingAfter, giving, ScriptedProvider, type Scenario } from './scripted-provider.ts'

const EVERY = 600_000
const NOTHING = answering('453 You have no mail')

/** A provider with one scenario for each visit, and a customer who goes there by himself. */
async function opened(...scenarios: readonly Scenario[]) {
  const edge = await ScriptedProvider.start(...scenarios)
  const stage = await CustomerStage.open([{ port: edge.port, every: EVERY }])
  return {
    edge,
    stage,
    start: () => stage.agent.start!(AbortSignal.timeout(10_000)),
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]()
      await edge[Symbol.asyncDispose]()
    },
  }
}

describe('a customer', () => {
  test('goes to his provider when he starts, and again when it is time', async () => {
    await using pair = await opened(giving(1), NOTHING)
    const { stage } = pair
    await pair.start()
    await stage.over(1)
    stage.ground.clock.advance(EVERY - 1)
    assert.equal(stage.begun, 1)
    stage.ground.clock.advance(1)
    await stage.over(2)
    assert.deepEqual(
      stage.reports.map(({ outcome }) => outcome),
      ['fetched', 'nothing'],
    )
  })

  test('who goes on demand only does not go by himself', async () => {
    await using edge = await ScriptedProvider.start(NOTHING)
    await using stage = await CustomerStage.open([{ port: edge.port }])
    await stage.agent.start!(AbortSignal.timeout(10_000))
    await stage.fetch()
    stage.ground.clock.advance(7 * 86_400_000)
    assert.equal(stage.begun, 1)
  })

  test('whose provider cannot be reached tries again sooner, then later, and is worried at last', async () => {
    await using pair = await opened(async (talk) => talk.drop())
    const { stage } = pair
    await pair.start()
    await stage.over(1)
    stage.ground.clock.advance(FIRST_BACK_OFF_MS)
    await stage.over(2)
    stage.ground.clock.advance(FIRST_BACK_OFF_MS)
    assert.equal(stage.begun, 2)
    assert.equal((await stage.agent.health!()).status, 'ok')
    stage.ground.clock.advance(FIRST_BACK_OFF_MS)
    await stage.over(3)
    const health = await stage.agent.health!()
    assert.equal(health.status, 'degraded')
    assert.match(JSON.stringify(health), /no mail comes from edge.*cartero odmr fetch edge/)
  })

  test('who was cut off in the middle goes on at once, and not for ever', async () => {
    await using pair = await opened(breakingAfter(1))
    const { stage } = pair
    await pair.start()
    for (let visit = 1; visit <= MOST_RESUMED; visit++) {
      await stage.over(visit)
      stage.ground.clock.advance(0)
    }
    await stage.over(MOST_RESUMED + 1)
    stage.ground.clock.advance(FIRST_BACK_OFF_MS - 1)
    assert.equal(stage.begun, MOST_RESUMED + 1)
  })

  test('who is told to go now goes now, and counts the time from then', async () => {
    await using pair = await opened(NOTHING)
    const { stage } = pair
    await pair.start()
    await stage.over(1)
    stage.ground.clock.advance(EVERY / 2)
    await stage.fetch()
    stage.ground.clock.advance(EVERY / 2)
    assert.equal(stage.begun, 2)
    stage.ground.clock.advance(EVERY / 2)
    await stage.over(3)
  })

  test('says when he comes again', async () => {
    await using pair = await opened(NOTHING)
    await pair.start()
    await pair.stage.over(1)
    assert.equal(pair.stage.reports[0]!['next'], '2026-01-01T00:10:00.000Z')
  })
})

describe('two who want mail of one provider', () => {
  test('share a visit, and hear the same', async () => {
    await using edge = await ScriptedProvider.start(giving(2))
    await using stage = await CustomerStage.open([{ port: edge.port }])
    const [one, other] = await Promise.all([stage.fetch(), stage.fetch()])
    assert.deepEqual([one, edge.sessions], [other, 1])
  })

  test('do not keep each other from leaving: the visit goes on for who stays', async () => {
    const [asked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await using edge = await ScriptedProvider.start(async (talk) => {
      await talk.open()
      asked.resolve()
      await go.promise
      talk.say('453 You have no mail')
      await talk.bye()
    })
    await using stage = await CustomerStage.open([{ port: edge.port }])
    const impatient = new AbortController()
    const gone = stage.fetch('edge', impatient.signal)
    const stayed = stage.fetch()
    await asked.promise
    impatient.abort(new Error('no time'))
    await assert.rejects(gone, /no time/)
    go.resolve()
    assert.equal((await stayed).kind, 'nothing')
  })

  test('of different providers do not wait for each other', async () => {
    await using hanging = await ScriptedProvider.start((talk) => talk.gone())
    await using edge = await ScriptedProvider.start(giving(1))
    await using stage = await CustomerStage.open([
      { name: 'hanging', port: hanging.port },
      { name: 'edge', port: edge.port },
    ])
    const waiting = stage.fetch('hanging')
    assert.equal((await stage.fetch('edge')).kind, 'fetched')
    await stage.agent.drain!(AbortSignal.timeout(10_000))
    assert.equal((await waiting).kind, 'failed')
  })
})

test('an error that nobody foresaw is a line in the log, and there is a next visit all the same', async () => {
  await using edge = await ScriptedProvider.start(giving(1))
  let isBroken = true
  await using stage = await CustomerStage.open([{ host: 'edge.test', port: edge.port, every: EVERY }], {
    addressesOf: async () => (isBroken ? ([7] as never) : ['127.0.0.1']),
  })
  assert.deepEqual((await stage.fetch()).kind, 'failed')
  isBroken = false
  stage.ground.clock.advance(FIRST_BACK_OFF_MS)
  await stage.over(2)
  assert.match(JSON.stringify(stage.ground.told('odmr.fetch.bug')), /ERR_INVALID_ARG_TYPE|TypeError/)
  assert.equal(stage.reports[1]!['outcome'], 'fetched')
})

test('providers of one name, and more than can be counted, are a mistake that is told at once', async () => {
  await assert.rejects(CustomerStage.open([{ port: 1 }, { port: 2 }]), /two providers of one name/)
  const many = Array.from({ length: MOST_PROVIDERS + 1 }, (_, i) => provider({ name: `p${i}`, port: 1 }))
  await assert.rejects(CustomerStage.open(many), /more than 40/)
  await using stage = await CustomerStage.open(many.slice(1))
  await stage.metrics.exposition()
})
