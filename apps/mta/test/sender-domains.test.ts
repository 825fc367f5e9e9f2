import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Resolution_Verdict } from '@cartero/contracts/directory'
import type { AnyDirectory } from '@cartero/directory'
import { ZoneResolver } from '@cartero/dns/zone'
import type { Resolver } from '@cartero/dns'
import { ManualClock } from '@cartero/wire'
import { SenderDomainLookup } from '../src/inbound/sender-domains.ts'
import { MxStage } from './mx-stage.ts'

const ZONES = `
fine.test.      MX 10 mx.fine.test.
host.test.      A 192.0.2.1
six.test.       AAAA 2001:db8::1
null.test.      MX 0 .
parked.test.    TXT "nothing here"
alias.test.     CNAME fine.test.
half.test.      A 192.0.2.1
`

/** Knows `ours.test` and nobody else. */
const directory = {
  resolveNow: (address: string) => ({
    verdict: address.endsWith('@ours.test') ? Resolution_Verdict.ACCEPT : Resolution_Verdict.NOT_OURS,
    targets: [],
    forwards: [],
  }),
} as unknown as AnyDirectory

const lookupIn = (resolver: Resolver, clock = new ManualClock()): SenderDomainLookup =>
  new SenderDomainLookup({ resolver, directory, clock })

describe('the domain of a sender', () => {
  const resolver = new ZoneResolver(ZONES, {
    faults: { 'slow.test': 'timeout', 'forged.test': 'serverFailure' },
  })

  for (const [domain, expected] of [
    ['fine.test', 'mail'],
    ['host.test', 'mail'],
    ['six.test', 'mail'],
    ['alias.test', 'mail'],
    ['null.test', 'noMail'],
    ['parked.test', 'nonexistent'],
    ['gone.test', 'nonexistent'],
    ['slow.test', 'unknown'],
    ['forged.test', 'unknown'],
    ['ours.test', 'mail'],
  ] as const)
    test(`${domain}: ${expected}`, async () => {
      assert.equal(await lookupIn(resolver).look(domain), expected)
    })

  test('one address is enough, though nobody tells of the other family', async () => {
    const half: Resolver = {
      ask: (name, type, signal) => resolver.ask(type === 'AAAA' ? 'slow.test' : name, type, signal),
    }
    assert.equal(await lookupIn(half).look('half.test'), 'mail')
    assert.equal(await lookupIn(half).look('parked.test'), 'unknown')
  })

  test('a session does not wait for a DNS that does not answer', async () => {
    const clock = new ManualClock()
    const silent: Resolver = {
      ask: (_name, _type, signal) =>
        new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason))),
    }
    const looking = lookupIn(silent, clock).look('far.test')
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(10_000)
    assert.equal(await looking, 'unknown')
  })

  test('what is broken here is not laid upon the DNS', async () => {
    const broken: Resolver = { ask: () => Promise.reject(new TypeError('broken')) }
    await assert.rejects(lookupIn(broken).look('far.test'), TypeError)
  })
})

test('at the door, each sender is told what the DNS knows of him', async () => {
  const resolver = new ZoneResolver(ZONES, { faults: { 'slow.test': 'timeout' } })
  await using stage = await MxStage.open({}, { senderDomains: lookupIn(resolver) })
  using client = await stage.client()
  for (const [domain, expected] of [
    ['null.test', /^550 5\.7\.27/],
    ['gone.test', /^550 5\.1\.8/],
    ['slow.test', /^451 4\.4\.3/],
    ['fine.test', /^250/],
    ['ours.test', /^250/],
  ] as const) {
    assert.match(await client.smtp(`MAIL FROM:<x@${domain}>`), expected, domain)
    await client.smtp('RSET')
  }
})
