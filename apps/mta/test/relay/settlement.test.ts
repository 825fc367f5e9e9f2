// What ended is noted, whatever the stores do meanwhile, and nothing is lost when the relay stops.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ContentStoreError } from '@cartero/content'
import { SpoolError, type Outcome } from '@cartero/spool'

import { MOST_UNSETTLED, SETTLED_TOGETHER } from '../../src/relay/limits.ts'
import { FACTS, Gate, refusing, relayed, RelayStage, taking } from './relay-stage.ts'

const down = () => Promise.reject(new SpoolError('unavailable', 'the disk is away'))

/** What it is told holds at once, and cannot be written. Returns what makes it well again. */
function unable({ spool }: RelayStage): () => void {
  const settle = spool.settle.bind(spool)
  spool.settle = (outcomes) => settle(outcomes).then(down)
  return () => (spool.settle = settle)
}

/** No notice can be written. Returns what makes it well again. */
function mute({ spool }: RelayStage): () => void {
  const begin = spool.begin.bind(spool)
  spool.begin = (envelope) => ({ ...begin(envelope), commit: down })
  return () => (spool.begin = begin)
}

const NO_SUCH_DOMAIN = { kind: 'failed', status: '5.1.2', reason: 'no such domain' } as const

/** Each call of `settle` waits until the test lets it go. */
class SlowSettling {
  readonly batches: number[] = []
  #go: (() => void)[] = []

  constructor(stage: RelayStage) {
    const settle = stage.spool.settle.bind(stage.spool)
    stage.spool.settle = async (outcomes: readonly Outcome[]) => {
      this.batches.push(outcomes.length)
      await new Promise<void>((resolve) => this.#go.push(resolve))
      await settle(outcomes)
    }
  }

  go(): void {
    for (const go of this.#go.splice(0)) go()
  }
}

test('what ends while one settlement runs shares the next, and no courier waits for it', async () => {
  await using stage = new RelayStage()
  const slow = new SlowSettling(stage)
  stage.start()
  await stage.send('one.test')
  await stage.quiet()
  await stage.sendMany(300, 'two.test')
  await stage.quiet(60)
  assert.deepEqual(slow.batches, [1])
  slow.go()
  await stage.quiet()
  assert.deepEqual(slow.batches, [1, 300])
  slow.go()
  await stage.quiet()
  assert.equal(stage.relayedTo('two.test'), 300)
})

test('settlements leave the disk to others in between; the first after a pause is made at once', async () => {
  await using stage = new RelayStage({ gathering: 100 })
  stage.start()
  await stage.send('one.test')
  await stage.quiet()
  assert.equal(stage.relay.unsettled, 0)
  await stage.sendMany(20, 'two.test')
  await stage.pass(99)
  assert.equal(stage.relay.unsettled, 20)
  await stage.pass(1)
  assert.equal(stage.relay.unsettled, 0)
  await stage.pass(100)
  await stage.send('one.test')
  await stage.quiet()
  assert.equal(stage.relay.unsettled, 0)
})

test('couriers get nothing new while too much waits to be settled', async () => {
  await using stage = new RelayStage({ settings: { transactionsPerConnection: 100_000 } })
  const slow = new SlowSettling(stage)
  let sent = 0
  stage.hosts.set(
    'quick.test',
    taking((delivery) => {
      sent += 1
      return relayed(delivery)
    }),
  )
  await stage.sendMany(MOST_UNSETTLED + 500, 'quick.test')
  stage.start()
  await stage.quiet(300)
  assert.ok(sent >= MOST_UNSETTLED && sent < MOST_UNSETTLED + 100, `${sent} sent`)
  for (let n = 0; n < 20; n++) {
    slow.go()
    await stage.quiet()
  }
  assert.equal(stage.relayedTo('quick.test'), MOST_UNSETTLED + 500)
})

test('no further destinations are asked for while too much waits to be settled', async () => {
  await using stage = new RelayStage({ settings: { transactionsPerConnection: 100_000 } })
  const slow = new SlowSettling(stage)
  const told: string[] = []
  const due = stage.spool.due.bind(stage.spool)
  stage.spool.due = async function* (signal) {
    for await (const batch of due(signal)) {
      told.push(...batch.map(({ destination }) => destination))
      yield batch
    }
  }
  await stage.sendMany(MOST_UNSETTLED + 500, 'quick.test')
  stage.start()
  await stage.quiet(300)
  for (const destination of ['first.test', 'second.test']) {
    await stage.send(destination)
    await stage.quiet()
  }
  const toldMeanwhile = [...told]
  for (let n = 0; n < 20; n++) {
    slow.go()
    await stage.pass(100)
  }
  assert.deepEqual(toldMeanwhile, ['quick.test', 'first.test'])
  assert.deepEqual([stage.relayedTo('first.test'), stage.relayedTo('second.test')], [1, 1])
})

test('what a spool could not write is not said again: by then it would be said of the next attempt', async () => {
  await using stage = new RelayStage()
  const gate = new Gate()
  const recipients = [{ address: 'a@far.test' }, { address: 'b@far.test' }]
  stage.hosts.set('far.test', async (feed) => {
    stage.hosts.set('far.test', gate.behaviour)
    feed.done(
      feed.next()!,
      [{ kind: 'relayed' }, { kind: 'deferred', status: '4.5.3', reason: 'too many recipients' }],
      FACTS,
    )
    return { kind: 'served', isCut: false }
  })
  const cure = unable(stage)
  stage.start()
  await stage.send('far.test', { recipients })
  await stage.quiet()
  cure()
  await stage.pass(1)
  await stage.pass(10_000, 1_000)
  const [again] = gate.under
  assert.deepEqual(
    again?.recipients.map(({ address }) => address),
    ['b@far.test'],
  )
  const [leased] = await stage.waiting()
  assert.equal(leased?.state, 'leased')
  gate.open()
  await stage.quiet()
  assert.equal(stage.relayedTo('far.test'), 1)
  assert.deepEqual(await stage.waiting(), [])
})

test('a spool that cannot write is given less and less, and nothing is sent twice for it', async () => {
  await using stage = new RelayStage()
  const cure = unable(stage)
  stage.start()
  await stage.sendMany(2 * SETTLED_TOGETHER, 'far.test')
  await stage.pass(2_500, 500)
  assert.ok(stage.relay.unsettled >= SETTLED_TOGETHER, `${stage.relay.unsettled} wait`)
  await stage.sendMany(5, 'far.test')
  await stage.pass(120_000, 1_000)
  assert.ok(stage.errors.length > 2 && stage.errors.length < 10, `${stage.errors.length} complaints`)
  cure()
  await stage.pass(120_000, 1_000)
  assert.equal(stage.relay.unsettled, 0)
  assert.deepEqual(await stage.waiting(), [])
  assert.equal(stage.relayedTo('far.test'), 2 * SETTLED_TOGETHER + 5)
})

test('nothing more is sent while the spool cannot note it: all of that would be sent again after a crash', async () => {
  await using stage = new RelayStage()
  let sent = 0
  stage.hosts.set('two.test', async (feed) => {
    for (let delivery = feed.next(); delivery !== undefined; delivery = feed.next(), sent++)
      feed.done(delivery, relayed(delivery), FACTS)
    return { kind: 'served', isCut: false }
  })
  const cure = unable(stage)
  stage.start()
  await stage.send('one.test')
  await stage.quiet()
  await stage.sendMany(5, 'two.test')
  await stage.quiet()
  assert.equal(sent, 0)
  cure()
  await stage.pass(5_000, 1_000)
  assert.equal(sent, 5)
})

test('a notice that cannot be written keeps what it is about from being settled, and is written once', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('no.test', refusing(NO_SUCH_DOMAIN))
  await stage.send('no.test')
  const cure = mute(stage)
  stage.start()
  await stage.pass(10_000, 1_000)
  assert.equal(stage.relay.unsettled, 1)
  assert.ok(stage.errors.length > 2 && stage.errors.length < 10, `${stage.errors.length} complaints`)
  cure()
  await stage.pass(60_000, 1_000)
  assert.equal(stage.notices.length, 1)
  assert.deepEqual(await stage.waiting(), [])
})

test('a message whose sender cannot be told keeps no other from being settled, and is not sent again', async () => {
  await using stage = new RelayStage()
  const damaged = () => Promise.reject(new ContentStoreError('io', 'the octets are not what they were'))
  stage.content.read = damaged
  let sent = 0
  stage.hosts.set(
    'far.test',
    taking((delivery) => {
      sent += 1
      return relayed(delivery)
    }),
  )
  stage.start()
  const recipients = [{ address: 'a@far.test', notify: ['success' as const] }]
  await stage.send('far.test', { recipients })
  await stage.send('far.test')
  await stage.pass(3_600_000, 60_000)
  assert.equal(stage.relayedTo('far.test'), 2)
  assert.equal(sent, 2)
  assert.equal(stage.errors.length, 1)
})

test('at the end what is under way is finished, and the rest goes back untouched', async () => {
  const gate = new Gate()
  await using stage = new RelayStage({ settings: { firstConnections: 2, connectionsPerDestination: 2 } })
  stage.hosts.set('slow.test', gate.behaviour)
  await stage.sendMany(50, 'slow.test')
  stage.start()
  await stage.quiet()
  assert.equal(gate.under.size, 2)
  const drained = stage.relay.drain(AbortSignal.timeout(10_000))
  await stage.quiet()
  gate.open()
  await drained
  assert.equal(stage.relayedTo('slow.test'), 2)
  const left = await stage.waiting()
  assert.equal(left.length, 48)
  assert.ok(left.every(({ state, attempts }) => state === 'ready' && attempts === 0))
})

test('who does not finish in time is cut off, and what he had goes back', async () => {
  const gate = new Gate()
  await using stage = new RelayStage()
  stage.hosts.set('slow.test', gate.behaviour)
  await stage.sendMany(10, 'slow.test')
  stage.start()
  await stage.quiet()
  assert.ok(gate.under.size > 0)
  await stage.relay.drain(AbortSignal.abort())
  const left = await stage.waiting()
  assert.equal(left.length, 10)
  assert.ok(left.every(({ state }) => state === 'ready'))
  assert.equal(stage.relay.connections, 0)
})

test('what nobody could be told of at the end goes back, and what another host has does not', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('no.test', refusing(NO_SUCH_DOMAIN))
  await stage.sendMany(3, 'no.test')
  await stage.send('far.test')
  mute(stage)
  stage.start()
  await stage.quiet()
  assert.equal(stage.relay.unsettled, 4)
  await stage.relay.drain(AbortSignal.abort())
  const left = await stage.waiting()
  assert.deepEqual(
    left.map(({ state }) => state),
    ['ready', 'ready', 'ready'],
  )
  assert.equal(stage.relayedTo('far.test'), 1)
  assert.equal(stage.relay.unsettled, 0)
})

test('idle connections end at once when the relay leaves', async () => {
  await using stage = new RelayStage()
  stage.start()
  await stage.send('far.test')
  await stage.quiet()
  assert.equal(stage.relay.connections, 1)
  await stage.relay.drain(AbortSignal.timeout(10_000))
  assert.equal(stage.relay.connections, 0)
})

test('a spool that gives nothing out for a while is asked again', async () => {
  await using stage = new RelayStage()
  const take = stage.spool.take.bind(stage.spool)
  stage.spool.take = down
  stage.start()
  await stage.send('far.test')
  await stage.pass(20_000, 1_000)
  assert.ok(stage.errors.length > 1 && stage.errors.length < 10, `${stage.errors.length} complaints`)
  stage.spool.take = take
  await stage.pass(10_000, 1_000)
  assert.equal(stage.relayedTo('far.test'), 1)
})

test('a spool that says nothing of what is due for a while is listened to again', async () => {
  await using stage = new RelayStage()
  const due = stage.spool.due.bind(stage.spool)
  stage.spool.due = () => {
    throw new SpoolError('unavailable', 'the disk is away')
  }
  stage.start()
  await stage.send('far.test')
  await stage.pass(1_000)
  stage.spool.due = due
  await stage.pass(10_000, 1_000)
  assert.equal(stage.errors.length, 1)
  assert.equal(stage.relayedTo('far.test'), 1)
})

test('what has been at hand for too long is given back before its lease ends', async () => {
  const gate = new Gate()
  await using stage = new RelayStage({ settings: { firstConnections: 1, connectionsPerDestination: 1 } })
  stage.hosts.set('slow.test', gate.behaviour)
  stage.start()
  await stage.sendMany(2, 'slow.test')
  await stage.quiet()
  await stage.pass(11 * 60_000, 60_000)
  const given: string[] = []
  const giveBack = stage.spool.giveBack.bind(stage.spool)
  stage.spool.giveBack = (ids) => {
    given.push(...ids)
    giveBack(ids)
  }
  gate.open()
  await stage.quiet()
  assert.equal(given.length, 1)
  gate.open()
  await stage.quiet()
  assert.equal(stage.relayedTo('slow.test'), 2)
})
