import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cramMd5Digest, type SaslStep } from '@cartero/sasl'
import { ManualClock, type TlsFacts } from '@cartero/wire'
import type { DoorVerifier } from '../credential-verifier.ts'
import { AddressBans, DEFAULT_BAN_LIMITS } from './address-bans.ts'
import { Doorkeeper, type Visit } from './doorkeeper.ts'

const tls: TlsFacts = { version: 'TLSv1.3', cipher: 'any', exporter: Buffer.alloc(32) }
const visit: Visit = { remoteAddress: '192.0.2.1', tls }
const { failures } = DEFAULT_BAN_LIMITS

function house() {
  const asked: string[] = []
  const verifier = (peer: string): DoorVerifier => ({
    password: async (login, password) => {
      asked.push(peer)
      return password === 'right' ? login.toLowerCase() : undefined
    },
    scramKeys: () => Promise.reject(new Error('not asked here')),
  })
  const bans = new AddressBans(new ManualClock())
  const doorkeeper = new Doorkeeper({ verifier, bans })
  const login = async (password: string, by: Visit = visit, name = 'Tim'): Promise<SaslStep> =>
    doorkeeper.start('PLAIN', by).next(Buffer.from(`\0${name}\0${password}`))
  return { asked, bans, doorkeeper, login }
}

describe('the doorkeeper', () => {
  test('offers what the channel allows', () => {
    const { doorkeeper } = house()
    assert.deepEqual(doorkeeper.mechanisms(visit), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'])
    assert.deepEqual(doorkeeper.mechanisms({ remoteAddress: '192.0.2.1' }), ['SCRAM-SHA-256'])
  })

  test('turns a guesser away before his guess costs anything, and says that it is not known', async () => {
    const { asked, doorkeeper, login } = house()
    for (let n = 0; n < failures; n++) {
      assert.equal(doorkeeper.admits(visit.remoteAddress), true)
      assert.equal((await login(`wrong ${n}`)).kind, 'failure')
    }
    assert.equal(doorkeeper.admits(visit.remoteAddress), false)
    assert.equal(asked.length, failures)
    const refused = await login('right')
    assert.equal(refused.kind === 'failure' && refused.reason, 'unavailable')
    assert.equal(asked.length, failures)
    assert.equal((await login('right', { ...visit, remoteAddress: '192.0.2.2' })).kind, 'success')
  })

  test('an exchange that began before the ban does not outlive it', async () => {
    const { bans, doorkeeper } = house()
    const exchange = doorkeeper.start('LOGIN', visit)
    await exchange.next(undefined)
    await exchange.next(Buffer.from('tim'))
    for (let n = 0; n < failures; n++) bans.failed(visit.remoteAddress, { login: 'x', proof: `${n}` })
    const step = await exchange.next(Buffer.from('right'))
    assert.equal(step.kind === 'failure' && step.reason, 'unavailable')
  })

  test('guesses made all at once are told no more than guesses made one by one', async () => {
    const { login } = house()
    const guesses = Array.from({ length: 5 * failures }, (_, n) => login(`wrong ${n}`))
    const steps = await Promise.all([...guesses, login('right')])
    const told = steps.filter((step) => step.kind !== 'failure' || step.reason === 'credentials')
    assert.equal(told.length, failures)
    assert.ok(told.every(({ kind }) => kind === 'failure'))
  })

  test('forgives who finds his password, however he writes his name', async () => {
    const { doorkeeper, login } = house()
    for (let n = 1; n < failures; n++) await login(`wrong ${n}`)
    await login('right', visit, 'TIM')
    for (let n = 1; n < failures; n++) await login(`wrong again ${n}`)
    assert.equal(doorkeeper.admits(visit.remoteAddress), true)
  })

  test('does not count the same wrong password again, nor words that are no guess', async () => {
    const { doorkeeper, login } = house()
    for (let n = 0; n < 3 * failures; n++) {
      await login('wrong')
      await doorkeeper.start('PLAIN', visit).next(Buffer.from('rubbish'))
    }
    assert.equal(doorkeeper.admits(visit.remoteAddress), true)
  })

  test('names the peer to the verifier, which has its own reasons to make it wait', async () => {
    const { asked, login } = house()
    await login('wrong')
    assert.deepEqual(asked, ['192.0.2.1'])
  })
})

describe('a door where CRAM-MD5 is always known', () => {
  const away = '192.0.2.1'
  const challenged = {
    password: async () => undefined,
    scramKeys: () => Promise.reject(new Error('not asked here')),
  }
  const cram = (channel: string) => async (login: string, challenge: string, digest: string) =>
    digest === cramMd5Digest('right', challenge) ? `${login} ${channel}` : undefined
  const both: DoorVerifier = { ...challenged, cramMd5: cram('tls'), cramMd5InTheClear: cram('clear') }
  const doorkeeper = (verifier: DoorVerifier, switchedOn?: string[]) =>
    new Doorkeeper({ verifier: () => verifier, ...(switchedOn && { switchedOn: new Set(switchedOn) }) })
  const answer = async (by: Visit, password: string): Promise<SaslStep> => {
    const exchange = doorkeeper(both).start('CRAM-MD5', by)
    const first = await exchange.next(undefined)
    assert.ok(first.kind === 'challenge')
    return exchange.next(Buffer.from(`tim ${cramMd5Digest(password, first.bytes.toString())}`))
  }

  test('offers it under TLS, whatever is switched on elsewhere', () => {
    for (const cramMd5 of ['tls', 'clear'] as const) {
      assert.ok(doorkeeper(both).mechanisms({ remoteAddress: away, tls, cramMd5 }).includes('CRAM-MD5'))
      const plain = doorkeeper(both, ['PLAIN'])
      assert.deepEqual(plain.mechanisms({ remoteAddress: away, tls, cramMd5 }), ['PLAIN', 'CRAM-MD5'])
    }
  })

  test('offers nothing else without TLS where that is allowed, and never it where that is not', () => {
    const all = doorkeeper(both, ['SCRAM-SHA-256', 'PLAIN', 'CRAM-MD5'])
    assert.deepEqual(all.mechanisms({ remoteAddress: away, cramMd5: 'clear' }), ['CRAM-MD5'])
    assert.deepEqual(all.mechanisms({ remoteAddress: away, cramMd5: 'tls' }), ['SCRAM-SHA-256'])
  })

  test('offers it to nobody where nobody can tell who may use it without TLS', () => {
    const { cramMd5InTheClear: _, ...underTls } = both
    assert.deepEqual(doorkeeper(underTls).mechanisms({ remoteAddress: away, cramMd5: 'clear' }), [])
  })

  test('asks for each digest by the channel over which it came', async () => {
    const clear = { remoteAddress: away, cramMd5: 'clear' } as const
    assert.deepEqual(await answer(clear, 'right'), { kind: 'success', account: 'tim clear' })
    assert.deepEqual(await answer({ ...clear, tls }, 'right'), { kind: 'success', account: 'tim tls' })
    assert.equal((await answer(clear, 'wrong')).kind, 'failure')
  })

  test('is not made so by a visit that does not ask for it', () => {
    assert.deepEqual(doorkeeper(both, ['CRAM-MD5']).mechanisms({ remoteAddress: away }), ['CRAM-MD5'])
    assert.equal(doorkeeper(both).mechanisms({ remoteAddress: away, tls }).includes('CRAM-MD5'), false)
  })
})
