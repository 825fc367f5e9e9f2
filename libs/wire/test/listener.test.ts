import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ManualClock, type MaybePromise } from '@cartero/wire'
import { Listener, ListenError, TlsServer, type ConnectionHandle, isLoopback } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { open, until } from './sockets.ts'
import { CERTIFICATE, KEY } from '@cartero/testkit'

const clock = new ManualClock()
const machines: EchoMachine[] = []
const handles: ConnectionHandle[] = []
const refusals: string[] = []
let decide: (question: string) => MaybePromise<string> = (question) => question
let ended = Promise.withResolvers<void>()

function listener(port = 0): Listener {
  return new Listener({
    host: '127.0.0.1',
    port,
    clock,
    tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
    accept: (_facts, handle) => {
      const machine = new EchoMachine()
      machines.push(machine)
      handles.push(handle)
      return { machine, decide: (question: string) => decide(question) }
    },
    refused: (_address, reason) => refusals.push(reason),
    closed: () => ended.resolve(),
  })
}

describe('a listener with real sockets', () => {
  const server = listener()
  before(() => server.listen())
  after(() => server.drain(AbortSignal.abort()))

  test('answers of pipelined questions come in order although the first is slow', async () => {
    const gate = Promise.withResolvers<string>()
    decide = (question) => (question === 'slow' ? gate.promise : question)
    const socket = await open(server)
    socket.write('echo slow\r\necho fast\r\n')
    setImmediate(() => gate.resolve('slow'))
    assert.equal(await until(socket, 'fast\r\n'), 'slow\r\nfast\r\n')
    socket.destroy()
  })

  test('a session that rejects does not end the connection', async () => {
    decide = () => Promise.reject(new TypeError('broken'))
    const socket = await open(server)
    socket.write('echo x\r\n')
    assert.equal(await until(socket, '\r\n'), 'failed TypeError\r\n')
    socket.destroy()
  })

  test('a session that never answers is given up, and its late answer is ignored', async () => {
    const gate = Promise.withResolvers<string>()
    decide = () => gate.promise
    const socket = await open(server)
    const asked = machines.at(-1)!
    socket.write('echo x\r\n')
    while (!asked.seen.includes('echo')) await new Promise(setImmediate)
    clock.advance(241_000)
    assert.equal(await until(socket, '\r\n'), 'failed DecisionTimeoutError\r\n')
    gate.resolve('late')
    decide = (question) => question
    socket.write('echo on time\r\n')
    assert.equal(await until(socket, '\r\n'), 'on time\r\n')
    socket.destroy()
  })

  test('a silent peer is told so and left', async () => {
    const socket = await open(server)
    clock.advance(11_000)
    assert.equal(await until(socket, '\r\n'), 'too slow\r\n')
    await once(socket, 'end')
    socket.destroy()
  })

  test('a peer is not cut off because somebody sets the clock, nor given more time', async () => {
    const socket = await open(server)
    clock.set(clock.now() + 86_400_000)
    clock.advance(5_000)
    decide = (question) => question
    socket.write('echo still here\r\n')
    assert.equal(await until(socket, '\r\n'), 'still here\r\n')
    clock.set(clock.now() - 2 * 86_400_000)
    clock.advance(11_000)
    assert.equal(await until(socket, '\r\n'), 'too slow\r\n')
    socket.destroy()
  })

  test('a peer that sends octets and never a line is no more patient company than a silent one', async () => {
    const socket = await open(server)
    const machine = machines.at(-1)!
    for (let i = 1; i <= 3; i++) {
      socket.write('e')
      while (machine.lines.buffered < i) await new Promise(setImmediate)
      clock.advance(3_000)
    }
    clock.advance(2_000)
    assert.equal(await until(socket, '\r\n'), 'too slow\r\n')
    socket.destroy()
  })

  test('plaintext behind STARTTLS is never obeyed', async () => {
    const socket = await open(server)
    const machine = machines.at(-1)!
    socket.write('starttls\r\necho injected\r\n')
    await until(socket, 'go ahead\r\n')
    const secured = connectTls({ socket, rejectUnauthorized: false })
    await until(secured, 'secured TLSv1.3\r\n')
    secured.write('echo honest\r\n')
    decide = (question) => question
    assert.equal(await until(secured, '\r\n'), 'honest\r\n')
    assert.deepEqual(machine.seen, ['starttls', 'echo'])
    secured.destroy()
  })

  test('a failed handshake never falls back to plaintext', async () => {
    const socket = await open(server)
    const machine = machines.at(-1)!
    ended = Promise.withResolvers()
    socket.write('starttls\r\n')
    await until(socket, 'go ahead\r\n')
    socket.write('echo plain\r\n')
    await ended.promise
    assert.deepEqual(machine.seen, ['starttls', 'disconnected'])
  })

  test(
    'a peer that leaves in the midst of a handshake does not hold its socket',
    { timeout: 10_000 },
    async () => {
      const socket = await open(server)
      ended = Promise.withResolvers()
      socket.write('starttls\r\n')
      await until(socket, 'go ahead\r\n')
      socket.end(Buffer.from('160301', 'hex'))
      await ended.promise
      socket.destroy()
    },
  )

  test('what a peer sent before it closed its half is still answered', async () => {
    decide = (question) => Promise.resolve(question)
    const socket = await open(server)
    socket.end('echo last words\r\n')
    assert.equal(await until(socket, '\r\n'), 'last words\r\n')
    await once(socket, 'close')
  })

  test('a peer that does not read is not buffered for without bound, and is cut off in the end', async () => {
    const socket = await open(server)
    const machine = machines.at(-1)!
    ended = Promise.withResolvers()
    socket.pause()
    socket.write('pour 100000\r\n')
    while (!machine.seen.includes('pour')) await new Promise(setImmediate)
    const before = process.memoryUsage().rss
    for (let i = 0; i < 200; i++) await new Promise(setImmediate)
    assert.ok(process.memoryUsage().rss - before < 100_000_000)
    clock.advance(11_000)
    await ended.promise
    socket.destroy()
  })

  test('news wakes a waiting session', async () => {
    const socket = await open(server)
    handles.at(-1)!.wake()
    assert.equal(await until(socket, '\r\n'), 'news\r\n')
    socket.destroy()
  })

  test('a port in use is named', async () => {
    await assert.rejects(
      listener(server.port).listen(),
      (error: unknown) =>
        error instanceof ListenError && error.port === server.port && error.code === 'EADDRINUSE',
    )
  })
})

test('connections beyond the limit are turned away, and those that are open live on', async () => {
  const turnedAway = Promise.withResolvers<string>()
  const server = new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    maxConnections: 1,
    accept: () => ({ machine: new EchoMachine(), decide: (question) => question }),
    refused: (_address, reason) => turnedAway.resolve(reason),
  })
  await server.listen()
  const first = await open(server)
  const second = connect(server.port, '127.0.0.1')
  second.on('error', () => {})
  assert.equal(await turnedAway.promise, 'too many connections')
  if (!second.destroyed) await once(second, 'close')
  first.write('echo still here\r\n')
  assert.equal(await until(first, '\r\n'), 'still here\r\n')
  first.destroy()
  await server.drain(AbortSignal.abort())
})

test('only loopback passes for a wire that nobody else is on', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1']) assert.ok(isLoopback(address), address)
  for (const address of ['192.0.2.1', '10.0.0.1', '::', '2001:db8::1', '1270.0.0.1', '0.0.0.0'])
    assert.equal(isLoopback(address), false, address)
})

test('drain lets each session say goodbye and then resolves', async () => {
  const server = listener()
  await server.listen()
  const socket = await open(server)
  const drained = server.drain(AbortSignal.timeout(5_000))
  assert.equal(await until(socket, '\r\n'), 'going\r\n')
  socket.end()
  await drained
  assert.equal(server.open, 0)
})

test('drain cuts off whoever is left when its signal aborts', async () => {
  const server = listener()
  await server.listen()
  decide = () => new Promise(() => {})
  const socket = await open(server)
  const machine = machines.at(-1)!
  socket.on('error', () => {})
  socket.write('echo never\r\n')
  while (!machine.seen.includes('echo')) await new Promise(setImmediate)
  await server.drain(AbortSignal.abort())
  assert.equal(server.open, 0)
})
