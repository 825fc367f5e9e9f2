import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { callControl, ControlError, createControlSocket, listenControl, MOST_LISTENERS } from './index.ts'
import type { ControlStreams } from './index.ts'

async function controlOf(context: TestContext, streams: ControlStreams, listenerDeadline?: number) {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-stream-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'control.sock')
  const verbs = { ping: () => Promise.resolve('pong') }
  const socket = createControlSocket({ path, verbs, streams, ...(listenerDeadline && { listenerDeadline }) })
  await socket.start?.(new AbortController().signal)
  context.after(() => socket.stop?.())
  return { path, stop: () => socket.stop?.() }
}

const never = (): AbortSignal => new AbortController().signal

async function all(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const found = []
  for await (const value of values) found.push(value)
  return found
}

test('values come one by one, whatever characters they have, and end with the source', async (context) => {
  const { path } = await controlOf(context, {
    async *count(argument) {
      yield argument
      yield 'a\nb\u{2028}c'
    },
  })
  assert.deepEqual(await all(await listenControl(path, 'count', { from: 1 }, never())), [
    { from: 1 },
    'a\nb\u{2028}c',
  ])
})

test('a listener is told that it is heard before there is anything to tell', async (context) => {
  const { path } = await controlOf(context, {
    async *quiet(_, signal) {
      await once(signal, 'abort')
      yield* []
    },
  })
  const leaving = new AbortController()
  const values = await listenControl(path, 'quiet', null, leaving.signal)
  leaving.abort()
  assert.deepEqual(await all(values), [])
})

test('a source hears that its listener left', async (context) => {
  const left = Promise.withResolvers<void>()
  const { path } = await controlOf(context, {
    async *quiet(_, signal) {
      await once(signal, 'abort')
      left.resolve()
      yield* []
    },
  })
  const leaving = new AbortController()
  await listenControl(path, 'quiet', null, leaving.signal)
  leaving.abort()
  await left.promise
})

test('a refusal is a refusal, at once or later', async (context) => {
  const { path } = await controlOf(context, {
    never() {
      throw new ControlError('notFound', 'nobody there')
    },
    async *later() {
      yield 1
      throw new ControlError('failure', 'no more')
    },
  })
  await assert.rejects(listenControl(path, 'never', null, never()), { fault: 'notFound' })
  await assert.rejects(listenControl(path, 'constructor', null, never()), { fault: 'usage' })
  const values = await listenControl(path, 'later', null, never())
  await assert.rejects(all(values), { fault: 'failure', message: 'no more' })
})

test('a source is not read faster than its listener reads, and a listener that stopped reading is cut', async (context) => {
  let given = 0
  const ended = Promise.withResolvers<void>()
  const { path } = await controlOf(
    context,
    {
      async *flood() {
        try {
          for (;;) {
            given++
            yield 'x'.repeat(100_000)
          }
        } finally {
          ended.resolve()
        }
      },
    },
    50,
  )
  const socket = connect(path)
  context.after(() => socket.destroy())
  socket.pause()
  socket.write('POST /v1/flood HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
  await ended.promise
  assert.ok(given < 200, `${given} values were made for nobody`)
})

test('listeners leave room for those who ask', async (context) => {
  const { path } = await controlOf(context, {
    async *quiet(_, signal) {
      await once(signal, 'abort')
      yield* []
    },
  })
  const leaving = new AbortController()
  await Promise.all(
    Array.from({ length: MOST_LISTENERS }, () => listenControl(path, 'quiet', null, leaving.signal)),
  )
  await assert.rejects(listenControl(path, 'quiet', null, leaving.signal), { fault: 'failure' })
  assert.equal(await callControl(path, 'ping', null), 'pong')
  leaving.abort()
})

test('a listener hears that the system stopped', async (context) => {
  const { path, stop } = await controlOf(context, {
    async *quiet(_, signal) {
      await once(signal, 'abort')
      yield* []
    },
  })
  const values = await listenControl(path, 'quiet', null, never())
  await stop()
  await assert.rejects(all(values), { fault: 'unreachable' })
})
