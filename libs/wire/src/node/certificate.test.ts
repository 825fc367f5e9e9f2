import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { certificate } from '../../test/identities.ts'
import { dnsNamesOf, endPointOf, peerOf } from './certificate.ts'

const read = (name: string): X509Certificate => new X509Certificate(certificate(name))

for (const [name, hash] of [
  ['signed-rsa-sha1', 'sha256'],
  ['signed-rsa-sha256', 'sha256'],
  ['signed-rsa-sha512', 'sha512'],
  ['signed-pss-sha256', 'sha256'],
  ['signed-pss-sha384', 'sha384'],
  ['second', 'sha384'],
] as const)
  test(`the end point of ${name} is not of another hash than ${hash}`, () => {
    const expected = createHash(hash).update(read(name).raw).digest()
    assert.deepEqual(endPointOf(read(name)), expected)
  })

test('a signature without a hash of its own has no end point', () => {
  assert.equal(endPointOf(read('signed-ed25519')), undefined)
})

test('whom a certificate names is read whole, beyond ASCII and with commas', () => {
  assert.deepEqual(peerOf(read('client')), {
    commonName: 'Tim, the client',
    emails: ['tim@first.example', 'tím@first.example'],
    names: ['tim.first.example'],
    fingerprint: createHash('sha256').update(read('client').raw).digest('hex'),
  })
})

test('a name that pretends to be two is one', () => {
  const forged = {
    subjectAltName: 'DNS:"a.example, DNS:evil.example", email:tim@first.example, DNS:b.example',
  } as X509Certificate
  assert.deepEqual(dnsNamesOf(forged), ['a.example, dns:evil.example', 'b.example'])
})

test('a certificate without alternative names has no names', () => {
  assert.deepEqual(dnsNamesOf(read('common-name-only')), [])
})
