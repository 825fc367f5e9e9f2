import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { ScramHash } from '@cartero/contracts/directory'
import { cramMd5Digest, mechanismNamed, type SaslStep } from '@cartero/sasl'
import { credentialVerifier } from '../credential-verifier.ts'
import type { Directory } from '../directory.ts'
import { account, addAccount, alias, domain, login, refuses } from './house.ts'
import type { Opened } from './index.ts'

const TIM = 'tim@example.org'
const FINGERPRINT = 'ab'.repeat(32)
const OPENSSL = `sha256 Fingerprint=${'AB:'.repeat(31)}AB`

export function loginPromises(opened: Opened): void {
  before(async () => {
    await opened().AddDomain(domain('example.org'))
    await addAccount(opened(), TIM, 'pässword one')
    await addAccount(opened(), 'ann@example.org', 'secret')
    await opened().SetAlias(alias('info@example.org', TIM))
  })

  test('the right password lets in, however login and password are written', async () => {
    assert.equal(await login(opened(), TIM, 'pässword one'), TIM)
    assert.equal(await login(opened(), 'TIM@Example.Org', 'pa\u0308ssword\u00A0one'), TIM)
  })

  test('another password, login or spelling does not', async () => {
    const attempts = [
      [TIM, 'Pässword one'],
      [TIM, ''],
      [TIM, 'secret'],
      [TIM, 'pässword one '],
      ['ann@example.org', 'pässword one'],
      ['nobody@example.org', 'pässword one'],
      ['info@example.org', 'pässword one'],
      ['tim+x@example.org', 'pässword one'],
      ['tim', 'pässword one'],
      ['', ''],
      [`${TIM}\0`, 'pässword one'],
      [TIM, 'x'.repeat(100_000)],
    ] as const
    const answers = await Promise.all(attempts.map(([name, password]) => login(opened(), name, password)))
    assert.deepEqual(
      answers,
      attempts.map(() => ''),
    )
  })

  test('a new password counts at once, and the old one no more', async () => {
    const directory = opened()
    assert.equal(await login(directory, 'ann@example.org', 'secret'), 'ann@example.org')
    assert.equal(await login(directory, 'ann@example.org', 'new'), '')
    await directory.SetPassword({ address: 'Ann@example.org', password: 'new' })
    assert.equal(await login(directory, 'ann@example.org', 'secret'), '')
    assert.equal(await login(directory, 'ann@example.org', 'new'), 'ann@example.org')
  })

  test('who is disabled or removed is out at once', async () => {
    const directory = opened()
    assert.equal(await login(directory, 'ann@example.org', 'new'), 'ann@example.org')
    await directory.SetAccount(account('ann@example.org', { disabled: true }))
    assert.equal(await login(directory, 'ann@example.org', 'new'), '')
    assert.equal((await directory.ScramKeys({ login: 'ann@example.org' })).account, '')
    await directory.SetAccount(account('ann@example.org'))
    assert.equal(await login(directory, 'ann@example.org', 'new'), 'ann@example.org')
    await directory.RemoveAccount({ address: 'ann@example.org' })
    assert.equal(await login(directory, 'ann@example.org', 'new'), '')
  })

  test('the credential of an account does not come back with its name', async () => {
    const directory = opened()
    await addAccount(directory, 'ann@example.org', 'another')
    assert.equal(await login(directory, 'ann@example.org', 'new'), '')
    assert.equal(await login(directory, 'ann@example.org', 'another'), 'ann@example.org')
  })

  test('CRAM-MD5 works for the account whose password is kept so, and for no other', async () => {
    const directory = opened()
    assert.equal((await exchange(directory, 'CRAM-MD5', 'pässword one')).kind, 'failure')
    const eve = 'eve@example.org'
    await directory.AddAccount({ ...account(eve, { reversibleSecret: true }), password: 'plain words' })
    const success = { kind: 'success', account: eve }
    assert.deepEqual(await exchange(directory, 'CRAM-MD5', 'plain words', eve), success)
    assert.equal((await exchange(directory, 'CRAM-MD5', 'other words', eve)).kind, 'failure')
    await directory.SetPassword({ address: eve, password: 'new words' })
    assert.deepEqual(await exchange(directory, 'CRAM-MD5', 'new words', eve), success, 'the choice stays')
    const listed = JSON.stringify(
      (await directory.ListAccounts({ domain: '' })).accounts,
      (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    )
    assert.match(listed, /"eve@example.org"[^}]*"reversibleSecret":true/)
    assert.doesNotMatch(listed, /words|hash|secret"/)
    await directory.SetAccount(account(eve, { reversibleSecret: false }))
    assert.equal((await exchange(directory, 'CRAM-MD5', 'new words', eve)).kind, 'failure')
    await directory.SetAccount(account(eve, { reversibleSecret: true }))
    assert.equal((await exchange(directory, 'CRAM-MD5', 'new words', eve)).kind, 'failure')
    await login(directory, eve, 'new words')
    assert.deepEqual(await exchange(directory, 'CRAM-MD5', 'new words', eve), success, 'once it was seen')
    await directory.RemoveAccount({ address: eve })
  })

  test('CRAM-MD5 in the clear is for accounts that may, and is told to nobody else', async () => {
    const directory = opened()
    const eve = 'eve@example.org'
    const may = { reversibleSecret: true, clearCramMd5: true }
    await refuses(
      'invalid',
      /--reversible-secret/,
      directory.AddAccount({ ...account(eve, { clearCramMd5: true }), password: 'words' }),
    )
    await directory.AddAccount({ ...account(eve, { reversibleSecret: true }), password: 'words' })
    const ask = async (password: string, inTheClear?: boolean): Promise<string> => {
      const digest = cramMd5Digest(password, '<1@mail.example>')
      const request = { login: eve, challenge: '<1@mail.example>', digest }
      return (await directory.AuthenticateCramMd5({ ...request, ...(inTheClear && { inTheClear }) })).account
    }
    const heard: unknown[] = []
    directory.hearRefusedProofs?.((proof) => heard.push(proof))
    assert.deepEqual([await ask('words'), await ask('words', true), await ask('wrong', true)], [eve, '', ''])
    assert.deepEqual(heard, [{ account: eve, reason: 'cram-md5-in-the-clear' }], 'only of the right secret')
    await directory.SetAccount(account(eve, { clearCramMd5: true }))
    assert.deepEqual([await ask('words', true), await ask('wrong', true)], [eve, ''])
    await directory.SetAccount(account(eve, { quota: 5n }))
    assert.equal(await ask('words', true), eve, 'what is not said stays')
    const { accounts } = await directory.ListAccounts({ domain: 'example.org' })
    const listed = accounts.find(({ address }) => address === eve)
    assert.deepEqual(listed, { ...account(eve, { quota: 5n }).account, ...may })
    await directory.SetAccount(account(eve, { clearCramMd5: false }))
    assert.deepEqual([await ask('words', true), await ask('words')], ['', eve])
    await directory.SetAccount(account(eve, may))
    await directory.SetAccount(account(eve, { reversibleSecret: false }))
    await directory.SetAccount(account(eve, { reversibleSecret: true }))
    await login(directory, eve, 'words')
    assert.deepEqual([await ask('words', true), await ask('words')], ['', eve], 'it goes with the secret')
    await directory.RemoveAccount({ address: eve })
  })

  test('who has proved elsewhere who he is gets his own account and no other', async () => {
    const directory = opened()
    const find = async (logins: string[], claimed = '', fingerprint = ''): Promise<string> =>
      (await directory.FindAccount({ logins, fingerprint, claimed })).account
    const ann = 'ann@example.org'
    assert.equal(await find(['TIM@example.org']), TIM)
    assert.equal(await find([TIM], 'Tim@Example.org'), TIM)
    assert.equal(await find([TIM], ann), '')
    assert.equal(await find([TIM, ann]), '', 'which of the two is not said')
    assert.equal(await find([TIM, ann], ann), ann)
    assert.equal(await find([TIM, 'nobody@example.org']), TIM)
    for (const nobody of ['info@example.org', 'tim+x@example.org', 'nobody@example.org', 'tim', ''])
      assert.equal(await find([nobody]), '', nobody)
    await directory.SetAccount(account(TIM, { certificates: { fingerprints: [OPENSSL] } }))
    assert.equal(await find([], '', FINGERPRINT), TIM)
    assert.equal(await find([ann], '', FINGERPRINT), TIM, 'the one it is assigned to')
    assert.equal(await find([ann], ann, FINGERPRINT), '')
    await directory.SetAccount(account(TIM))
    assert.equal(await find([], '', FINGERPRINT), TIM, 'what is not said stays')
    await refuses(
      'exists',
      /is that of tim@example\.org already/,
      directory.SetAccount(account(ann, { certificates: { fingerprints: [FINGERPRINT] } })),
    )
    await refuses(
      'invalid',
      /openssl x509/,
      directory.SetAccount(account(ann, { certificates: { fingerprints: ['ab'] } })),
    )
    await directory.SetAccount(account(TIM, { disabled: true }))
    assert.equal(await find([TIM], '', FINGERPRINT), '')
    await directory.SetAccount(account(TIM, { certificates: { fingerprints: [] } }))
    assert.equal(await find([], '', FINGERPRINT), '')
  })

  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN']) {
    test(`${mechanism} lets in, and keeps out`, async () => {
      assert.deepEqual(await exchange(opened(), mechanism, 'pässword one'), { kind: 'success', account: TIM })
      assert.equal((await exchange(opened(), mechanism, 'pässword two')).kind, 'failure')
      assert.equal(
        (await exchange(opened(), mechanism, 'pässword one', 'nobody@example.org')).kind,
        'failure',
      )
    })
  }

  test('the keys of nobody look like keys, and stay the same', async () => {
    for (const hash of [ScramHash.SHA_256, ScramHash.SHA_1]) await looksLikeKeys(opened(), hash)
  })
}

async function looksLikeKeys(directory: Directory, hash: ScramHash): Promise<void> {
  const ask = keysOf(directory, hash)
  const [tim, nobody, other] = [
    await ask(TIM),
    await ask('nobody@example.org'),
    await ask('other@example.org'),
  ]
  assert.equal(nobody.account, '')
  assert.deepEqual(await ask('Nobody@Example.org'), nobody)
  assert.notDeepEqual(other.salt, nobody.salt)
  assert.equal(nobody.salt.length, tim.salt.length)
  assert.equal(nobody.iterations, tim.iterations)
  assert.equal(nobody.storedKey.length, tim.storedKey.length)
  assert.equal(nobody.serverKey.length, tim.serverKey.length)
}

async function exchange(
  directory: Directory,
  mechanism: string,
  password: string,
  name = TIM,
): Promise<SaslStep> {
  const row = mechanismNamed(mechanism)!
  const server = row.create({ verifier: credentialVerifier(directory) })
  const client = row.connect({ login: name, password })
  let step = await server.next(client.initial())
  while (step.kind === 'challenge') step = await server.next(client.respond(step.bytes))
  return step
}

function keysOf(directory: Directory, hash: ScramHash): (name: string) => ReturnType<Directory['ScramKeys']> {
  return (name) => directory.ScramKeys({ login: name, hash })
}
