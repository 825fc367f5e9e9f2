// How many connections a destination gets, and how fast mail goes over them.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FIRST_BACK_OFF_MS } from '../../src/relay/back-off.ts'
import { RELAY_SETTINGS } from '../../src/relay/settings.ts'
import {
  deferred,
  FACTS,
  Gate,
  refusing,
  relayed,
  RelayStage,
  taking,
  type Behaviour,
} from './relay-stage.ts'

const MINUTE = 60_000

/** Each connection takes some time to be made, and each message some time to go over it. */
function paced(stage: RelayStage, setup: number, each: number): Behaviour {
  const wait = (milliseconds: number) =>
    new Promise<void>((resolve) => stage.clock.after(milliseconds, resolve))
  return async (feed) => {
    await wait(setup)
    do {
      for (let next = feed.next(); next !== undefined; next = feed.next()) {
        await wait(each)
        feed.done(next, relayed(next), FACTS)
      }
    } while (await feed.more())
    return { kind: 'served', isCut: false }
  }
}

test('a few messages go over one connection where making another takes longer than they do', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('quick.test', paced(stage, 300, 10))
  stage.start()
  for (let n = 0; n < 10; n++) {
    await stage.sendMany(4, 'quick.test')
    await stage.quiet(5)
    await stage.pass(400, 10)
  }
  assert.equal(stage.relayedTo('quick.test'), 40)
  assert.equal(stage.most.get('quick.test'), 1)
})

test('a heap of mail for one host gets all the connections that one may have, step by step', async () => {
  await using stage = new RelayStage({ settings: { transactionsPerConnection: 1_000 } })
  stage.hosts.set('big.test', paced(stage, 50, 100))
  await stage.sendMany(1_000, 'big.test')
  stage.start()
  await stage.quiet()
  assert.ok(stage.running.get('big.test')! <= 5, 'begins with few')
  await stage.pass(5_000, 50)
  assert.equal(stage.running.get('big.test'), 20)
  await stage.pass(20_000, 50)
  assert.equal(stage.relayedTo('big.test'), 1_000)
  assert.equal(stage.most.get('big.test'), 20)
})

test('a host that refuses further connections keeps those it has, and is not taken for dead', async () => {
  const gate = new Gate()
  let open = 0
  await using stage = new RelayStage()
  stage.hosts.set('full.test', async (feed, signal) => {
    if (open >= 2) return await refusing()(feed, signal)
    open += 1
    return await gate.behaviour(feed, signal).finally(() => (open -= 1))
  })
  await stage.send('full.test')
  stage.start()
  await stage.quiet()
  gate.open()
  await stage.quiet()
  await stage.sendMany(100, 'full.test')
  for (let n = 0; n < 100; n++) {
    await stage.quiet(3)
    gate.open()
  }
  await stage.quiet()
  assert.deepEqual(stage.told, [])
  assert.equal(stage.relayedTo('full.test'), 101)
  assert.ok(stage.runs.length < 10, `${stage.runs.length} calls, though it says no`)
})

test('a dead destination is called once each time, and begins small when it is back', async () => {
  let isDead = true
  await using stage = new RelayStage()
  stage.hosts.set('dead.test', (feed, signal) => (isDead ? refusing() : taking())(feed, signal))
  await stage.sendMany(300, 'dead.test')
  stage.start()
  await stage.quiet(100)
  const first = stage.runs.length
  assert.ok(first <= 5)
  await stage.pass(5 * MINUTE, 5_000)
  assert.equal(stage.runs.length - first, 2)
  isDead = false
  await stage.pass(10 * MINUTE, 5_000)
  assert.equal(stage.relayedTo('dead.test'), 300)
  assert.deepEqual(stage.told.slice(-2), ['unreachable dead.test', 'recovered dead.test'])
})

test('who comes back after a long absence gets all that waited for it, and not bit by bit for hours', async () => {
  let isDead = true
  await using stage = new RelayStage()
  stage.hosts.set('away.test', (feed, signal) => (isDead ? refusing() : taking())(feed, signal))
  await stage.sendMany(50, 'away.test')
  stage.start()
  await stage.pass(10 * 60 * MINUTE, MINUTE)
  isDead = false
  const before = stage.clock.now()
  while (stage.relayedTo('away.test') === 0) await stage.pass(MINUTE)
  await stage.quiet()
  assert.equal(stage.relayedTo('away.test'), 50)
  assert.ok(stage.clock.now() - before <= 4 * 60 * MINUTE * 1.1)
})

test('an urged destination is tried at once, whatever is remembered of it', async () => {
  let isDead = true
  await using stage = new RelayStage()
  stage.hosts.set('dead.test', (feed, signal) => (isDead ? refusing() : taking())(feed, signal))
  await stage.sendMany(3, 'dead.test')
  stage.start()
  await stage.pass(30 * MINUTE, 10_000)
  isDead = false
  const calls = stage.runs.length
  await stage.spool.urge('dead.test')
  await stage.quiet()
  assert.equal(stage.relayedTo('dead.test'), 3)
  assert.equal(stage.runs[calls]?.isUrged, true)
})

test('a destination that is urged before anything is known of it is urged for its hosts, too', async () => {
  await using stage = new RelayStage()
  await stage.send('new.test')
  await stage.spool.urge('new.test')
  stage.start()
  await stage.quiet()
  assert.deepEqual(
    stage.runs.map(({ isUrged }) => isUrged),
    [true],
  )
})

test('new mail for a dead destination hears why at once, and does not call it again', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('dead.test', refusing())
  stage.start()
  await stage.send('dead.test')
  await stage.quiet()
  await stage.send('dead.test')
  await stage.quiet()
  assert.equal(stage.runs.length, 1)
  const reasons = (await stage.waiting()).map(({ state, reason }) => `${state}: ${reason}`)
  assert.deepEqual(reasons, Array(2).fill('deferred: mx.dead.test: connection refused'))
})

test('a clock that is set back by an hour does not make a dead destination rest for an hour more', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('dead.test', refusing())
  stage.start()
  await stage.send('dead.test')
  await stage.quiet()
  stage.hosts.delete('dead.test')
  stage.clock.set(stage.clock.now() - 3_600_000)
  await stage.pass(FIRST_BACK_OFF_MS, FIRST_BACK_OFF_MS / 4)
  assert.equal(stage.runs.length, 1)
  await stage.send('dead.test')
  await stage.quiet()
  assert.equal(stage.relayedTo('dead.test'), 1)
})

test('what waits for a dead destination is due by the time of day, and not before it may be called again', async () => {
  await using stage = new RelayStage({
    settings: { retry: { ...RELAY_SETTINGS.retry, waits: [1_000], jitter: 0 } },
  })
  stage.hosts.set('dead.test', refusing())
  stage.start()
  stage.clock.advance(5 * 60_000)
  stage.clock.set(stage.clock.now() + 86_400_000)
  await stage.send('dead.test')
  await stage.quiet()
  const outcome = stage.ended[0]?.outcome
  assert.ok(outcome?.state === 'mixed')
  assert.equal(outcome.notBefore - stage.clock.now(), FIRST_BACK_OFF_MS + 1)
})

test('no more messages a minute go to a destination than it may have, and none is lost by waiting', async () => {
  await using stage = new RelayStage({ settings: { messagesPerMinute: 60 } })
  await stage.sendMany(100, 'limited.test')
  stage.start()
  await stage.quiet()
  assert.equal(stage.relayedTo('limited.test'), 10, 'what may go at once')
  await stage.pass(30_000, 500)
  assert.equal(stage.relayedTo('limited.test'), 40)
  await stage.pass(MINUTE, 500)
  assert.equal(stage.relayedTo('limited.test'), 100)
})

test('a slow limit does not hold a connection between two messages', async () => {
  await using stage = new RelayStage({ limitsOf: () => ({ messagesPerMinute: 2 }) })
  await stage.sendMany(4, 'slow.test')
  stage.start()
  await stage.quiet()
  await stage.pass(10_000, 500)
  assert.equal(stage.relay.connections, 0)
  await stage.pass(2 * MINUTE, 1_000)
  assert.equal(stage.relayedTo('slow.test'), 4)
})

test('a host that ends each connection before it takes mail is called three times, and then rests', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('cutting.test', (feed) => {
    const delivery = feed.next()
    if (delivery !== undefined) feed.giveBack(delivery)
    return Promise.resolve({ kind: 'served', isCut: true })
  })
  stage.start()
  await stage.send('cutting.test')
  await stage.pass(30_000, 500)
  assert.equal(stage.runs.length, 3)
  assert.deepEqual(stage.told, ['unreachable cutting.test'])
})

test('a courier that fails over a message does not fail over it for ever', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('odd.test', (feed) => {
    feed.next()
    return Promise.reject(new TypeError('nobody foresaw this'))
  })
  stage.start()
  await stage.sendMany(2, 'odd.test')
  await stage.pass(MINUTE / 2, 500)
  assert.equal(stage.runs.length, 2)
  assert.equal(stage.errors.length, 2)
  assert.match((await stage.waiting())[0]!.reason!, /nobody foresaw this/)
})

test('a courier that hangs is called back, and what it had comes again', async () => {
  await using stage = new RelayStage()
  let hangs = true
  stage.hosts.set('stuck.test', (feed, signal) => {
    if (!hangs) return taking()(feed, signal)
    const delivery = feed.next()!
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        feed.done(delivery, deferred(delivery), FACTS)
        resolve({ kind: 'idle' })
      })
    })
  })
  stage.start()
  await stage.send('stuck.test')
  await stage.pass(119 * MINUTE, MINUTE)
  assert.equal(stage.running.get('stuck.test'), 1, 'for as long as anything may take')
  hangs = false
  await stage.pass(10 * MINUTE, MINUTE)
  assert.equal(stage.relayedTo('stuck.test'), 1)
})
