import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ManualClock, type ConnectionFacts } from '@cartero/wire'
import {
  isUnobserved,
  Listener,
  PROXY_HEADER_LIMIT_MS,
  TlsServer,
  type ListenerOptions,
} from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { identity } from './identities.ts'
import { rest, turns, until, untilTrue } from './sockets.ts'

const clock = new ManualClock()
const tls = new TlsServer(identity('first'))
const refusals: [address: string, reason: string][] = []
let facts: ConnectionFacts | undefined

function listener(more: Partial<ListenerOptions> = {}): Listener {
  return new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    tls,
    proxyProtocol: { trusted: ['127.0.0.0/8', '::1'] },
    maxConnectionsPerAddress: 2,
    turnAway: (address) => (address === '192.0.2.66' ? 'banned' : undefined),
    farewell: ({ kind, reason }) => Buffer.from(`421 ${kind}: ${reason}\r\n`),
    accept: (connection) => {
      facts = connection
      return { machine: new EchoMachine(), decide: (question) => question }
    },
    refused: (address, reason) => refusals.push([address, reason]),
    ...more,
  })
}

const server = listener()
const secured = listener({ implicitTls: true })
const strangers = listener({ proxyProtocol: { trusted: ['192.0.2.0/24'] } })
const all = [server, secured, strangers]
before(() => Promise.all(all.map((one) => one.listen())))
after(() => Promise.all(all.map((one) => one.drain(AbortSignal.abort()))))

const line = (address: string): string => `PROXY TCP4 ${address} 198.51.100.1 51234 25\r\n`

function call(to: Listener = server): Socket {
  const socket = connect(to.port, '127.0.0.1')
  socket.on('error', () => {})
  return socket
}

async function refusal(): Promise<readonly [string, string]> {
  await untilTrue(() => refusals.length > 0)
  return refusals.shift()!
}

test('the client is who the proxy says, and the proxy is known, too', async () => {
  const socket = call()
  socket.write(line('192.0.2.1'))
  await until(socket, 'hello\r\n')
  const { id: _, ...told } = facts!
  assert.deepEqual(told, {
    remoteAddress: '192.0.2.1',
    remotePort: 51234,
    localAddress: '198.51.100.1',
    localPort: 25,
    proxy: { address: '127.0.0.1', port: socket.localPort, toldClient: true },
  })
  socket.destroy()
})

test('what the client says right behind the header is not lost, however it is cut', async () => {
  for (const at of [1, 20, line('192.0.2.1').length - 1, line('192.0.2.1').length, 50]) {
    const socket = call()
    const text = `${line('192.0.2.1')}echo behind it\r\n`
    await new Promise((resolve) => socket.write(text.slice(0, at), resolve))
    await turns(5)
    socket.write(text.slice(at))
    assert.equal(await until(socket, 'behind it\r\n'), 'hello\r\nbehind it\r\n')
    socket.destroy()
  }
})

/** A socket whose first octets go out together with a header before them. */
function withHeader(plain: Socket, header: string): Duplex {
  let before = header
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      plain.write(Buffer.concat([Buffer.from(before), chunk]), done)
      before = ''
    },
  })
  plain.on('data', (bytes) => socket.push(bytes))
  return socket
}

test('the header comes before TLS, in the same segment as its first octets, too', async () => {
  for (const isOneSegment of [true, false]) {
    const plain = call(secured)
    if (!isOneSegment) plain.write(line('192.0.2.2'))
    await turns(5)
    const socket = connectTls({
      socket: isOneSegment ? withHeader(plain, line('192.0.2.2')) : plain,
      rejectUnauthorized: false,
    })
    await until(socket, 'hello\r\n')
    assert.equal(facts?.remoteAddress, '192.0.2.2')
    assert.equal(facts?.tls?.version, 'TLSv1.3')
    plain.destroy()
  }
})

test('a client of whom a proxy tells nothing is not taken for the proxy, nor is a probe of its own', async () => {
  for (const header of [
    'PROXY UNKNOWN\r\n',
    Buffer.from('0d0a0d0a000d0a515549540a21000000', 'hex'),
    Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'),
  ]) {
    const socket = call()
    socket.write(header)
    await until(socket, 'hello\r\n')
    assert.equal(facts?.remoteAddress, 'unknown')
    assert.equal(isUnobserved(facts), false)
    assert.deepEqual(facts?.proxy, { address: '127.0.0.1', port: socket.localPort, toldClient: false })
    socket.destroy()
  }
})

test('nobody gets in past the proxies, whatever it says, and nobody is told anything', async () => {
  const socket = call(strangers)
  socket.write(line('192.0.2.1'))
  await once(socket, 'close')
  assert.deepEqual(await refusal(), ['127.0.0.1', 'is no proxy that is trusted'])
  assert.equal(rest(socket), '')
})

for (const [name, octets, reason] of [
  ['speaks the protocol at once', 'EHLO x\r\n', /^no PROXY header/],
  ['speaks TLS at once', Buffer.from('1603010200', 'hex'), /^no PROXY header/],
  ['leaves in the midst of its header', 'PROXY TCP4 ', /ended before/],
] as const)
  test(`a proxy that ${name} is refused, and told so where plaintext may be said`, async () => {
    const socket = call()
    socket.end(octets)
    assert.match(await until(socket, '\r\n'), /^421 noHeader: /)
    const [address, why] = await refusal()
    assert.equal(address, '127.0.0.1')
    assert.match(why, reason)
    const silent = call(secured)
    silent.end(octets)
    await once(silent.resume(), 'close')
    assert.equal(silent.bytesRead, 0)
    await refusal()
  })

test('a proxy that is silent is not waited for longer than PROXY_HEADER_LIMIT_MS, however it trickles', async () => {
  const socket = call()
  await once(socket, 'connect')
  for (const octet of 'PROXY') {
    await new Promise((resolve) => socket.write(octet, resolve))
    await turns(5)
    clock.advance(PROXY_HEADER_LIMIT_MS / 6)
  }
  assert.equal(refusals.length, 0)
  clock.advance(PROXY_HEADER_LIMIT_MS / 6 + 1)
  assert.deepEqual(await refusal(), ['127.0.0.1', 'the PROXY header took too long'])
  socket.destroy()
})

test('connections of one client are counted, and not those of the proxy', async () => {
  const sockets = [call(), call(), call(), call()]
  for (const [i, socket] of sockets.entries()) {
    socket.write(line(i < 2 ? '192.0.2.7' : `192.0.2.${i}`))
    await until(socket, 'hello\r\n')
  }
  const tooMany = call()
  tooMany.write(line('192.0.2.7'))
  assert.equal(await until(tooMany, '\r\n'), '421 crowded: too many connections from one address\r\n')
  assert.deepEqual(await refusal(), ['192.0.2.7', 'too many connections from one address'])
  sockets[0]!.destroy()
  await untilTrue(() => server.open === 3)
  const again = call()
  again.write(line('192.0.2.7'))
  await until(again, 'hello\r\n')
  for (const socket of [...sockets, tooMany, again]) socket.destroy()
})

test('who is turned away hears the farewell, and no plaintext where TLS is expected', async () => {
  const socket = call()
  socket.write(line('192.0.2.66'))
  assert.equal(await until(socket, '\r\n'), '421 turnedAway: banned\r\n')
  if (!socket.closed) await once(socket, 'close')
  assert.deepEqual(await refusal(), ['192.0.2.66', 'banned'])
  const silent = call(secured)
  silent.write(line('192.0.2.66'))
  await once(silent.resume(), 'close')
  assert.equal(silent.bytesRead, 0)
  await refusal()
})

test('a drain does not wait for headers and handshakes that may never come', async () => {
  const leaving = [listener(), listener({ implicitTls: true, proxyProtocol: undefined })]
  await Promise.all(leaving.map((one) => one.listen()))
  const sockets = leaving.map((one) => call(one))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await turns(20)
  const closed = sockets.map((socket) => once(socket.resume(), 'close'))
  await Promise.all(leaving.map((one) => one.drain(new AbortController().signal)))
  await Promise.all(closed)
})

test('whom to trust is not guessed at', () => {
  for (const text of ['10.0.0.1/8', 'proxy.example', ''])
    assert.throws(() => listener({ proxyProtocol: { trusted: [text] } }), TypeError)
})
