import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createLoggerTo } from '@cartero/agent/telemetry'
import type { Reclaimed, ReferenceOwner } from '@cartero/content'
import { ManualClock } from '@cartero/wire'

import { LOW_INTERVAL, reclaimer } from './reclaimer.ts'

const EVERY = 60_000
const spool: ReferenceOwner = { referenced: () => Promise.resolve([]) }
const mailStore: ReferenceOwner = { referenced: () => Promise.resolve([]) }

function setUp(
  reclaim: (owners: readonly ReferenceOwner[], signal: AbortSignal) => Promise<Reclaimed>,
  whenLow = (_signal: AbortSignal): Promise<void> => new Promise(() => {}),
  check = (): Promise<void> => Promise.resolve(),
) {
  const clock = new ManualClock()
  const events: string[] = []
  const logger = createLoggerTo((line) => void events.push((JSON.parse(line) as { event: string }).event))
  const component = reclaimer({
    stores: { open: { content: { reclaim, whenLow }, spool, mailStore } },
    check,
    every: EVERY,
    logger,
    clock,
  })
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds)
    await new Promise(setImmediate)
  }
  const round = async (): Promise<void> => {
    // The rest after a round, then what is left of the interval.
    await pass(LOW_INTERVAL)
    await pass(EVERY - LOW_INTERVAL)
  }
  return { component, events, round, pass }
}

test('whoever refers to content is asked, or mail that is kept would be thrown away', async () => {
  const asked: (readonly ReferenceOwner[])[] = []
  const { component, events, round } = setUp((owners) => {
    asked.push(owners)
    return Promise.resolve({ freed: 4_096, moved: 0 })
  })
  await component.start?.(new AbortController().signal)
  assert.equal(asked.length, 0)
  await round()
  await component.stop?.()
  assert.deepEqual(asked, [[spool, mailStore]])
  assert.deepEqual(events, ['content.reclaimed'])
})

test('nothing is thrown away while mail is under way that no store knows', async () => {
  const { component, events, round } = setUp(
    () => assert.fail('it was'),
    undefined,
    () => Promise.reject(new Error('handed over long ago')),
  )
  await component.start?.(new AbortController().signal)
  await round()
  await component.stop?.()
  assert.deepEqual(events, ['content.reclaim-failed'])
})

test('a round that fails is told, and is not the last one', async () => {
  let rounds = 0
  const { component, events, round } = setUp(() => {
    rounds++
    return Promise.reject(new Error('disk'))
  })
  await component.start?.(new AbortController().signal)
  await round()
  await round()
  await component.stop?.()
  assert.equal(rounds, 2)
  assert.deepEqual(events, ['content.reclaim-failed', 'content.reclaim-failed'])
})

test('a drain ends a round that is running, and says nothing of it', async () => {
  const { component, events, round } = setUp(
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  )
  await component.start?.(new AbortController().signal)
  await round()
  await component.drain?.(new AbortController().signal)
  assert.deepEqual(events, [])
})

test('a disk that is nearly full does not wait for its turn, and keeps nobody busy who can free nothing', async () => {
  let rounds = 0
  const low = Promise.withResolvers<void>()
  const { component, pass } = setUp(
    () => {
      rounds++
      return Promise.resolve({ freed: 0, moved: 0 })
    },
    () => low.promise,
  )
  await component.start?.(new AbortController().signal)
  await pass(1)
  assert.equal(rounds, 0)
  low.resolve()
  await pass(0)
  assert.equal(rounds, 1)
  await pass(LOW_INTERVAL - 1)
  assert.equal(rounds, 1)
  await pass(1)
  assert.equal(rounds, 2)
  await component.stop?.()
})
