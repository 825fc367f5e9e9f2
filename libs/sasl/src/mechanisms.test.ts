import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TlsFacts } from '@cartero/wire'
import type { SaslClientContext, SaslServerContext } from './context.ts'
import { cramMd5Digest } from './cram-md5.ts'
import type { SaslStep } from './mechanism.ts'
import type { MechanismRow } from './mechanism-row.ts'
import {
  defaultMechanisms,
  mechanismNamed,
  mechanisms,
  offeredMechanisms,
  preferredMechanism,
} from './mechanisms.ts'
import { deriveScramKeys, type ScramHash } from './scram-keys.ts'
import type { CredentialVerifier } from './verifier.ts'

const NAME = 'a,b=c'
const PASSWORD = 'pen,cil='
const keys = {
  'SHA-1': await deriveScramKeys(PASSWORD, Buffer.from('salt'), 4096, 'SHA-1'),
  'SHA-256': await deriveScramKeys(PASSWORD, Buffer.from('salt'), 4096),
}
const ours = (yes: boolean): Promise<string | undefined> => Promise.resolve(yes ? 'account' : undefined)
const full: CredentialVerifier = {
  password: (login, password) => ours(login === NAME && password === PASSWORD),
  scramKeys: (_login, hash) => Promise.resolve({ ...keys[hash], account: 'account' }),
  scramHashes: ['SHA-256', 'SHA-1'] satisfies ScramHash[],
  token: (token, claimed) => ours(token === 'dG9rZW4=' && claimed === NAME),
  certificate: (peer, claimed) => ours(peer.fingerprint === 'ab' && claimed === NAME),
  cramMd5: (login, challenge, digest) =>
    ours(login === NAME && digest === cramMd5Digest(PASSWORD, challenge)),
}
const bare: CredentialVerifier = { password: full.password, scramKeys: full.scramKeys }
const tls: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'any',
  exporter: Buffer.alloc(32, 7),
  endPoint: Buffer.alloc(32, 8),
  peer: { commonName: '', emails: [], names: [], fingerprint: 'ab' },
}
const { exporter: _, ...oldTls } = tls
const all = new Set(mechanisms.map(({ name }) => name))
const server: SaslServerContext = { verifier: full, tls, switchedOn: all }
const client: SaslClientContext = {
  login: NAME,
  password: PASSWORD,
  token: 'dG9rZW4=',
  certificate: true,
  tls,
}
const namesOf = (context: SaslServerContext): string[] => offeredMechanisms(context).map(({ name }) => name)

async function converse(row: MechanismRow, initialResponse: boolean, with_ = client): Promise<SaslStep> {
  const [theirs, mine] = [row.create(server), row.connect(with_)]
  const first = mine.initial()
  let step = await theirs.next(initialResponse ? first : undefined)
  if (!initialResponse && first !== undefined) step = await theirs.next(first)
  while (step.kind === 'challenge') step = await theirs.next(mine.respond(step.bytes))
  assert.equal(mine.complete, true)
  return step
}

describe('the table of mechanisms', () => {
  for (const row of mechanisms) {
    test(`both sides of ${row.name} understand each other, with and without initial response`, async () => {
      for (const initialResponse of [true, false]) {
        assert.deepEqual(await converse(row, initialResponse), { kind: 'success', account: 'account' })
      }
    })
  }

  test('a password or a token in the clear is not offered without TLS', () => {
    assert.deepEqual(namesOf({ verifier: full, switchedOn: all }), [
      'SCRAM-SHA-256',
      'SCRAM-SHA-1',
      'CRAM-MD5',
    ])
    assert.equal(
      preferredMechanism(['PLAIN', 'LOGIN', 'XOAUTH2'], { login: 'a', password: 'b', token: 'c' }),
      undefined,
    )
  })

  test('a mechanism is not offered that the verifier cannot verify', () => {
    assert.deepEqual(namesOf({ ...server, verifier: bare }), [
      'SCRAM-SHA-256-PLUS',
      'SCRAM-SHA-256',
      'PLAIN',
      'LOGIN',
    ])
  })

  test('a channel that cannot be bound is not offered to be, and nobody without a certificate gets EXTERNAL', () => {
    const { peer: __, ...rest } = oldTls
    assert.deepEqual(
      namesOf({ ...server, tls: rest }).filter((name) => /PLUS|EXTERNAL/.test(name)),
      [],
    )
  })

  test('CRAM-MD5 is on only where the operator says so, and what he switched off is off', () => {
    assert.ok(!defaultMechanisms.includes('CRAM-MD5'))
    assert.ok(!namesOf({ verifier: full, tls }).includes('CRAM-MD5'))
    assert.deepEqual(namesOf({ ...server, switchedOn: new Set(['PLAIN', 'CRAM-MD5']) }), [
      'PLAIN',
      'CRAM-MD5',
    ])
  })

  test('a client takes the strongest of what is offered and it is equipped for', () => {
    const offered = [...all].map((name) => name.toLowerCase())
    const password: SaslClientContext = { login: 'a', password: 'b', tls }
    assert.equal(preferredMechanism(offered, password)?.name, 'SCRAM-SHA-256-PLUS')
    assert.equal(preferredMechanism(offered, { ...password, tls: oldTls })?.name, 'SCRAM-SHA-256')
    assert.equal(preferredMechanism(['LOGIN', 'PLAIN', 'XOAUTH2'], password)?.name, 'PLAIN')
    assert.equal(preferredMechanism(offered, { login: 'a', token: 'b', tls })?.name, 'OAUTHBEARER')
    assert.equal(preferredMechanism(offered, { login: 'a', certificate: true, tls })?.name, 'EXTERNAL')
    assert.equal(preferredMechanism(['XOAUTH2', 'CRAM-MD5'], password), undefined)
  })

  test('a password or a token is not said to whoever has a certificate that cannot be verified', () => {
    const unverified = { ...tls, verified: false }
    const equipped: SaslClientContext = { login: 'a', password: 'b', token: 'c', tls: unverified }
    assert.equal(preferredMechanism(['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER'], equipped), undefined)
    assert.equal(preferredMechanism(['PLAIN', 'SCRAM-SHA-256'], equipped)?.name, 'SCRAM-SHA-256')
    const bound = ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS']
    assert.equal(preferredMechanism(bound, equipped)?.name, 'SCRAM-SHA-256-PLUS')
    assert.equal(preferredMechanism(['PLAIN'], { ...equipped, inTheClear: true })?.name, 'PLAIN')
    assert.equal(
      preferredMechanism(['PLAIN'], { ...equipped, tls: { ...tls, verified: true } })?.name,
      'PLAIN',
    )
  })

  test('names are found in any case, and no others', () => {
    assert.equal(mechanismNamed('scram-sha-256-plus')?.name, 'SCRAM-SHA-256-PLUS')
    assert.equal(mechanismNamed('SCRAM-SHA-512'), undefined)
    assert.equal(mechanismNamed('toString'), undefined)
  })

  test('two exchanges have different nonces', () => {
    const row = mechanismNamed('SCRAM-SHA-256')!
    assert.notDeepEqual(row.connect(client).initial(), row.connect(client).initial())
    const cram = mechanismNamed('CRAM-MD5')!
    assert.notDeepEqual(cram.create(server).next(undefined), cram.create(server).next(undefined))
  })
})
