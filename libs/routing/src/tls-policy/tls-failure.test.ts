import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DialError } from '@cartero/wire/node'
import type { HostPolicy, TlsDemand } from '../ports.ts'
import { judgeTls, tlsFailureOf } from './tls-failure.ts'

const TLS = { version: 'TLSv1.3', cipher: 'x' }
const using = (demand: TlsDemand, tested?: HostPolicy): HostPolicy => ({
  kind: 'use',
  demand,
  ...(tested && { tested }),
})
const ANY = using({ kind: 'opportunistic' })
const VERIFY = using({ kind: 'verify', names: ['mx.example'] })

for (const [stage, code, failure] of [
  ['certificate', 'ERR_TLS_CERT_ALTNAME_INVALID', 'certificate-host-mismatch'],
  ['certificate', 'CERT_HAS_EXPIRED', 'certificate-expired'],
  ['certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate-not-trusted'],
  ['certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate-not-trusted'],
  ['certificate', 'TLSA_MISMATCH', 'validation-failure'],
  ['certificate', 'TLSA_UNUSABLE', 'tlsa-invalid'],
  ['handshake', 'ECONNRESET', 'validation-failure'],
  ['handshake', 'CERT_HAS_EXPIRED', 'validation-failure'],
  ['connect', 'ECONNREFUSED', undefined],
] as const) {
  test(`${code} at ${stage} is reported as ${failure ?? 'nothing'}`, () => {
    assert.equal(tlsFailureOf(new DialError(stage, code, 'x')), failure)
  })
}

describe('a session', () => {
  test('without STARTTLS has failed, and one with TLS has not', () => {
    assert.equal(judgeTls(ANY, { kind: 'notOffered' })?.failure, 'starttls-not-supported')
    assert.equal(judgeTls(ANY, { kind: 'secured', tls: { ...TLS, verified: false } }), undefined)
  })

  test('that failed is told with its reason', () => {
    const error = new DialError('certificate', 'CERT_HAS_EXPIRED', 'its certificate has expired')
    const told = { failure: 'certificate-expired', detail: 'its certificate has expired' }
    assert.deepEqual(judgeTls(VERIFY, { kind: 'failed', error }), told)
    const unreachable = new DialError('connect', 'ECONNREFUSED', 'x')
    assert.equal(judgeTls(VERIFY, { kind: 'failed', error: unreachable }), undefined)
  })

  test('is held against a policy that is only tested', () => {
    const policy = using({ kind: 'opportunistic' }, VERIFY)
    const unverified = { ...TLS, verified: false, unverifiedBecause: 'ERR_TLS_CERT_ALTNAME_INVALID' }
    assert.deepEqual(judgeTls(policy, { kind: 'secured', tls: unverified }), {
      failure: 'certificate-host-mismatch',
      detail: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    assert.equal(judgeTls(policy, { kind: 'secured', tls: { ...TLS, verified: true } }), undefined)
    const avoided = {
      kind: 'avoid',
      status: '4.7.5',
      reason: 'not named',
      failure: 'validation-failure',
    } as const
    const notNamed = using({ kind: 'opportunistic' }, avoided)
    assert.deepEqual(judgeTls(notNamed, { kind: 'secured', tls: { ...TLS, verified: true } }), {
      failure: 'validation-failure',
      detail: 'not named',
    })
  })
})
