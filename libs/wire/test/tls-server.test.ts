import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { ManualClock, type TlsFacts } from '@cartero/wire'
import { Listener, TlsServer } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { AUTHORITY, identity } from './identities.ts'
import { until } from './sockets.ts'

const clock = new ManualClock()
const tls = new TlsServer([identity('first'), identity('second')], { clientAuthorities: AUTHORITY })
const refusals: string[] = []
let facts: TlsFacts | undefined

const server = new Listener({
  host: '127.0.0.1',
  port: 0,
  clock,
  tls,
  implicitTls: true,
  accept: (connection) => {
    facts = connection.tls
    return { machine: new EchoMachine(), decide: (question) => question }
  },
  refused: (_address, reason) => refusals.push(reason),
})
before(() => server.listen())
after(() => server.drain(AbortSignal.abort()))

async function call(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await until(socket, 'hello\r\n')
  return socket
}

async function shown(servername?: string): Promise<string> {
  const socket = await call(servername === undefined ? {} : { servername })
  const name = socket.getPeerX509Certificate()!.subject
  socket.destroy()
  return name
}

test('each name is shown its own certificate, and the first is for everybody else', async () => {
  assert.equal(await shown('second.example'), 'CN=second.example')
  assert.equal(await shown('SECOND.example'), 'CN=second.example')
  assert.equal(await shown('first.example'), 'CN=first.example')
  assert.equal(await shown('nobody.example'), 'CN=first.example')
  assert.equal(await shown(), 'CN=first.example')
})

test('a wildcard stands for one label, and gives way to a name that is written out', async () => {
  tls.replace([identity('second'), identity('first')], { clientAuthorities: AUTHORITY })
  assert.equal(await shown('two.wild.example'), 'CN=first.example')
  assert.equal(await shown('one.wild.example'), 'CN=second.example')
  assert.equal(await shown('a.two.wild.example'), 'CN=second.example')
  assert.equal(await shown('wild.example'), 'CN=second.example')
})

test('all certificates are replaced at once, and who is connected stays so', async () => {
  tls.replace([identity('first'), identity('second')])
  const before = await call({ servername: 'second.example' })
  tls.replace(identity('unknown'))
  assert.equal(await shown('second.example'), 'CN=tim')
  before.write('echo still here\r\n')
  assert.equal(await until(before, '\r\n'), 'still here\r\n')
  before.destroy()
})

test('a pair that does not fit leaves the old ones in use', async () => {
  tls.replace(identity('first'))
  const broken = { ...identity('second'), key: identity('first').key }
  assert.throws(() => tls.replace([identity('second'), broken]))
  assert.throws(() => tls.replace([]), TypeError)
  assert.equal(await shown(), 'CN=first.example')
})

test('the facts bind to the certificate that was shown, for a resumed session, too', async () => {
  tls.replace([identity('first'), identity('second')])
  const expected = createHash('sha384')
    .update(new X509Certificate(identity('second').certificate).raw)
    .digest()
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    rejectUnauthorized: false,
    servername: 'second.example',
  })
  const [[session]] = (await Promise.all([once(socket, 'session'), until(socket, 'hello\r\n')])) as [
    [Buffer],
    string,
  ]
  assert.deepEqual(facts?.endPoint, expected)
  assert.equal(facts?.serverName, 'second.example')
  assert.deepEqual(
    facts?.exporter,
    socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  )
  socket.destroy()
  const again = await call({ servername: 'second.example', session })
  assert.ok(again.isSessionReused())
  assert.deepEqual(facts?.endPoint, expected)
  again.destroy()
})

test('TLS 1.2 has an end point and no exporter, and nothing older or without forward secrecy is spoken', async () => {
  tls.replace(identity('first'))
  const socket = await call({ maxVersion: 'TLSv1.2' })
  assert.equal(facts?.version, 'TLSv1.2')
  assert.ok(facts?.endPoint)
  assert.equal(facts?.exporter, undefined)
  socket.destroy()
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  await assert.rejects(call(old), /alert|version/i)
  await assert.rejects(call({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }), /alert|cipher/i)
  await assert.rejects(call({ maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }), /alert|cipher/i)
})

test('a client that wants to renegotiate is not obeyed', async () => {
  const socket = await call({ maxVersion: 'TLSv1.2' })
  const [outcome] = await new Promise<unknown[]>((resolve) => {
    socket.on('error', (error) => resolve([error]))
    socket.on('close', () => resolve([new Error('closed')]))
    socket.renegotiate({}, (error) => resolve([error]))
  })
  assert.ok(outcome instanceof Error)
  socket.destroy()
})

test('a server that asks for no certificate knows of none', async () => {
  tls.replace(identity('first'))
  const socket = await call({ cert: identity('client').certificate, key: identity('client').key })
  assert.deepEqual([facts?.verified, facts?.peer], [undefined, undefined])
  socket.destroy()
})

for (const [name, shownByClient, verified, commonName] of [
  ['a client without a certificate is let in, and nobody is known', undefined, undefined, undefined],
  ['a verified certificate says who its holder is', 'client', true, 'Tim, the client'],
  ['a certificate that nobody vouches for says nothing', 'unknown', false, undefined],
  ['a certificate for servers does not name a client', 'server-as-client', false, undefined],
] as const)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`${name} (${maxVersion})`, async () => {
      tls.replace([identity('first'), identity('second')], { clientAuthorities: AUTHORITY })
      const own = shownByClient && identity(shownByClient)
      const socket = await call({
        maxVersion,
        servername: 'second.example',
        ...(own && { cert: own.certificate, key: own.key }),
      })
      assert.equal(facts?.verified, verified)
      assert.equal(facts?.peer?.commonName, commonName)
      socket.destroy()
    })

test('who was verified is not forgotten when the session is resumed, and is when the authorities are others', async () => {
  tls.replace(identity('first'), { clientAuthorities: AUTHORITY })
  const { certificate: cert, key } = identity('client')
  const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, cert, key })
  const [[session]] = (await Promise.all([once(socket, 'session'), until(socket, 'hello\r\n')])) as [
    [Buffer],
    string,
  ]
  socket.destroy()
  const again = await call({ session, cert, key })
  assert.ok(again.isSessionReused())
  assert.equal(facts?.peer?.commonName, 'Tim, the client')
  again.destroy()
  tls.replace(identity('first'), { clientAuthorities: identity('unknown').certificate })
  const other = await call({ session, cert, key })
  assert.ok(!other.isSessionReused())
  assert.deepEqual([facts?.verified, facts?.peer], [false, undefined])
  other.destroy()
})
