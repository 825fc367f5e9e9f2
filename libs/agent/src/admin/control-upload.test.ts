import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { ControlError, createControlSocket, uploadControl } from './index.ts'
import type { ControlUploads } from './index.ts'
import { MOST_ARGUMENT_OCTETS } from './control-upload.ts'

async function controlOf(context: TestContext, uploads: ControlUploads): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-upload-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'control.sock')
  const socket = createControlSocket({ path, verbs: {}, uploads })
  await socket.start?.(new AbortController().signal)
  context.after(() => socket.stop?.())
  return path
}

async function* pieces(count: number, octets = 100_000): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(octets, 0x61 + (i % 26))
}

test('octets come as they were sent, behind their argument, and their end is answered', async (context) => {
  const path = await controlOf(context, {
    async count(argument, octets) {
      let size = 0
      for await (const piece of octets) size += piece.length
      return { argument, size }
    },
  })
  const answer = await uploadControl(path, 'count', { a: 'b\nc' }, pieces(50))
  assert.deepEqual(answer, { argument: { a: 'b\nc' }, size: 5_000_000 })
  assert.deepEqual(await uploadControl(path, 'count', null, pieces(0)), { argument: null, size: 0 })
})

test('a refusal before everything was read is told, and nobody waits', async (context) => {
  const path = await controlOf(context, {
    async no() {
      throw new ControlError('notFound', 'nobody there')
    },
  })
  await assert.rejects(uploadControl(path, 'no', null, pieces(500)), { fault: 'notFound' })
  await assert.rejects(uploadControl(path, 'unknown', null, pieces(1, 1)), { fault: 'usage' })
})

test('octets that break off are never taken for the end', async (context) => {
  const { promise: outcome, resolve } = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  const path = await controlOf(context, {
    async take(_argument, octets) {
      begun.resolve()
      try {
        for await (const piece of octets) void piece
        resolve('whole')
      } catch {
        resolve('broken')
      }
    },
  })
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    await begun.promise
    throw new Error('the pipe broke')
  }
  await assert.rejects(uploadControl(path, 'take', null, broken()), /the pipe broke/)
  assert.equal(await outcome, 'broken')
})

test('one who dies on the way is not taken for the end, either', async (context) => {
  const { promise: outcome, resolve } = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  const path = await controlOf(context, {
    async take(_argument, octets, signal) {
      begun.resolve()
      try {
        for await (const piece of octets) void piece
        resolve('whole')
      } catch {
        if (!signal.aborted) await once(signal, 'abort')
        resolve('broken')
      }
    },
  })
  const socket = connect(path)
  socket.write('POST /v1/take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nnull\n\r\n')
  await begun.promise
  socket.destroy()
  assert.equal(await outcome, 'broken')
})

test('MOST_ARGUMENT_OCTETS: an argument without end is not held in memory', async (context) => {
  const path = await controlOf(context, { take: async () => undefined })
  const endless = 'x'.repeat(2 * MOST_ARGUMENT_OCTETS)
  await assert.rejects(uploadControl(path, 'take', endless, pieces(0)), {
    fault: 'usage',
    message: /at most 1048576 octets/,
  })
  assert.equal(await uploadControl(path, 'take', endless.slice(0, MOST_ARGUMENT_OCTETS / 2), pieces(0)), null)
})

test('an argument that does not end, or is none, is refused', async (context) => {
  const path = await controlOf(context, { take: async () => undefined })
  for (const body of ['{"a":', '{"a":\n']) {
    const socket = connect(path)
    socket.end(`POST /v1/take HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 400 /)
  }
})
