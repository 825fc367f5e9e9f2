import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test, type TestContext } from 'node:test'

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
    remedy: 'check tls.certificate and tls.key, and who may read the files',
  })
})
