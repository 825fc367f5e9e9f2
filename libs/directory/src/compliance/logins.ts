import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { mechanismNamed, type SaslStep } from '@cartero/sasl'
import { credentialVerifier } from '../credential-verifier.ts'
import type { Directory } from '../directory.ts'
import { account, addAccount, alias, domain, login } from './house.ts'
import type { Opened } from './index.ts'

const TIM = 'tim@example.org'

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

  for (const mechanism of ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']) {
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
    const ask = keysOf(opened())
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
  })
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

function keysOf(directory: Directory): (name: string) => ReturnType<Directory['ScramKeys']> {
  return (name) => directory.ScramKeys({ login: name })
}
