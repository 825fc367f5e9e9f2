import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createLoggerTo } from '@cartero/agent/telemetry'
import type { Reclaimed, ReferenceOwner } from '@cartero/content'
import { ManualClock } from '@cartero/wire'

import { reclaimer } from './reclaimer.ts'

const EVERY = 60_000
const spool: ReferenceOwner = { referenced: () => Promise.resolve([]) }
const mailStore: ReferenceOwner = { referenced: () => Promise.resolve([]) }

function setUp(reclaim: (owners: readonly ReferenceOwner[], signal: AbortSignal) => Promise<Reclaimed>) {
  const clock = new ManualClock()
  const events: string[] = []
  const logger = createLoggerTo((line) => void events.push((JSON.parse(line) as { event: string }).event))
  const component = reclaimer({
    stores: { open: { content: { reclaim }, spool, mailStore } },
    every: EVERY,
    logger,
    clock,
  })
  const round = async (): Promise<void> => {
    clock.advance(EVERY)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  return { component, events, round }
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
