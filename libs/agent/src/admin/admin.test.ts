import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import type { HealthReport } from '../lifecycle/index.ts'
import {
  callControl,
  ControlError,
  createAdminServer,
  createControlSocket,
  MOST_REQUEST_OCTETS,
} from './index.ts'
import type { ControlVerbs } from './index.ts'

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'cartero-admin-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function adminOf(
  context: TestContext,
  report: HealthReport,
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const server = createAdminServer({
    host: '127.0.0.1',
    port: 0,
    health: () => Promise.resolve(report),
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'cartero_x 1\n' }),
  })
  await server.start?.(new AbortController().signal)
  context.after(() => server.stop?.())
  return (path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, init)
}

async function controlOf(context: TestContext, verbs: ControlVerbs): Promise<string> {
  const path = join(folder(context), 'control.sock')
  const socket = createControlSocket({ path, verbs })
  await socket.start?.(new AbortController().signal)
  context.after(() => socket.stop?.())
  return path
}

test('a process that drains is alive and not ready', async (context) => {
  const ask = await adminOf(context, { phase: 'draining', ready: false, checks: [] })
  assert.equal((await ask('/livez')).status, 200)
  const response = await ask('/readyz')
  assert.equal(response.status, 503)
  assert.equal(await response.text(), 'not ready: draining\n')
})

test('the verbose answer names each component, what is wrong and what to do', async (context) => {
  const ask = await adminOf(context, {
    phase: 'ready',
    ready: true,
    checks: [
      { name: 'spool', health: { status: 'ok', detail: '3 waiting' } },
      {
        name: 'tls',
        health: { status: 'degraded', reason: 'the certificate is self-signed', hint: 'set tls.certificate' },
      },
    ],
  })
  const response = await ask('/readyz?verbose')
  assert.equal(response.status, 200)
  assert.equal(
    await response.text(),
    '[+] spool: 3 waiting\n[!] tls: the certificate is self-signed\n    set tls.certificate\nready\n',
  )
})

test('a system with a failing part is not called ready in the same breath', async (context) => {
  const health = { status: 'failing', reason: 'no disk', hint: 'mount it' } as const
  const ask = await adminOf(context, { phase: 'ready', ready: false, checks: [{ name: 'spool', health }] })
  assert.equal(await (await ask('/readyz')).text(), 'not ready: a part is failing\n')
})

test('a scrape gets the metrics with their content type', async (context) => {
  const response = await (await adminOf(context, { phase: 'ready', ready: true, checks: [] }))('/metrics')
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4')
  assert.equal(await response.text(), 'cartero_x 1\n')
})

test('nothing can be changed over the admin port', async (context) => {
  const ask = await adminOf(context, { phase: 'ready', ready: true, checks: [] })
  assert.equal((await ask('/readyz', { method: 'POST' })).status, 405)
  assert.equal((await ask('/v1/account.add')).status, 404)
})

test('a port in use is a fault the operator can mend', async (context) => {
  const other = createServer().listen(0, '127.0.0.1')
  context.after(() => other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const server = createAdminServer({
    host: '127.0.0.1',
    port,
    health: () => Promise.reject(new Error('not asked')),
    metrics: () => Promise.reject(new Error()),
  })
  await assert.rejects(async () => server.start?.(new AbortController().signal), {
    name: 'OperatorError',
    message: `cannot listen on 127.0.0.1:${port}: the port is in use (EADDRINUSE)`,
  })
  await server.stop?.()
})

test('only the owner can reach the control socket, and it is gone after the stop', async (context) => {
  const path = join(folder(context), 'control.sock')
  const socket = createControlSocket({ path, verbs: {} })
  await socket.start?.(new AbortController().signal)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await socket.stop?.()
  assert.equal(existsSync(path), false)
})

test('a verb gets its argument and its result comes back', async (context) => {
  const path = await controlOf(context, { 'account.add': (argument) => Promise.resolve({ got: argument }) })
  assert.deepEqual(await callControl(path, 'account.add', { address: 'a@b' }), { got: { address: 'a@b' } })
})

test('the fault of a refused verb crosses the socket, so that exit codes can tell', async (context) => {
  const path = await controlOf(context, {
    'account.show': () => Promise.reject(new ControlError('notFound', 'no account x@y')),
    broken: () => Promise.reject(new TypeError('oops')),
  })
  await assert.rejects(callControl(path, 'account.show', null), {
    fault: 'notFound',
    message: 'no account x@y',
  })
  await assert.rejects(callControl(path, 'broken', null), { fault: 'failure', message: 'oops' })
  await assert.rejects(callControl(path, 'toString', null), { fault: 'usage' })
})

test('a request without end is refused, not gathered', async (context) => {
  const path = await controlOf(context, { echo: (argument) => Promise.resolve(argument) })
  await assert.rejects(callControl(path, 'echo', 'x'.repeat(MOST_REQUEST_OCTETS)), ControlError)
})

test('a stopped system is told apart from one that refuses', async (context) => {
  await assert.rejects(callControl(join(folder(context), 'control.sock'), 'status', null), {
    fault: 'unreachable',
  })
})

test('another user is told whom to be, instead of an errno', async (context) => {
  const path = await controlOf(context, {})
  chmodSync(path, 0)
  const isRoot = process.getuid?.() === 0
  chmodSync(join(path, '..'), 0o755)
  if (isRoot) process.seteuid?.(65_534)
  try {
    await assert.rejects(callControl(path, 'status', null), {
      name: 'OperatorError',
      message: `cannot ask the system at ${path}: permission denied (EACCES)`,
      remedy: 'run this as the user who runs the system',
    })
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

test('a socket left behind by a killed process does not keep the next one from starting', async (context) => {
  const path = join(folder(context), 'control.sock')
  const { execFileSync } = await import('node:child_process')
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  assert.throws(() => execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' }))
  assert.equal(existsSync(path), true)
  const socket = createControlSocket({ path, verbs: { ping: () => Promise.resolve('pong') } })
  await socket.start?.(new AbortController().signal)
  context.after(() => socket.stop?.())
  assert.equal(await callControl(path, 'ping', null), 'pong')
})

test('two processes cannot run on one data folder', async (context) => {
  const path = await controlOf(context, {})
  const second = createControlSocket({ path, verbs: {} })
  await assert.rejects(
    async () => second.start?.(new AbortController().signal),
    /another process is running on this data folder/,
  )
})
