import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_VISIT_LIMITS } from '../../src/customer/agent.ts'
import { CustomerStage, until } from './customer-stage.ts'
import { ScriptedProvider, type Scenario } from './scripted-provider.ts'

const { opening, turn, idle, visit, grace } = DEFAULT_VISIT_LIMITS

/** A provider, and a visit that has begun; `reached` is what the scenario gets to. */
async function begun(scenario: (reached: () => void) => Scenario) {
  const point = Promise.withResolvers<void>()
  const edge = await ScriptedProvider.start(scenario(() => point.resolve()))
  const stage = await CustomerStage.open([{ port: edge.port }])
  const fetching = stage.fetch()
  await point.promise
  return {
    edge,
    stage,
    clock: stage.ground.clock,
    fetching,
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]()
      await edge[Symbol.asyncDispose]()
    },
  }
}

describe('a provider that', () => {
  test('never greets is left when its time is over', async () => {
    await using pair = await begun((reached) => async (talk) => {
      reached()
      await talk.gone()
    })
    pair.clock.advance(opening)
    const { kind, reason } = await pair.fetching
    assert.deepEqual([kind, reason], ['failed', '127.0.0.1 did not let us in within 300 s'])
    assert.equal(pair.stage.reports[0]!['outcome'], 'broken')
  })

  test('says its greeting octet by octet has no more time for it', async () => {
    await using pair = await begun((reached) => async (talk) => {
      for (let i = 0; !talk.isOver; i++) {
        talk.write(i === 0 ? '220-' : 'x')
        if (i === 100) reached()
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    pair.clock.advance(opening)
    assert.match((await pair.fetching).reason!, /did not let us in/)
  })

  test('takes its time for each answer has no more for all of them', async () => {
    let clock: { advance(milliseconds: number): void } | undefined
    await using edge = await ScriptedProvider.start(async (talk) => {
      talk.say('220 edge.test')
      await talk.hear()
      clock!.advance(opening * 0.6)
      talk.say('250-edge.test', '250 AUTH CRAM-MD5')
      await talk.hear()
      clock!.advance(opening * 0.6)
      await talk.gone()
    })
    await using stage = await CustomerStage.open([{ port: edge.port }])
    clock = stage.ground.clock
    assert.match((await stage.fetch()).reason!, /did not let us in/)
    assert.deepEqual(edge.heard, ['EHLO home.test', 'AUTH CRAM-MD5'])
  })

  test('does not answer ATRN has the time that the standard gives it', async () => {
    await using pair = await begun((reached) => async (talk) => {
      await talk.open()
      reached()
      await talk.gone()
    })
    assert.ok(turn >= 600_000)
    pair.clock.advance(turn - 1)
    assert.equal(pair.stage.reports.length, 0)
    pair.clock.advance(1)
    assert.match((await pair.fetching).reason!, /gave no answer to ATRN within 600 s/)
  })

  test('turns the connection and then says nothing is told so, and left', async () => {
    let farewell = ''
    await using pair = await begun((reached) => async (talk) => {
      await talk.open()
      talk.say('250 OK, now reversing the connection')
      await talk.reply()
      reached()
      farewell = await talk.reply()
    })
    pair.clock.advance(idle + 1_000)
    assert.match((await pair.fetching).reason!, /was silent for too long/)
    await until(() => farewell !== '')
    assert.match(farewell, /^421 /)
  })

  test('says nothing in the middle of a message is left with it, and what came before is ours', async () => {
    await using pair = await begun((reached) => async (talk) => {
      await talk.turn()
      await talk.give()
      await talk.ask('MAIL FROM:<bob@elsewhere.test>')
      await talk.ask('RCPT TO:<alice@home.test>')
      await talk.ask('DATA')
      talk.say('Subject: half')
      reached()
      await talk.gone()
    })
    pair.clock.advance(idle + 1_000)
    const { kind, messages, reason } = await pair.fetching
    assert.deepEqual([kind, messages], ['failed', 1])
    assert.match(reason!, /was silent for too long/)
  })

  test('has mail without end is left after a message, and comes to its turn again', async () => {
    let farewell = ''
    await using pair = await begun((reached) => async (talk) => {
      await talk.turn()
      await talk.give()
      reached()
      farewell = await talk.reply()
    })
    pair.clock.advance(visit)
    const { kind, messages, reason } = await pair.fetching
    assert.deepEqual([kind, messages, reason], ['failed', 1, '127.0.0.1 was not done within 14400 s'])
    assert.equal(pair.stage.reports[0]!['outcome'], 'cutOff')
    await until(() => farewell !== '')
    assert.match(farewell, /^421 /)
  })

  test('has a message without end is cut off in it, some time after the visit was to end', async () => {
    await using pair = await begun((reached) => async (talk) => {
      await talk.turn()
      await talk.ask('MAIL FROM:<bob@elsewhere.test>')
      await talk.ask('RCPT TO:<alice@home.test>')
      await talk.ask('DATA')
      reached()
      while (!talk.isOver) {
        talk.say('one line more')
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    // As long as lines come, the silence is never long enough.
    for (let passed = 0; passed < visit; passed += idle / 2) {
      pair.clock.advance(idle / 2)
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    pair.clock.advance(grace)
    const { kind, messages } = await pair.fetching
    assert.deepEqual([kind, messages, pair.stage.reports[0]!['outcome']], ['failed', 0, 'cutOff'])
  })
})

test('a name service that never answers is not waited for longer than a provider', async () => {
  const asked = Promise.withResolvers<AbortSignal>()
  await using stage = await CustomerStage.open([{ host: 'edge.test', port: 1 }], {
    addressesOf: (_host, signal) => {
      asked.resolve(signal)
      return new Promise(() => {})
    },
  })
  const fetching = stage.fetch()
  const signal = await asked.promise
  stage.ground.clock.advance(opening)
  assert.match((await fetching).reason!, /did not let us in/)
  assert.equal(signal.aborted, true)
})
