import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ManualClock } from '@cartero/wire'

import {
  Activities,
  CUT_GRACE,
  DRAIN_DEADLINE,
  group,
  HEALTH_DEADLINE,
  Lifecycle,
  OperatorError,
} from './index.ts'
import { STOP_DEADLINE } from './index.ts'
import type { Component, LifecycleLog } from './index.ts'

/** Notes what is called, in order. */
function recorded(
  names: readonly string[],
  notes: string[],
  overrides: Record<string, Partial<Component>> = {},
) {
  return names.map((name): Component => ({
    name,
    start: () => void notes.push(`start ${name}`),
    drain: () => void notes.push(`drain ${name}`),
    stop: () => void notes.push(`stop ${name}`),
    ...overrides[name],
  }))
}

function notebook(): LifecycleLog & {
  readonly events: { event: string; fields: Readonly<Record<string, unknown>> }[]
} {
  const events: { event: string; fields: Readonly<Record<string, unknown>> }[] = []
  const note = (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    void events.push({ event, fields })
  return { events, info: note, warn: note, error: note }
}

/** Lets what is already settled run on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

const never = (): Promise<void> => new Promise(() => undefined)

test('components start in order, drain together and stop in reverse', async () => {
  const notes: string[] = []
  const lifecycle = new Lifecycle({ name: 'a', components: recorded(['store', 'edge'], notes) })
  await lifecycle.start()
  assert.equal(lifecycle.phase, 'ready')
  await lifecycle.shutdown()
  assert.deepEqual(notes, [
    'start store',
    'start edge',
    'drain store',
    'drain edge',
    'stop edge',
    'stop store',
  ])
  assert.equal(lifecycle.phase, 'stopped')
})

test('a failed start leaves nothing open and says who failed, why and what to do', async () => {
  const notes: string[] = []
  const failing = { start: () => Promise.reject(new OperatorError('port 25 is in use', 'use --port-base')) }
  const components = recorded(['store', 'edge', 'late'], notes, { edge: failing })
  const lifecycle = new Lifecycle({ name: 'a', components })
  await assert.rejects(lifecycle.start(), {
    name: 'StartError',
    message: 'edge did not start: port 25 is in use',
    component: 'edge',
    remedy: 'use --port-base',
  })
  assert.deepEqual(notes, ['start store', 'stop store'])
  assert.deepEqual(await lifecycle.shutdown(), [])
})

test('a failure inside a group keeps its remedy, and the group closes what it had opened', async () => {
  const notes: string[] = []
  const failing = { start: () => Promise.reject(new OperatorError('no space', 'free some')) }
  const inner = group('msa', recorded(['one', 'two'], notes, { two: failing }))
  const lifecycle = new Lifecycle({ name: 'a', components: [...recorded(['store'], notes), inner] })
  await assert.rejects(lifecycle.start(), {
    message: 'msa did not start: two did not start: no space',
    remedy: 'free some',
  })
  assert.deepEqual(notes, ['start store', 'start one', 'stop one', 'stop store'])
})

test('a shutdown during the start gives the start up and closes what was open', async () => {
  const notes: string[] = []
  const slow: Partial<Component> = {
    start: (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  }
  const lifecycle = new Lifecycle({
    name: 'a',
    components: recorded(['store', 'slow', 'late'], notes, { slow }),
  })
  const started = lifecycle.start()
  await settle()
  const ended = lifecycle.shutdown('SIGTERM')
  await assert.rejects(started, /slow did not start: told to end \(SIGTERM\)/)
  await ended
  assert.equal(lifecycle.phase, 'stopped')
  assert.deepEqual(notes, ['start store', 'stop store'])
})

test('while draining the process is not ready, so no new work is sent to it', async () => {
  const drained = Promise.withResolvers<void>()
  const lifecycle = new Lifecycle({ name: 'a', components: [{ name: 'edge', drain: () => drained.promise }] })
  await lifecycle.start()
  assert.equal((await lifecycle.health()).ready, true)
  const ended = lifecycle.shutdown()
  await settle()
  assert.deepEqual(await lifecycle.health(), {
    phase: 'draining',
    ready: false,
    checks: [{ name: 'edge', health: { status: 'ok' } }],
  })
  drained.resolve()
  await ended
})

test('a stuck drain is cut at the deadline, and the log names who and what it waited for', async () => {
  const clock = new ManualClock()
  const log = notebook()
  const activities = new Activities(clock)
  const notes: string[] = []
  const components = recorded(['store', 'mda'], notes, { mda: { drain: never } })
  const lifecycle = new Lifecycle({ name: 'a', components }, { clock, log, activities })
  await lifecycle.start()
  activities.begin('commit 0K3M')
  const ended = lifecycle.shutdown()
  await settle()
  clock.advance(DRAIN_DEADLINE - 1)
  await settle()
  assert.equal(lifecycle.phase, 'draining')
  clock.advance(1)
  await settle()
  clock.advance(CUT_GRACE)
  await ended
  const cut = log.events.find(({ event }) => event === 'agent.drain-cut')
  assert.equal(cut?.fields['because'], 'the drain took longer than 30 s')
  const draining = log.events.find(({ event }) => event === 'agent.draining')
  assert.equal(draining?.fields['deadlineSeconds'], 30)
  assert.deepEqual(cut?.fields['components'], ['mda'])
  assert.deepEqual(cut?.fields['activities'], ['commit 0K3M (30 s)'])
  assert.deepEqual(notes.at(-1), 'stop store')
})

test('a drain that is hurried is told so by its signal, and may still hand back what it holds', async () => {
  const clock = new ManualClock()
  const notes: string[] = []
  const drain = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) =>
      signal.addEventListener('abort', () => setImmediate(() => (notes.push('given back'), resolve()))),
    )
  const lifecycle = new Lifecycle(
    { name: 'a', components: recorded(['mda'], notes, { mda: { drain } }) },
    { clock },
  )
  await lifecycle.start()
  const ended = lifecycle.shutdown()
  await settle()
  lifecycle.hurry()
  await ended
  assert.deepEqual(notes, ['start mda', 'given back', 'stop mda'])
})

test('a start is told with the time since the process began, as the operator waited for it', async () => {
  const clock = new ManualClock()
  const log = notebook()
  const lifecycle = new Lifecycle({ name: 'a', components: [] }, { clock, log, begun: clock.now() - 600.4 })
  await lifecycle.start()
  const ready = log.events.find(({ event }) => event === 'agent.ready')
  assert.equal(ready?.fields['milliseconds'], 600)
})

test('a drain waits for labelled activities to end', async () => {
  const activities = new Activities()
  const lifecycle = new Lifecycle({ name: 'a', components: [] }, { activities })
  await lifecycle.start()
  const activity = activities.begin('settle')
  const ended = lifecycle.shutdown()
  await settle()
  assert.equal(lifecycle.phase, 'draining')
  activity.end()
  activity.end()
  await ended
  assert.equal(activities.count, 0)
})

test('one component that does not stop does not keep the others from stopping', async () => {
  const clock = new ManualClock()
  const notes: string[] = []
  const overrides = { bad: { stop: () => Promise.reject(new Error('disk')) }, hung: { stop: never } }
  const lifecycle = new Lifecycle(
    { name: 'a', components: recorded(['store', 'bad', 'hung'], notes, overrides) },
    { clock },
  )
  await lifecycle.start()
  const ended = lifecycle.shutdown()
  await settle()
  clock.advance(STOP_DEADLINE)
  const failures = await ended
  assert.deepEqual(
    failures.map(({ message }) => message),
    [
      `hung did not stop well: Error: still not stopped after ${STOP_DEADLINE} ms`,
      'bad did not stop well: Error: disk',
    ],
  )
  assert.equal(notes.at(-1), 'stop store')
})

test('a component that fails, throws or never answers makes the process not ready', async () => {
  const clock = new ManualClock()
  const components: Component[] = [
    { name: 'fine' },
    { name: 'less', health: () => ({ status: 'degraded', reason: 'self-signed', hint: 'set tls' }) },
    { name: 'thrower', health: () => Promise.reject(new Error('gone')) },
    { name: 'mute', health: () => new Promise(() => undefined) },
  ]
  const lifecycle = new Lifecycle({ name: 'a', components }, { clock })
  await lifecycle.start()
  const asked = lifecycle.health()
  await settle()
  clock.advance(HEALTH_DEADLINE)
  const report = await asked
  assert.equal(report.ready, false)
  assert.deepEqual(
    report.checks.map(({ health }) => health.status),
    ['ok', 'degraded', 'failing', 'failing'],
  )
})

test('a degraded component does not take the process out of service', async () => {
  const components: Component[] = [
    { name: 'tls', health: () => ({ status: 'degraded', reason: 'r', hint: 'h' }) },
  ]
  const lifecycle = new Lifecycle({ name: 'a', components })
  await lifecycle.start()
  assert.equal((await lifecycle.health()).ready, true)
})

test('a lifecycle that goes out of scope has stopped its components', async () => {
  const notes: string[] = []
  {
    await using lifecycle = new Lifecycle({ name: 'a', components: recorded(['one'], notes) })
    await lifecycle.start()
  }
  assert.deepEqual(notes, ['start one', 'drain one', 'stop one'])
})
