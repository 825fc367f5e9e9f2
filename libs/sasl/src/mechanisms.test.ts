import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mechanismNamed, mechanisms, offeredMechanisms, preferredMechanism } from './mechanisms.ts'
import { deriveScramKeys } from './scram-keys.ts'
import type { CredentialVerifier } from './verifier.ts'

const keys = await deriveScramKeys('pen,cil=', Buffer.from('salt'), 4096)
const verifier: CredentialVerifier = {
  password: (login, password) =>
    Promise.resolve(login === 'a,b=c' && password === 'pen,cil=' ? 'account' : undefined),
  scramKeys: () => Promise.resolve({ ...keys, account: 'account' }),
}

describe('the table of mechanisms', () => {
  for (const row of mechanisms) {
    test(`both sides of ${row.name} understand each other, with and without initial response`, async () => {
      for (const initialResponse of [true, false]) {
        const server = row.create(verifier)
        const client = row.connect('a,b=c', 'pen,cil=')
        const first = client.initial()
        let step = await server.next(initialResponse ? first : undefined)
        if (!initialResponse && first !== undefined) step = await server.next(first)
        while (step.kind === 'challenge') step = await server.next(client.respond(step.bytes))
        assert.deepEqual(step, { kind: 'success', account: 'account' })
        assert.equal(client.complete, true)
      }
    })
  }

  test('a password in the clear is not offered without TLS', () => {
    assert.deepEqual(
      offeredMechanisms(false).map((row) => row.name),
      ['SCRAM-SHA-256'],
    )
    assert.equal(preferredMechanism(['PLAIN', 'LOGIN'], false), undefined)
  })

  test('a client takes the strongest of what is offered', () => {
    assert.equal(preferredMechanism(['login', 'plain', 'scram-sha-256'], true)?.name, 'SCRAM-SHA-256')
    assert.equal(preferredMechanism(['LOGIN', 'PLAIN', 'XOAUTH2'], true)?.name, 'PLAIN')
    assert.equal(preferredMechanism(['XOAUTH2'], true), undefined)
  })

  test('names are found in any case, and no others', () => {
    assert.equal(mechanismNamed('scram-sha-256')?.name, 'SCRAM-SHA-256')
    assert.equal(mechanismNamed('SCRAM-SHA-256-PLUS'), undefined)
    assert.equal(mechanismNamed('toString'), undefined)
  })

  test('two exchanges have different nonces', () => {
    const row = mechanismNamed('SCRAM-SHA-256')!
    assert.notDeepEqual(row.connect('a', 'b').initial(), row.connect('a', 'b').initial())
  })
})
