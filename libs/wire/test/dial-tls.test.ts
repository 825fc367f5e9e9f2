import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ManualClock, type TlsFacts } from '@cartero/wire'
import {
  CONNECT_LIMIT_MS,
  dial,
  DialError,
  HANDSHAKE_LIMIT_MS,
  Listener,
  TlsServer,
  type Connected,
  type DialOptions,
} from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { AUTHORITY, identity } from './identities.ts'
import { turns } from './sockets.ts'

const clock = new ManualClock()
const tls = new TlsServer([identity('first'), identity('common-name-only')], { clientAuthorities: AUTHORITY })
let seenByServer: TlsFacts | undefined

const server = new Listener({
  host: '127.0.0.1',
  port: 0,
  clock,
  tls,
  implicitTls: true,
  accept: (connection) => {
    seenByServer = connection.tls
    return { machine: new EchoMachine(), decide: (question) => question }
  },
})

interface Outcome {
  readonly seen: readonly string[]
  readonly connected: Connected | undefined
}

async function call(options: Partial<DialOptions>): Promise<Outcome> {
  const machine = new EchoMachine('quit')
  let connected: Connected | undefined
  const role = (facts: Connected): { machine: EchoMachine; decide: (question: unknown) => string } => {
    connected = facts
    return { machine, decide: (question) => question as string }
  }
  const { signal } = new AbortController()
  await dial({ host: '127.0.0.1', port: server.port, clock, role, signal, implicitTls: true, ...options })
  return { seen: machine.seen, connected }
}

async function failure(options: Partial<DialOptions>): Promise<[stage: string, fault: string, code: string]> {
  const error: unknown = await call(options).then(
    () => assert.fail('it connected'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof DialError, String(error))
  return [error.stage, error.fault, error.code]
}

describe('a client in TLS', () => {
  before(() => server.listen())
  after(() => server.drain(AbortSignal.abort()))

  test('knows whom it speaks with, by name and by address', async () => {
    for (const name of [{ serverName: 'first.example' }, { serverName: 'two.wild.example' }, {}]) {
      const { connected } = await call({ tls: { authorities: AUTHORITY, ...name } })
      assert.equal(connected?.tls?.verified, true)
      assert.deepEqual(connected?.tls?.peer?.names, ['first.example', '*.wild.example'])
      assert.equal(connected?.tls?.serverName, name.serverName)
      assert.equal(seenByServer?.serverName, name.serverName)
    }
  })

  test('binds to the same channel as its server', async () => {
    const { connected } = await call({ tls: { authorities: AUTHORITY, serverName: 'first.example' } })
    assert.ok(connected?.tls?.exporter)
    assert.deepEqual(connected.tls.exporter, seenByServer?.exporter)
    assert.deepEqual(connected.tls.endPoint, seenByServer?.endPoint)
    const { raw } = new X509Certificate(identity('first').certificate)
    assert.deepEqual(connected.tls.endPoint, createHash('sha256').update(raw).digest())
  })

  test('may look for one of several names, and asks for the one that it was told to', async () => {
    const options = {
      authorities: AUTHORITY,
      serverName: 'other.example',
      names: ['x.example', 'first.example'],
    }
    const { connected } = await call({ tls: options })
    assert.equal(connected?.tls?.verified, true)
    assert.equal(seenByServer?.serverName, 'other.example')
  })

  for (const [name, options, code] of [
    ['another name', { serverName: 'second.example' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'a name two labels below a wildcard',
      { serverName: 'a.b.wild.example' },
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'authorities that did not issue it',
      { authorities: identity('unknown').certificate },
      'SELF_SIGNED_CERT_IN_CHAIN',
    ],
  ] as const)
    test(`refuses a certificate of ${name} before a word is said, and can be told to be content with privacy`, async () => {
      const wanted = { authorities: AUTHORITY, ...options }
      assert.deepEqual(await failure({ tls: wanted }), ['certificate', 'peer', code])
      const { connected, seen } = await call({ tls: { ...wanted, unverified: 'accept' } })
      assert.deepEqual([connected?.tls?.verified, connected?.tls?.peer], [false, undefined])
      assert.equal(connected?.tls?.unverifiedBecause, code)
      assert.deepEqual(seen, ['hello', 'disconnected'])
    })

  test('does not take a common name for a name', async () => {
    tls.replace(identity('common-name-only'))
    const wanted = { authorities: AUTHORITY, serverName: 'first.example' }
    assert.deepEqual(await failure({ tls: wanted }), ['certificate', 'peer', 'ERR_TLS_CERT_ALTNAME_INVALID'])
    tls.replace(identity('first'), { clientAuthorities: AUTHORITY })
  })

  test('shows a certificate of its own', async () => {
    await call({ tls: { authorities: AUTHORITY, serverName: 'first.example', identity: identity('client') } })
    assert.equal(seenByServer?.peer?.commonName, 'Tim, the client')
  })

  test('calls from the address that it is told to', async () => {
    const { connected } = await call({ localAddress: '127.0.0.9', tls: { authorities: AUTHORITY } })
    assert.equal(connected?.localAddress, '127.0.0.9')
  })
})

describe('a client that gets no connection says at which stage, and who can mend it', () => {
  const silent = createServer(() => {})
  const plain = createServer((socket) => socket.on('error', () => {}).end('220 hello\r\n'))
  const portOf = (one: Server): number => (one.address() as AddressInfo).port
  before(async () => {
    await Promise.all([silent, plain].map((one) => once(one.listen(0, '127.0.0.1'), 'listening')))
  })
  after(() => [silent, plain].forEach((one) => one.close()))

  test('a server that speaks no TLS', async () => {
    const [stage, fault] = await failure({ port: portOf(plain) })
    assert.deepEqual([stage, fault], ['handshake', 'peer'])
  })

  test('HANDSHAKE_LIMIT_MS: a server that never ends its handshake', async () => {
    const failing = failure({ port: portOf(silent) })
    const [socket] = await once(silent, 'connection')
    await once(socket, 'data')
    clock.advance(HANDSHAKE_LIMIT_MS)
    assert.deepEqual(await failing, ['handshake', 'peer', 'ETIMEDOUT'])
    socket.destroy()
  })

  test('CONNECT_LIMIT_MS: a host that does not answer', async () => {
    // RFC 5737 §3: nobody is there. Some networks say so at once.
    const failing = failure({ host: '192.0.2.1', port: 25 })
    await turns(5)
    clock.advance(CONNECT_LIMIT_MS)
    const [stage, , code] = await failing
    assert.equal(stage, 'connect')
    assert.ok(['ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNREFUSED'].includes(code), code)
  })

  test('an address that is not ours', async () => {
    const [stage, fault, code] = await failure({ localAddress: '192.0.2.1', port: portOf(silent) })
    assert.deepEqual([stage, fault, code], ['connect', 'operator', 'EADDRNOTAVAIL'])
  })

  test('a caller that has given up', async () => {
    assert.deepEqual(await failure({ signal: AbortSignal.abort() }), ['connect', 'caller', 'ABORT_ERR'])
    const leaving = new AbortController()
    const failing = failure({ port: portOf(silent), signal: leaving.signal })
    const [socket] = await once(silent, 'connection')
    await once(socket, 'data')
    leaving.abort()
    assert.deepEqual(await failing, ['connect', 'caller', 'ABORT_ERR'])
    socket.destroy()
  })
})
