import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { after, before, test, type TestContext } from 'node:test'
import { ManualClock } from '@cartero/wire'
import {
  CLOSING_LIMIT_MS,
  Connection,
  HANDSHAKE_LIMIT_MS,
  INBOX_LIMIT,
  isUnobserved,
  Listener,
  MAX_CONNECTIONS_PER_ADDRESS,
  TlsServer,
  type ListenerOptions,
} from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { identity } from './identities.ts'
import { open, turns, until, untilTrue } from './sockets.ts'

const clock = new ManualClock()
const refusals: string[] = []
let ended = Promise.withResolvers<void>()

function listener(more: Partial<ListenerOptions> = {}): Listener {
  return new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    tls: new TlsServer(identity('first')),
    accept: () => ({ machine: new EchoMachine(), decide: (question) => question }),
    refused: (_address, reason) => refusals.push(reason),
    closed: () => ended.resolve(),
    ...more,
  })
}

const plain = listener()
const secured = listener({ implicitTls: true })
before(() => Promise.all([plain.listen(), secured.listen()]))
after(() => Promise.all([plain, secured].map((one) => one.drain(AbortSignal.abort()))))

test('INBOX_LIMIT: what a peer sends while it waits for an answer does not fill our memory, and is not lost', async () => {
  const gate = Promise.withResolvers<string>()
  const machine = new EchoMachine()
  let accepted: Socket | undefined
  const server = createServer((socket) => {
    accepted = socket
    const decide = (question: unknown): unknown => (question === 'wait' ? gate.promise : question)
    new Connection(socket, { machine, decide }, { clock }).start()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('echo wait\r\n')
  await untilTrue(() => machine.seen.includes('echo'))
  const lump = Buffer.from(`echo ${'x'.repeat(900)}\r\n`.repeat(10_000))
  socket.write(lump)
  socket.end('quit\r\n')
  await turns(300)
  assert.ok(accepted!.bytesRead < INBOX_LIMIT + 256 * 1024, `${accepted!.bytesRead} octets were read`)
  gate.resolve('waited')
  socket.resume()
  await once(socket, 'end')
  assert.equal(machine.seen.filter((verb) => verb === 'echo').length, 10_001)
  server.close()
})

test('HANDSHAKE_LIMIT_MS: a peer that connects and never begins TLS does not keep its place', async () => {
  const socket = connect(secured.port, '127.0.0.1')
  await once(socket, 'connect')
  await turns(20)
  clock.advance(HANDSHAKE_LIMIT_MS - 1)
  await turns(5)
  assert.deepEqual(refusals, [])
  clock.advance(1)
  await untilTrue(() => refusals.length > 0)
  assert.equal(refusals.shift(), 'the TLS handshake took too long')
  await once(socket.resume(), 'close')
})

test('CLOSING_LIMIT_MS: a peer that does not close its half after goodbye is cut off', async () => {
  const socket = connect({ port: plain.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await until(socket, 'hello\r\n')
  ended = Promise.withResolvers()
  let isOver = false
  void ended.promise.then(() => (isOver = true))
  socket.write('quit\r\n')
  await once(socket, 'end')
  clock.advance(CLOSING_LIMIT_MS - 1_000)
  await turns(5)
  assert.equal(isOver, false)
  clock.advance(2_000)
  await ended.promise
  socket.destroy()
})

test('MAX_CONNECTIONS_PER_ADDRESS: who has a whole /64 of addresses has no more connections than others', async () => {
  const server = listener({ maxConnectionsPerAddress: 2, proxyProtocol: { trusted: ['127.0.0.1'] } })
  await server.listen()
  const call = async (address: string): Promise<Socket> => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`PROXY TCP6 ${address} 2001:db8::25 1 25\r\n`)
    await once(socket, 'data')
    return socket
  }
  const sockets = [await call('2001:db8:1::1'), await call('2001:db8:1:0:ffff::2')]
  const third = connect(server.port, '127.0.0.1')
  third.on('error', () => {})
  third.write('PROXY TCP6 2001:db8:1::3 2001:db8::25 1 25\r\n')
  await untilTrue(() => refusals.length > 0)
  assert.deepEqual(refusals.splice(0), ['too many connections from one address'])
  const neighbour = await call('2001:db8:2::1')
  sockets.pop()!.destroy()
  await untilTrue(() => server.open === 2)
  const again = await call('2001:db8:1::4')
  for (const socket of [...sockets, third, neighbour, again]) socket.destroy()
  await server.drain(AbortSignal.abort())
})

test('MAX_CONNECTIONS_PER_ADDRESS: one address cannot have more, in the clear or in TLS, and loopback can', async () => {
  for (const implicitTls of [false, true]) {
    const server = listener({ implicitTls, proxyProtocol: { trusted: ['127.0.0.1'] } })
    await server.listen()
    const call = (): Socket => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n')
      return socket.resume()
    }
    const sockets = Array.from({ length: MAX_CONNECTIONS_PER_ADDRESS + 1 }, call)
    await untilTrue(() => refusals.length > 0)
    assert.deepEqual(refusals.splice(0), ['too many connections from one address'])
    for (const socket of sockets) socket.destroy()
    await server.drain(AbortSignal.abort())
  }
  const local = listener({ maxConnectionsPerAddress: 1 })
  await local.listen()
  const [first, second] = [await open(local), await open(local)]
  first.destroy()
  second.destroy()
  await local.drain(AbortSignal.abort())
})

test('a server without descriptors turns who comes away, does not spin, and serves again when it has some', async (context: TestContext) => {
  const script = new URL('./crowded-server.ts', import.meta.url).pathname
  const child = spawn('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, script])
  context.after(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const word = async (): Promise<string> => String((await lines.next()).value)
  assert.equal(await word(), 'ready')
  const [said, port] = (await word()).split(' ')
  assert.equal(said, 'full')
  const early = connect(Number(port), '127.0.0.1')
  early.on('error', () => {})
  await once(early.resume(), 'close')
  child.stdin.write('count\n')
  const [, refused] = (await word()).split(' ')
  assert.ok(Number(refused) < 10, `refused ${refused} times`)
  child.stdin.write('free\n')
  assert.match(await word(), /^free/)
  const late = connect(Number(port), '127.0.0.1')
  await until(late, 'hello\r\n')
  late.destroy()
})

test('a client behind a proxy on this machine is not on this machine', () => {
  const facts = { id: '', remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '', localPort: 25 }
  assert.ok(isUnobserved(facts))
  assert.ok(!isUnobserved({ ...facts, proxy: { address: '127.0.0.1', port: 1, toldClient: false } }))
  assert.ok(!isUnobserved({ ...facts, remoteAddress: '192.0.2.1' }))
})
