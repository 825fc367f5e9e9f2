import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSigned } from './signed.ts'

const signed = (header: string): boolean => isSigned(Buffer.from(`Subject: x\r\n${header}\r\n\r\n`))

test('no signature is overlooked', () => {
  for (const header of [
    'DKIM-Signature: v=1; a=rsa-sha256',
    'dkim-signature : v=1',
    'DomainKey-Signature: a=rsa-sha1',
    'ARC-Seal: i=1',
    'ARC-Message-Signature: i=1',
    'Content-Type: Multipart/Signed; protocol="application/pgp-signature"; boundary=x',
    'Content-Type: multipart/encrypted; boundary=x',
    'Content-Type: application/pkcs7-mime; smime-type=signed-data',
    'Content-Type: application/x-pkcs7-mime',
    'Content-Type: application/pgp-encrypted',
  ])
    assert.ok(signed(header), header)
})

test('what only speaks of signatures is none', () => {
  for (const header of [
    'ARC-Authentication-Results: i=1; x; dkim=pass',
    'Authentication-Results: x; dkim=pass',
    'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
    'Content-Type: multipart/mixed; boundary=signed',
    'Content-Type: application/pgp-keys',
    'X-DKIM-Signature: v=1',
  ])
    assert.ok(!signed(header), header)
})
