import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'

import { ManualClock } from '@cartero/wire'

import { OperatorError, runAgent, SAME_SIGNAL, type Component, type Host } from './index.ts'

const taken: Component = {
  name: 'mx',
  start: () => Promise.reject(new OperatorError('cannot listen on :25', 'choose another port')),
}
const buggy: Component = {
  name: 'mx',
  start: () => {
    throw new TypeError('undefined is not a mailbox')
  },
}
const sticky: Component = { name: 'one', stop: () => Promise.reject(new Error('not flushed')) }

function fakeHost(): EventEmitter & Host {
  return new EventEmitter() as EventEmitter & Host
}

test('SIGTERM ends an agent with exit code 0 and leaves no listener behind', async () => {
  const host = fakeHost()
  let stopped = false
  const components: Component[] = [{ name: 'one', stop: () => void (stopped = true) }]
  await runAgent({ name: 'a', components }, { host, onReady: () => host.emit('SIGTERM', 'SIGTERM') })
  assert.equal(stopped, true)
  assert.equal(host.exitCode, 0)
  assert.deepEqual(host.eventNames(), [])
})

test('a second signal cuts a drain that does not end', async () => {
  const host = fakeHost()
  const clock = new ManualClock()
  const drain = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve())
      clock.advance(SAME_SIGNAL)
      host.emit('SIGINT', 'SIGINT')
    })
  await runAgent(
    { name: 'a', components: [{ name: 'edge', drain }] },
    { host, clock, onReady: () => host.emit('SIGINT', 'SIGINT') },
  )
  assert.equal(host.exitCode, 0)
})

test('one Ctrl-C under npm arrives twice and does not cut the drain', async () => {
  const host = fakeHost()
  const clock = new ManualClock()
  let wasCut = true
  const drain = (signal: AbortSignal): void => {
    host.emit('SIGINT', 'SIGINT')
    wasCut = signal.aborted
  }
  await runAgent(
    { name: 'a', components: [{ name: 'edge', drain }] },
    { host, clock, onReady: () => host.emit('SIGINT', 'SIGINT') },
  )
  assert.equal(wasCut, false)
})

test('a start that the operator can mend is explained without a stack', async () => {
  const host = fakeHost()
  const said: string[] = []
  await runAgent({ name: 'a', components: [taken] }, { host, explain: (text) => void said.push(text) })
  assert.equal(said.join(''), 'error: cannot listen on :25\n  fix: choose another port\n')
  assert.equal(host.exitCode, 1)
})

test('a start that fails by a bug shows where', async () => {
  const host = fakeHost()
  const said: string[] = []
  await runAgent({ name: 'a', components: [buggy] }, { host, explain: (text) => void said.push(text) })
  assert.match(
    said.join(''),
    /mx did not start: undefined is not a mailbox\nTypeError: [\s\S]*run-agent\.test\.ts/,
  )
  assert.equal(host.exitCode, 1)
})

test('a signal during the start is no failure', async () => {
  const host = fakeHost()
  const start = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      host.emit('SIGTERM', 'SIGTERM')
    })
  await runAgent({ name: 'a', components: [{ name: 'slow', start }] }, { host, explain: assert.fail })
  assert.equal(host.exitCode, 0)
})

test('an uncaught exception ends the process in order, with exit code 1 and its stack', async () => {
  const host = fakeHost()
  const said: string[] = []
  let stopped = false
  await runAgent(
    { name: 'a', components: [{ name: 'one', stop: () => void (stopped = true) }] },
    {
      host,
      explain: (text) => void said.push(text),
      onReady: () => host.emit('uncaughtException', new Error('a bug')),
    },
  )
  assert.equal(stopped, true)
  assert.match(said.join(''), /error: a bug\nError: a bug\n/)
  assert.equal(host.exitCode, 1)
})

test('a component that does not stop well shows in the exit code', async () => {
  const host = fakeHost()
  await runAgent(
    { name: 'a', components: [sticky] },
    { host, onReady: () => host.emit('SIGTERM', 'SIGTERM') },
  )
  assert.equal(host.exitCode, 1)
})
