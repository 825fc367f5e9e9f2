// How long mail is tried, who hears of it, and when.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { LaneFeed, RunEnding } from '../../src/relay/ports.ts'
import { deferred, FACTS, REFUSED, refusing, relayed, RelayStage, taking } from './relay-stage.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test('mail for a dead host is tried for five days, reported late after four hours, and given back in the end', async () => {
  await using stage = new RelayStage()
  const start = stage.clock.now()
  stage.hosts.set('dead.test', refusing())
  stage.start()
  await stage.send('dead.test')
  await stage.pass(4 * HOUR, MINUTE)
  assert.deepEqual(
    stage.notices.map(({ at, entries }) => [at - start, entries[0]?.action]),
    [[4 * HOUR, 'delayed']],
  )
  await stage.pass(5 * DAY - 4 * HOUR, 10 * MINUTE)
  const end = stage.notices.at(-1)
  assert.ok(end)
  assert.equal(end.entries[0]?.action, 'failed')
  assert.equal(end.entries[0]?.status, '5.4.7')
  assert.match(end.entries[0]?.reason ?? '', /for too long; .*refused/)
  assert.equal(end.at - start, 5 * DAY)
  assert.equal(stage.notices.length, 2)
  assert.deepEqual(await stage.waiting(), [])
  // One call each time: about thirty in five days, and never a storm.
  assert.ok(stage.runs.length > 20 && stage.runs.length < 60, `${stage.runs.length} runs`)
})

test('what a host defers is tried again by the schedule, and not by the back-off of a dead one', async () => {
  await using stage = new RelayStage()
  const start = stage.clock.now()
  let tries = 0
  stage.hosts.set(
    'grey.test',
    taking((delivery) => {
      tries += 1
      return tries < 3 ? deferred(delivery, GREY) : [{ kind: 'relayed' }]
    }),
  )
  stage.start()
  await stage.send('grey.test')
  await stage.quiet()
  await stage.pass(10 * MINUTE, 10_000)
  assert.deepEqual(
    stage.ended.map(({ ending }) => ending.endedAt - start),
    [0, MINUTE, 4 * MINUTE],
  )
  assert.deepEqual(stage.told, [])
})

const GREY = {
  kind: 'deferred',
  status: '4.7.1',
  reason: 'greylisted',
  remote: { host: 'mx.grey.test', reply: '450 4.7.1 later' },
} as const

test('mail that its sender wants back by now is not attempted', async () => {
  await using stage = new RelayStage()
  const at = stage.clock.now() + 10 * MINUTE
  await stage.send('late.test', { deliverBy: { at, mode: 'return', trace: false } })
  stage.clock.advance(11 * MINUTE)
  stage.start()
  await stage.quiet()
  assert.equal(stage.ended[0]?.ending.facts, undefined, 'nothing was sent')
  assert.equal(stage.notices[0]?.entries[0]?.status, '5.4.7')
  assert.deepEqual(await stage.waiting(), [])
})

test('mail with a deadline hears of its end at that moment, however long the next wait would be', async () => {
  await using stage = new RelayStage()
  const start = stage.clock.now()
  stage.hosts.set('dead.test', refusing())
  stage.start()
  await stage.send('dead.test', { deliverBy: { at: start + 7 * MINUTE, mode: 'return', trace: false } })
  await stage.pass(20 * MINUTE, 30_000)
  assert.deepEqual(
    stage.notices.map(({ at }) => at - start),
    [7 * MINUTE],
  )
})

test('what an operator gives back goes back without an attempt', async () => {
  for (const [kind, status, words] of [
    ['return', '5.7.1', /returned by the operator/],
    ['expire', '5.4.7', /for too long/],
  ] as const) {
    await using stage = new RelayStage()
    const id = await stage.send('far.test')
    for await (const _ of stage.spool.change({ ids: [id] }, { kind }, AbortSignal.timeout(5_000)));
    stage.start()
    await stage.quiet()
    const [entry] = stage.notices[0]?.entries ?? []
    assert.equal(entry?.status, status)
    assert.match(entry?.reason ?? '', words)
    assert.equal(stage.runs.length, 0)
    assert.equal(stage.ended[0]?.ending.facts, undefined)
    assert.deepEqual(await stage.waiting(), [])
  }
})

test('a destination that does not exist fails for what is due, and is asked anew for what comes later', async () => {
  await using stage = new RelayStage()
  const never = { kind: 'failed', status: '5.1.2', reason: 'no such domain' } as const
  stage.hosts.set('typo.test', refusing(never))
  stage.start()
  await stage.sendMany(250, 'typo.test')
  await stage.quiet(100)
  assert.equal(stage.notices.length, 250)
  assert.ok(stage.runs.length <= 5, `${stage.runs.length} runs`)
  stage.hosts.delete('typo.test')
  await stage.send('typo.test')
  await stage.quiet()
  assert.equal(stage.notices.length, 250)
  assert.deepEqual(await stage.waiting(), [])
})

test('notices that nobody wants back are not told twice that they are late', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('dead.test', refusing(REFUSED))
  stage.start()
  await stage.send('dead.test', { reversePath: '' })
  await stage.pass(6 * DAY, 30 * MINUTE)
  assert.equal(stage.notices.length, 0)
  assert.equal((await stage.spool.list({ state: 'expired' }, { limit: 10 })).deliveries.length, 1)
})

test('mail for a host that answers just in time for ever is given back, too, and not begun again without end', async () => {
  await using stage = new RelayStage()
  const start = stage.clock.now()
  stage.hosts.set('tar.test', dripping)
  stage.start()
  await stage.send('tar.test')
  await stage.pass(6 * DAY, 10 * MINUTE)
  assert.deepEqual(
    stage.notices.map(({ entries }) => entries[0]?.action),
    ['delayed', 'failed'],
  )
  assert.match(stage.notices[1]?.entries[0]?.reason ?? '', /kept the connection for too long/)
  assert.ok(stage.notices[0]!.at - start < 8 * HOUR)
  assert.deepEqual(await stage.waiting(), [])
})

test('what a host takes does not help what it never comes to an end with', async () => {
  await using stage = new RelayStage()
  stage.hosts.set('tar.test', async (feed, signal) => {
    const first = feed.next()!
    if (first.message.envelope.reversePath !== 'poison@here.test') feed.done(first, relayed(first), FACTS)
    else feed.giveBack(first)
    return await dripping(feed, signal)
  })
  stage.start()
  await stage.send('tar.test', { reversePath: 'poison@here.test' })
  for (let hour = 0; hour < 6 * 24; hour++) {
    await stage.send('tar.test')
    await stage.pass(HOUR, 10 * MINUTE)
  }
  const failed = stage.notices.filter(({ entries }) => entries[0]?.action === 'failed')
  assert.ok(failed.length > 0)
  assert.deepEqual((await stage.spool.list({ sender: 'poison@here.test' }, { limit: 10 })).deliveries, [])
})

/** Holds the first message until it is called back. */
async function dripping(feed: LaneFeed, signal: AbortSignal): Promise<RunEnding> {
  const delivery = feed.next()
  if (delivery === undefined) return { kind: 'idle' }
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  feed.giveBack(delivery)
  return { kind: 'idle' }
}
