import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { dial, Listener, TlsServer, type DialOptions } from '@cartero/wire/node'
import { CERTIFICATE, KEY } from '@cartero/testkit'
import { EchoMachine } from './echo-machine.ts'

const clock = new ManualClock()
const tls = new TlsServer({ certificate: CERTIFICATE, key: KEY })

function listener(implicitTls: boolean): Listener {
  return new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    tls,
    implicitTls,
    accept: () => ({ machine: new EchoMachine(), decide: (question) => question }),
  })
}

function call(
  port: number,
  machine: EchoMachine,
  more: Partial<DialOptions> = {},
): Promise<Error | undefined> {
  const role = { machine, decide: (question: unknown) => question as string }
  const signal = new AbortController().signal
  return dial({ host: '127.0.0.1', port, clock, role, signal, tls: { unverified: 'accept' }, ...more })
}

describe('a client', () => {
  const [plain, secured] = [listener(false), listener(true)]
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  before(() => Promise.all([plain.listen(), secured.listen(), once(silent, 'listening')]))
  after(async () => {
    await Promise.all([plain, secured].map((server) => server.drain(AbortSignal.abort())))
    silent.close()
  })

  for (const [name, server, implicitTls] of [
    ['in the clear', plain, false],
    ['in TLS from the start', secured, true],
  ] as const) {
    test(`converses ${name} and returns when the connection is over`, async () => {
      const machine = new EchoMachine('quit')
      await call(server.port, machine, { implicitTls })
      assert.deepEqual(machine.seen, ['hello', 'disconnected'])
    })
  }

  test('that is told to leave does not wait for its server', async () => {
    const machine = new EchoMachine('quit')
    const leaving = new AbortController()
    const { port } = silent.address() as AddressInfo
    const calling = call(port, machine, { signal: leaving.signal })
    const [socket] = await once(silent, 'connection')
    await once(socket, 'data')
    leaving.abort()
    await calling
    assert.deepEqual(machine.seen, ['disconnected'])
    socket.destroy()
  })

  for (const [when, leaveNow] of [
    ['in the middle of a conversation', false],
    ['before there is a connection', true],
  ] as const) {
    test(`that is asked to leave ${when} says goodbye first`, async () => {
      const leaving = new AbortController()
      const { port } = silent.address() as AddressInfo
      if (leaveNow) leaving.abort()
      const calling = call(port, new EchoMachine(), { leave: leaving.signal })
      const [socket] = (await once(silent, 'connection')) as [Socket]
      let heard = ''
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString()))
      await once(socket, 'data')
      leaving.abort()
      await once(socket, 'end')
      socket.end()
      await calling
      assert.match(heard, /^hello\r?\n.*going\r?\n$/s)
    })
  }

  test('that is told to leave during the TLS handshake does not wait for its end', async () => {
    const leaving = new AbortController()
    const { port } = silent.address() as AddressInfo
    const calling = call(port, new EchoMachine(), { implicitTls: true, signal: leaving.signal })
    const [socket] = await once(silent, 'connection')
    await once(socket, 'data')
    leaving.abort()
    await assert.rejects(calling)
    socket.destroy()
  })

  test('that finds nobody is told why', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    await assert.rejects(call(port, new EchoMachine()), { code: 'ECONNREFUSED' })
  })
})
