// Nobody's mail waits for somebody else's host.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { relayed, FACTS, Gate, refusing, RelayStage, taking, type Behaviour } from './relay-stage.ts'

/** Nobody answers, and it takes long to find out. */
const hanging: Behaviour = (_, signal) =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'idle' }), { once: true })
  })

test('ten thousand messages for a dead host do not keep one for a live host waiting', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('dead.test', refusing())
  await stage.sendMany(10_000, 'dead.test')
  stage.start()
  // The sweep is under way, and far from its end.
  while (stage.ended.length < 200) await stage.quiet(1)
  await stage.send('live.test')
  while (stage.relayedTo('live.test') === 0) await stage.quiet(1)
  assert.ok(stage.ended.length < 5_000, `${stage.ended.length} before it`)
  while (stage.ended.length < 10_001) await stage.quiet(1)
  assert.equal(stage.runs.filter(({ destination }) => destination === 'dead.test').length, 5)
})

test('each of ten thousand has a retry time of its own, after the back-off of the destination', async () => {
  let seed = 1
  await using stage = new RelayStage({
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
  })
  stage.hosts.set('dead.test', refusing())
  await stage.sendMany(500, 'dead.test')
  stage.start()
  while (stage.ended.length < 500) await stage.quiet(1)
  const { outcome } = stage.ended[0]!
  assert.equal(outcome.state, 'mixed')
  const times = stage.ended.map(({ outcome: { ...of } }) => (of.state === 'mixed' ? of.notBefore : 0))
  assert.ok(new Set(times).size > 5, 'spread')
  for (const [i, time] of times.entries()) {
    assert.ok(time >= stage.ended[i]!.ending.notBefore, 'not before the destination is tried again')
    assert.ok(time - stage.clock.now() <= 72_000)
  }
})

test('hosts that hang in connect cannot have all connections: what went well has its share', async () => {
  await using stage = new RelayStage({ settings: { connections: 8, idle: 100 } })
  stage.start()
  await stage.send('good.test')
  await stage.quiet()
  await stage.pass(200)
  assert.equal(stage.relay.connections, 0)
  for (let n = 0; n < 50; n++) {
    stage.hosts.set(`hanging-${n}.test`, hanging)
    await stage.send(`hanging-${n}.test`)
  }
  await stage.quiet()
  assert.equal(stage.relay.connections, 6)
  await stage.send('good.test')
  await stage.quiet()
  assert.equal(stage.relayedTo('good.test'), 2)
})

test('who could not be reached of late has a quarter of the connections at most', async () => {
  await using stage = new RelayStage({ settings: { connections: 8 } })
  const dead = Array.from({ length: 20 }, (_, n) => `dead-${n}.test`)
  for (const name of dead) stage.hosts.set(name, refusing())
  stage.start()
  for (const name of dead) await stage.send(name)
  await stage.quiet(200)
  for (const name of dead) stage.hosts.set(name, hanging)
  await stage.pass(2 * 60_000, 10_000)
  assert.equal(stage.relay.connections, 2)
  assert.equal(stage.relay.waiting, 18)
})

test('one destination cannot have more connections than one may have, however much waits', async () => {
  const gate = new Gate()
  await using stage = new RelayStage({ settings: { connectionsPerDestination: 3, firstConnections: 3 } })
  stage.hosts.set('slow.test', gate.behaviour)
  await stage.sendMany(100, 'slow.test')
  stage.start()
  for (let n = 0; n < 20; n++) {
    await stage.quiet(5)
    gate.open()
  }
  assert.equal(stage.most.get('slow.test'), 3)
})

test('none has a second connection as long as another waits for its first', async () => {
  const [slow, other] = [new Gate(), new Gate()]
  await using stage = new RelayStage({ settings: { connections: 4 } })
  stage.hosts.set('slow.test', slow.behaviour)
  stage.hosts.set('other.test', other.behaviour)
  await stage.sendMany(200, 'slow.test')
  stage.start()
  await stage.quiet()
  assert.equal(stage.running.get('slow.test'), 3, 'what may be tried of four')
  await stage.send('other.test')
  await stage.quiet()
  slow.open(1)
  await stage.quiet()
  assert.deepEqual([stage.running.get('slow.test'), stage.running.get('other.test')], [3, 1])
  for (let n = 0; n < 10; n++) {
    slow.open(1)
    await stage.quiet(10)
  }
  assert.equal(stage.running.get('other.test'), 1)
})

test('destinations take turns when there are more of them than connections', async () => {
  await using stage = new RelayStage({ settings: { connections: 1 } })
  const order: string[] = []
  const behaviour: Behaviour = async (feed) => {
    for (let next = feed.next(); next !== undefined; next = feed.next()) {
      order.push(feed.lane.destination)
      feed.done(next, relayed(next), FACTS)
    }
    return { kind: 'served', isCut: await feed.more() }
  }
  for (const name of ['a.test', 'b.test', 'c.test']) {
    stage.hosts.set(name, behaviour)
    await stage.sendMany(50, name)
  }
  stage.start()
  await stage.quiet(100)
  assert.equal(order.length, 150)
  const turns = order.filter((name, i) => name !== order[i - 1])
  assert.ok(turns.length >= 6, turns.join(' '))
})

test('an idle connection is left at once when somebody needs its place', async () => {
  await using stage = new RelayStage({ settings: { connections: 1 } })
  stage.start()
  await stage.send('a.test')
  await stage.quiet()
  assert.equal(stage.running.get('a.test'), 1, 'it is kept')
  await stage.send('b.test')
  await stage.quiet()
  assert.equal(stage.relayedTo('b.test'), 1)
  assert.equal(stage.running.get('a.test'), 0)
})

test('mail that asks for TLS does not wait for mail that does not, nor fail with it', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('mixed.test', (feed, signal) =>
    feed.lane.wish.required ? refusing(NO_TLS)(feed, signal) : taking()(feed, signal),
  )
  stage.start()
  for (let n = 0; n < 20; n++) await stage.send('mixed.test', n % 2 === 0 ? { requireTls: true } : {})
  await stage.quiet(100)
  assert.equal(stage.relayedTo('mixed.test'), 10)
  assert.equal((await stage.waiting()).length, 10)
})

const NO_TLS = { kind: 'deferred', status: '4.7.30', reason: 'no TLS there' } as const

test('REQUIRETLS wins over TLS-Required: No', async () => {
  await using stage = new RelayStage()
  const wishes: unknown[] = []
  stage.hosts.set('both.test', (feed, signal) => {
    wishes.push(feed.lane.wish)
    return taking()(feed, signal)
  })
  stage.start()
  await stage.send('both.test', { requireTls: true, tlsOptional: true })
  await stage.send('both.test', { tlsOptional: true })
  await stage.quiet()
  assert.deepEqual(wishes, [
    { required: true, optional: false },
    { required: false, optional: true },
  ])
})
