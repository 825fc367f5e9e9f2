import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { ZoneResolver } from '@cartero/dns/zone'
import type { HostPolicy, MailHost, TlsPolicy, TlsWish, Way } from '@cartero/routing'
import { MemoryStsCache } from '@cartero/routing/sts-cache'
import {
  DestinationTlsPolicies,
  StsPolicies,
  type DestinationTlsPoliciesOptions,
} from '@cartero/routing/tls-policy'
import { ManualClock } from '@cartero/wire'
import { AUTHORITY, policyText, PolicyHost } from './policy-host.ts'

const { signal } = new AbortController()
const HASH = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const WAY: Way = { kind: 'remote', domain: 'example.com' }
const NO_WISH: TlsWish = { required: false, optional: false }
const REQUIRED: TlsWish = { required: true, optional: false }
const OPTIONAL: TlsWish = { required: false, optional: true }

const ANNOUNCED = '_mta-sts.example.com. TXT "v=STSv1; id=1"\nmta-sts.example.com. A 127.0.0.1'

function mailHost(name: string, more: Partial<MailHost> = {}): MailHost {
  return { name, port: 25, preference: 10, addresses: ['192.0.2.1'], isValidated: false, ...more }
}

const PLAIN = mailHost('mx.example.com')
const SIGNED = mailHost('mx.example.com', { isValidated: true })

let policyHost: PolicyHost

interface Case extends Pick<DestinationTlsPoliciesOptions, 'floorOf'> {
  readonly zone?: string
  readonly validated?: boolean
  readonly resolver?: ZoneResolver
  readonly hosts?: readonly MailHost[]
  readonly wish?: TlsWish
  readonly way?: Way
}

function policyOf(given: Case): Promise<TlsPolicy> {
  const { zone = '', validated = true, hosts = [SIGNED], wish = NO_WISH, way = WAY, floorOf } = given
  const resolver = given.resolver ?? new ZoneResolver(zone, { validated })
  const sts = new StsPolicies({
    resolver,
    clock: new ManualClock(),
    cache: new MemoryStsCache(),
    port: policyHost.port,
    authorities: AUTHORITY.certificate,
  })
  return new DestinationTlsPolicies({ resolver, sts, ...(floorOf && { floorOf }) }).of(
    way,
    hosts,
    wish,
    signal,
  )
}

/** The demand, or the status with which the host is avoided. */
function said(policy: HostPolicy | undefined): string {
  if (policy?.kind === 'use') return policy.demand.kind
  return policy ? `${policy.status} ${policy.failure}` : 'nothing'
}

async function saidOf(given: Case): Promise<readonly string[]> {
  return (await policyOf(given)).hosts.map(said)
}

before(async () => {
  policyHost = await PolicyHost.start()
})
after(() => policyHost.stop())
beforeEach(() => {
  policyHost.answer = policyText('enforce')
  policyHost.asked.length = 0
})

const tlsa = (name: string, data = `3 1 1 ${HASH}`): string => `_25._tcp.${name}. TLSA ${data}`

describe('DANE', () => {
  test('is demanded of a host with TLSA records, under all names that the DNS vouches for', async () => {
    const policy = await policyOf({ zone: tlsa('mx.example.com') })
    assert.deepEqual(policy.hosts, [
      {
        kind: 'use',
        demand: {
          kind: 'dane',
          records: [
            { usage: 3, selector: 1, matchingType: 1, data: Uint8Array.from(Buffer.from(HASH, 'hex')) },
          ],
          names: ['mx.example.com', 'example.com'],
        },
      },
    ])
    assert.deepEqual([policy.type, policy.text, policy.isTestingOnly], ['tlsa', [`3 1 1 ${HASH}`], false])
    assert.match(policy.steps.join('\n'), /DANE, 1 TLSA record at _25\._tcp\.mx\.example\.com/)
  })

  test('gotcha 58: insecure records are passed over, wherever the insecurity is', async () => {
    const zone = tlsa('mx.example.com')
    assert.deepEqual(await saidOf({ zone, validated: false }), ['opportunistic'])
    assert.deepEqual(await saidOf({ zone, hosts: [PLAIN] }), ['opportunistic'])
  })

  test('gotcha 58: none is what a validated answer without records says, with or without the name', async () => {
    assert.deepEqual(await saidOf({ zone: 'x. A 127.0.0.1' }), ['opportunistic'])
    assert.deepEqual(await saidOf({ zone: 'below._25._tcp.mx.example.com. A 127.0.0.1' }), ['opportunistic'])
  })

  for (const fault of ['serverFailure', 'timeout', 'refused', 'malformed'] as const) {
    test(`gotcha 58: a host is avoided for now when the answer is lost or forged (${fault})`, async () => {
      const faults = { '_25._tcp.mx.example.com': fault }
      const resolver = new ZoneResolver(tlsa('mx2.example.com'), { validated: true, faults })
      const hosts = [SIGNED, mailHost('mx2.example.com', { isValidated: true })]
      assert.deepEqual(await saidOf({ resolver, hosts }), ['4.7.5 dnssec-invalid', 'dane'])
    })
  }

  test('why a host is avoided is told without its name, which whoever tells it puts in front', async () => {
    const faults = { '_25._tcp.mx.example.com': 'timeout' } as const
    const resolver = new ZoneResolver('', { validated: true, faults })
    const { hosts, steps } = await policyOf({ resolver })
    const [policy] = hosts
    assert.ok(policy?.kind === 'avoid' && policy.reason.startsWith('the DNS does not say now whether'))
    assert.ok(steps.includes(`mx.example.com is not used: ${policy.reason}`), steps.join('\n'))
  })

  test('gotcha 58: a failing answer for a host that is not validated is no reason to avoid it', async () => {
    const faults = { '_25._tcp.mx.example.com': 'serverFailure' } as const
    const resolver = new ZoneResolver('', { validated: true, faults })
    assert.deepEqual(await saidOf({ resolver, hosts: [PLAIN] }), ['opportunistic'])
  })

  test('gotcha 58: behind an alias the last name has its records first, and then the first name', async () => {
    const host = mailHost('mx.example.com', { isValidated: true, canonicalName: 'mx.hoster.example' })
    const both = `${tlsa('mx.example.com')}\n${tlsa('mx.hoster.example', `3 1 1 ${OTHER}`)}`
    const namesOf = async (zone: string): Promise<readonly string[]> => {
      const [policy] = (await policyOf({ zone, hosts: [host] })).hosts
      assert.ok(policy?.kind === 'use' && policy.demand.kind === 'dane')
      return [...policy.demand.names, Buffer.from(policy.demand.records[0]!.data).toString('hex')]
    }
    assert.deepEqual(await namesOf(both), ['mx.hoster.example', 'mx.example.com', 'example.com', OTHER])
    assert.deepEqual(await namesOf(tlsa('mx.example.com')), ['mx.example.com', 'example.com', HASH])
    const faults = { '_25._tcp.mx.hoster.example': 'serverFailure' } as const
    const resolver = new ZoneResolver(both, { validated: true, faults })
    assert.deepEqual(await saidOf({ resolver, hosts: [host] }), ['4.7.5 dnssec-invalid'])
  })

  test('with nothing but records that mail does not use is TLS, whoever shows up', async () => {
    const zone = tlsa('mx.example.com', `1 1 1 ${HASH}`)
    assert.deepEqual(await saidOf({ zone }), ['encrypt'])
    assert.deepEqual(await saidOf({ zone, floorOf: () => 'verify' }), ['verify'])
    assert.deepEqual(await saidOf({ zone, floorOf: () => 'dane' }), ['4.7.5 tlsa-invalid'])
  })

  test('is looked for at the port of the host, and of the host of a route, too', async () => {
    const hosts = [mailHost('mx.example.com', { isValidated: true, port: 465 })]
    const zone = `_465._tcp.mx.example.com. TLSA 3 1 1 ${HASH}`
    const way: Way = { kind: 'route', name: 'relay' }
    assert.deepEqual(await saidOf({ zone, hosts, way }), ['dane'])
  })
})

describe('MTA-STS', () => {
  const zone = ANNOUNCED
  const hosts = [PLAIN, mailHost('evil.example.org')]

  test('gotcha 57: in force, allows only hosts that the policy names, with a certificate of their name', async () => {
    const policy = await policyOf({ zone, hosts })
    assert.deepEqual(policy.hosts.map(said), ['verify', '4.7.5 validation-failure'])
    assert.deepEqual(policy.hosts[0], {
      kind: 'use',
      demand: { kind: 'verify', names: ['mx.example.com'] },
    })
    assert.equal(policy.type, 'sts')
    assert.deepEqual(policy.text, ['version: STSv1', 'mode: enforce', 'mx: mx.example.com', 'max_age: 86400'])
    assert.equal(policy.isTestingOnly, false)
  })

  test('gotcha 57: only tested, changes nothing, and tells what it would have said', async () => {
    policyHost.answer = policyText('testing')
    const policy = await policyOf({ zone, hosts })
    assert.deepEqual(policy.hosts.map(said), ['opportunistic', 'opportunistic'])
    assert.deepEqual(
      policy.hosts.map((host) => (host.kind === 'use' ? said(host.tested) : '')),
      ['verify', '4.7.5 validation-failure'],
    )
    assert.deepEqual([policy.type, policy.isTestingOnly], ['sts', true])
  })

  test('gotcha 57: only tested, makes nobody lenient with a host that DANE is about', async () => {
    policyHost.answer = policyText('testing')
    const faults = { '_25._tcp.mx.example.com': 'timeout' } as const
    const resolver = new ZoneResolver(zone, { validated: true, faults })
    const policy = await policyOf({ resolver, hosts: [SIGNED, mailHost('mx2.example.com')] })
    assert.deepEqual(policy.hosts.map(said), ['4.7.5 dnssec-invalid', 'opportunistic'])
    assert.equal(policy.isTestingOnly, false)
  })

  test('of mode none is none', async () => {
    policyHost.answer = policyText('none')
    const { type, hosts: decided, isTestingOnly } = await policyOf({ zone, hosts })
    assert.deepEqual(
      [type, decided.map(said), isTestingOnly],
      ['no-policy-found', ['opportunistic', 'opportunistic'], false],
    )
  })

  test('gives way to DANE, and does not make good what DANE refuses', async () => {
    const both = `${zone}\n${tlsa('mx2.example.org')}`
    const faults = { '_25._tcp.mx.example.com': 'serverFailure' } as const
    const resolver = new ZoneResolver(both, { validated: true, faults })
    const signed = [SIGNED, mailHost('mx2.example.org', { isValidated: true })]
    const policy = await policyOf({ resolver, hosts: signed })
    assert.deepEqual(policy.hosts.map(said), ['4.7.5 dnssec-invalid', 'dane'])
    assert.equal(policy.type, 'tlsa')
  })

  test('that cannot be had hinders nobody, and is told', async () => {
    policyHost.answer = (response) => response.writeHead(503).end()
    const policy = await policyOf({ zone, hosts })
    assert.deepEqual(policy.hosts.map(said), ['opportunistic', 'opportunistic'])
    assert.deepEqual(policy.trouble, { failure: 'sts-policy-fetch-error', detail: 'it answered 503' })
  })

  test('of a smart host is its own, and not that of the domains whose mail goes there', async () => {
    policyHost.answer = policyText('enforce', 'relay.example')
    const announced = '_mta-sts.relay.example. TXT "v=STSv1; id=1"\nmta-sts.relay.example. A 127.0.0.1'
    const way: Way = { kind: 'route', name: 'relay' }
    const relays = [mailHost('relay.example'), mailHost('192.0.2.25')]
    assert.deepEqual(await saidOf({ zone: announced, hosts: relays, way }), ['verify', 'opportunistic'])
    assert.deepEqual(policyHost.asked, ['mta-sts.relay.example/.well-known/mta-sts.txt'])
  })

  test('is not looked for where a domain has no name', async () => {
    const way: Way = { kind: 'remote', domain: '[192.0.2.1]' }
    assert.deepEqual(await saidOf({ way, hosts: [mailHost('192.0.2.1')] }), ['opportunistic'])
  })
})

describe('what is configured', () => {
  const dane = tlsa('mx.example.com')

  for (const [floor, alone, withDane, withSts] of [
    [undefined, 'opportunistic', 'dane', 'verify'],
    ['opportunistic', 'opportunistic', 'dane', 'verify'],
    ['encrypt', 'encrypt', 'dane', 'verify'],
    ['verify', 'verify', 'dane', 'verify'],
    ['dane', '4.7.5 dane-required', 'dane', '4.7.5 dane-required'],
    ['none', 'none', 'none', 'none'],
  ] as const) {
    test(`${floor ?? 'nothing'} is not made weaker, and makes nothing weaker unless it says that there is no TLS`, async () => {
      const floorOf = (): typeof floor => floor
      assert.deepEqual(await saidOf({ floorOf }), [alone])
      assert.deepEqual(await saidOf({ floorOf, zone: dane }), [withDane])
      assert.deepEqual(await saidOf({ floorOf, zone: ANNOUNCED }), [withSts])
    })
  }

  test('verify is not let go of for a policy that is only tested', async () => {
    policyHost.answer = policyText('testing')
    const policy = await policyOf({ zone: ANNOUNCED, floorOf: () => 'verify' })
    assert.deepEqual([policy.hosts.map(said), policy.isTestingOnly], [['verify'], false])
  })
})

describe('mail', () => {
  test('that says that TLS is not required leaves aside what others publish, and asks nobody for it', async () => {
    const zone = `${ANNOUNCED}\n${tlsa('mx.example.com')}`
    assert.deepEqual(await saidOf({ zone, wish: OPTIONAL }), ['opportunistic'])
    assert.deepEqual(policyHost.asked, [])
    assert.deepEqual(await saidOf({ zone, wish: OPTIONAL, floorOf: () => 'verify' }), ['verify'])
    assert.deepEqual(await saidOf({ zone, wish: { required: true, optional: true } }), ['dane'])
  })

  test('that requires TLS goes to hosts whose name is sure, and which show it', async () => {
    const wish = REQUIRED
    assert.deepEqual(await saidOf({ wish, zone: tlsa('mx.example.com') }), ['dane'])
    assert.deepEqual(await saidOf({ wish }), ['verify'], 'its MX is validated')
    const surelyNamed = mailHost('mx.example.com', { isNameValidated: true })
    assert.deepEqual(await saidOf({ wish, hosts: [surelyNamed] }), ['verify'])
    assert.deepEqual(await saidOf({ wish, hosts: [mailHost('example.com')] }), ['verify'], 'it has no MX')
    const hosts = [PLAIN, mailHost('evil.example.org')]
    assert.deepEqual(await saidOf({ wish, hosts, zone: ANNOUNCED }), ['verify', '5.7.10 validation-failure'])
    policyHost.answer = policyText('testing')
    assert.deepEqual(await saidOf({ wish, hosts, zone: ANNOUNCED }), ['verify', '5.7.10 validation-failure'])
    policyHost.answer = policyText('none')
    assert.deepEqual(await saidOf({ wish, hosts: [PLAIN], zone: ANNOUNCED }), ['5.7.10 validation-failure'])
  })

  test('that requires TLS is given back where anybody could have named the host, and not by who hinders us from asking', async () => {
    const wish = REQUIRED
    assert.deepEqual(await saidOf({ wish, hosts: [PLAIN] }), ['5.7.10 validation-failure'])
    const faults = { '_mta-sts.example.com': 'timeout' } as const
    const resolver = new ZoneResolver('', { faults })
    assert.deepEqual(await saidOf({ wish, hosts: [PLAIN], resolver }), ['4.7.5 validation-failure'])
    policyHost.answer = (response) => response.writeHead(500).end()
    assert.deepEqual(await saidOf({ wish, hosts: [PLAIN], zone: ANNOUNCED }), ['4.7.5 validation-failure'])
  })

  test('that requires TLS does not go where it is configured that there is none', async () => {
    const floorOf = (): 'none' => 'none'
    assert.deepEqual(await saidOf({ wish: REQUIRED, floorOf }), ['5.7.10 starttls-not-supported'])
  })

  test('whose sender leaves is not decided about', async () => {
    const policies = new DestinationTlsPolicies({ resolver: new ZoneResolver('', { validated: true }) })
    await assert.rejects(policies.of(WAY, [SIGNED], NO_WISH, AbortSignal.abort(new Error('left'))), /left/)
  })
})
