import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { AddressBans, DEFAULT_BAN_LIMITS, type BanEvent, type BanLimits } from './address-bans.ts'

const PEER = '192.0.2.1'
const { failures, within, ban } = DEFAULT_BAN_LIMITS

function watched(limits: Partial<BanLimits> = {}) {
  const clock = new ManualClock()
  const told: BanEvent[] = []
  const bans = new AddressBans(clock, limits, (event) => told.push(event))
  let serial = 0
  const guess = (address: string, times: number, login = 'tim'): void => {
    for (let n = 0; n < times; n++) bans.failed(address, { login, proof: `${serial++}` })
  }
  return { bans, clock, told, guess }
}

describe('bans', () => {
  test('come with the last guess that is too many, and end by themselves', () => {
    const { bans, clock, told, guess } = watched()
    guess(PEER, failures - 1)
    assert.equal(bans.admits(PEER), true)
    guess(PEER, 1)
    assert.equal(bans.admits(PEER), false)
    assert.equal(bans.admits('192.0.2.2'), true)
    const until = clock.now() + ban
    assert.deepEqual(told, [{ kind: 'banned', peer: PEER, until }])
    assert.deepEqual(bans.list(), [{ peer: PEER, until }])
    clock.advance(ban - 1)
    assert.equal(bans.admits(PEER), false)
    clock.advance(1)
    assert.equal(bans.admits(PEER), true)
    assert.deepEqual(bans.list(), [])
    guess(PEER, failures - 1)
    assert.equal(bans.admits(PEER), true, 'after a ban the count begins anew')
  })

  test('do not come of guesses that are far apart', () => {
    const { bans, clock, guess } = watched()
    for (let n = 0; n < 5 * failures; n++) {
      guess(PEER, 1)
      clock.advance(within / (failures - 1))
    }
    assert.equal(bans.admits(PEER), true)
  })

  test('do not come of a mail client that repeats an old password', () => {
    const { bans } = watched()
    for (let n = 0; n < 10 * failures; n++) bans.failed(PEER, { login: 'tim', proof: 'old' })
    assert.equal(bans.admits(PEER), true)
  })

  test('count guesses at all logins together', () => {
    const { bans, guess } = watched()
    for (let n = 0; n < failures; n++) guess(PEER, 1, `login ${n}`)
    assert.equal(bans.admits(PEER), false)
  })

  test('are forgiven by a success at that login, and guesses at others are not', () => {
    const { bans, guess } = watched()
    guess(PEER, failures - 1, 'tim')
    bans.succeeded(PEER, 'tim')
    guess(PEER, failures - 1, 'tim')
    assert.equal(bans.admits(PEER), true)
    bans.succeeded(PEER, 'guesser')
    guess(PEER, 1, 'tim')
    assert.equal(bans.admits(PEER), false)
  })

  test('never meet loopback, behind which everybody may be', () => {
    const { bans, guess } = watched()
    for (const address of ['127.0.0.1', '127.8.8.8', '::1']) {
      guess(address, 10 * failures)
      assert.equal(bans.admits(address), true, address)
    }
  })

  test('meet the /64 of an IPv6 address, and not its neighbours', () => {
    const { bans, guess } = watched()
    for (let n = 0; n < failures; n++) guess(`2001:db8:1:2::${n.toString(16)}`, 1)
    assert.equal(bans.admits('2001:db8:1:2:ffff::1'), false)
    assert.equal(bans.admits('2001:DB8:1:2::'), false)
    assert.equal(bans.admits('2001:db8:1:3::1'), true)
    assert.equal(bans.list()[0]?.peer, '2001:db8:1:2::/64')
  })

  test('are lifted by an operator, by any address of the peer or by its name in the list', () => {
    const { bans, guess, told } = watched()
    guess('2001:db8::1', failures)
    assert.equal(bans.lift('2001:db8::77'), true)
    assert.equal(bans.lift('2001:db8::77'), false)
    assert.equal(told.at(-1)?.kind, 'lifted')
    guess('2001:db8::1', failures)
    assert.equal(bans.lift('2001:db8::/64'), true)
    assert.equal(bans.admits('2001:db8::1'), true)
  })

  test('and what is remembered of guesses do not fill the memory', () => {
    const { bans, clock, guess } = watched({ peers: 4, failures: 1 })
    for (let n = 0; n < 10; n++) {
      guess(`192.0.2.${n}`, 1)
      clock.advance(1)
    }
    assert.deepEqual(
      bans.list().map(({ peer }) => peer),
      ['192.0.2.6', '192.0.2.7', '192.0.2.8', '192.0.2.9'],
    )
  })
})
