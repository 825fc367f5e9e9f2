import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect } from 'node:tls'

import { generate } from 'selfsigned'

import { dataFolder, type DataFolder } from './data-folder.ts'
import { TlsIdentity } from './tls-identity.ts'

const SELF_SIGNED = {
  names: ['localhost', 'mail.cartero.test'],
  addresses: ['127.0.0.1', '::1'],
  selfSignedIsFine: true,
}

function dataIn(context: TestContext): DataFolder {
  const folder = mkdtempSync(`${tmpdir()}/cartero-tls-`)
  context.after(() => rmSync(folder, { recursive: true }))
  return dataFolder(folder)
}

test('the certificate that is made names host and addresses, and its key is for the owner only', async (context) => {
  const data = dataIn(context)
  const identity = new TlsIdentity({ ...SELF_SIGNED, data })
  await identity.start()
  const certificate = new X509Certificate(readFileSync(data.certificate))
  assert.ok(certificate.checkHost('mail.cartero.test'))
  assert.ok(certificate.checkIP('127.0.0.1'))
  assert.ok(certificate.checkIP('::1'))
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.equal(statSync(data.key).mode & 0o777, 0o600)
  assert.equal(identity.health().status, 'ok')
})

test('it is made once: clients that trust it go on trusting it', async (context) => {
  const data = dataIn(context)
  await new TlsIdentity({ ...SELF_SIGNED, data }).start()
  const before = readFileSync(data.certificate, 'utf8')
  await new TlsIdentity({ ...SELF_SIGNED, data }).start()
  assert.equal(readFileSync(data.certificate, 'utf8'), before)
})

test('a self-signed certificate in real use is told, and does not keep the system from serving', async (context) => {
  const identity = new TlsIdentity({ ...SELF_SIGNED, data: dataIn(context), selfSignedIsFine: false })
  await identity.start()
  assert.deepEqual(identity.health(), {
    status: 'degraded',
    reason: 'the certificate is self-signed: clients will warn their users',
    hint: 'set tls.certificate and tls.key',
  })
})

test('files that are no certificate are named with what to do; a reload of such keeps the old one', async (context) => {
  const data = dataIn(context)
  const identity = new TlsIdentity({ ...SELF_SIGNED, data })
  await identity.start()
  const { server } = identity
  writeFileSync(data.certificate, 'no PEM')
  assert.throws(() => identity.reload(), {
    name: 'OperatorError',
    remedy: 'remove the two files: new ones are made',
  })
  assert.equal(identity.server, server)
  const missing = new TlsIdentity({
    ...SELF_SIGNED,
    data,
    certificate: '/nowhere/c.pem',
    key: '/nowhere/k.pem',
  })
  await assert.rejects(missing.start(), {
    message: 'cannot read /nowhere/c.pem: it does not exist (ENOENT)',
    remedy: 'check the paths below tls, and who may read the files',
  })
})

/** A pair of files whose certificate ends after so many days. */
async function pairIn(
  data: DataFolder,
  name: string,
  days: number,
): Promise<{ certificate: string; key: string }> {
  const ends = new Date(Date.now() + (days + 0.5) * 86_400_000)
  const { cert, private: secret } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    notAfterDate: ends,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  })
  const pair = { certificate: join(data.path, `${name}.pem`), key: join(data.path, `${name}.key`) }
  writeFileSync(pair.certificate, cert)
  writeFileSync(pair.key, secret)
  return pair
}

test('with certificates of its own, also without a first one, nothing is made, and the first to expire is told', async (context) => {
  const data = dataIn(context)
  const certificates = [await pairIn(data, 'a.example', 90), await pairIn(data, 'b.example', 5)]
  const identity = new TlsIdentity({ ...SELF_SIGNED, data, certificates })
  await identity.start()
  assert.ok(!existsSync(data.certificate))
  assert.deepEqual(identity.health(), {
    status: 'degraded',
    reason: `the certificate ${certificates[1]!.certificate} expires in 5 days`,
    hint: 'renew it, then send SIGHUP',
  })
})

test('a reload takes all certificates or none, and names the pair that is broken', async (context) => {
  const data = dataIn(context)
  const first = await pairIn(data, 'first.example', 90)
  const certificates = [await pairIn(data, 'second.example', 80)]
  const identity = new TlsIdentity({ ...SELF_SIGNED, data, ...first, certificates })
  await identity.start()
  assert.deepEqual(identity.health(), { status: 'ok', detail: 'valid for 80 days' })
  const shown = await namesShown(identity, ['first.example', 'second.example', 'third.example'])
  assert.deepEqual(shown, ['CN=first.example', 'CN=second.example', 'CN=first.example'])
  await pairIn(data, 'first.example', 20)
  writeFileSync(certificates[0]!.key, readFileSync(first.key))
  assert.throws(() => identity.reload(), {
    name: 'OperatorError',
    message: new RegExp(`^${certificates[0]!.certificate} and .* are no certificate and its key`),
  })
  assert.deepEqual(identity.health(), { status: 'ok', detail: 'valid for 80 days' })
  assert.deepEqual(await namesShown(identity, ['second.example']), ['CN=second.example'])
  await pairIn(data, 'second.example', 70)
  identity.reload()
  assert.deepEqual(identity.health(), { status: 'ok', detail: 'valid for 20 days' })
})

/** The subject that each name is shown in a handshake. */
async function namesShown(identity: TlsIdentity, names: readonly string[]): Promise<string[]> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    identity.server.upgrade(socket).then(
      (secured) => secured.socket.on('error', () => {}).resume(),
      () => {},
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const shown: string[] = []
  for (const servername of names) {
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    shown.push(socket.getPeerX509Certificate()?.subject ?? '')
    socket.destroy()
  }
  server.close()
  return shown
}
