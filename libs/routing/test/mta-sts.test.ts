import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Resolver } from '@cartero/dns'
import { ZoneResolver } from '@cartero/dns/zone'
import { MemoryStsCache } from '@cartero/routing/sts-cache'
import {
  FETCH_BACK_OFF_MS,
  FETCH_LIMIT_MS,
  MAX_FAILURES,
  POLICY_LIMIT,
  REFRESH_MS,
  StsPolicies,
  type StsFound,
} from '@cartero/routing/tls-policy'
import { TestAuthority } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'
import { AUTHORITY, plain, policyText, PolicyHost, type Answer } from './policy-host.ts'

const HOUR = 3_600_000
const { signal } = new AbortController()

const zone = (id: string | undefined): string =>
  [
    'mta-sts.example.com. A 127.0.0.1',
    'example.com. A 127.0.0.1',
    ...(id === undefined ? [] : [`_mta-sts.example.com. TXT "v=STSv1; id=${id};"`]),
  ].join('\n')

describe('the MTA-STS policy of a domain', () => {
  let host: PolicyHost
  let clock: ManualClock
  let cache: MemoryStsCache
  before(async () => {
    host = await PolicyHost.start()
  })
  after(() => host.stop())
  beforeEach(() => {
    host.answer = policyText('enforce')
    host.asked.length = 0
    clock = new ManualClock()
    cache = new MemoryStsCache()
  })

  /** As after a restart: only the cache and the clock go on. */
  const policies = (
    id: string | undefined,
    more: Partial<ConstructorParameters<typeof StsPolicies>[0]> = {},
  ): StsPolicies =>
    new StsPolicies({
      resolver: new ZoneResolver(zone(id)),
      clock,
      cache,
      port: host.port,
      authorities: AUTHORITY.certificate,
      ...more,
    })

  const silentDns = (): ZoneResolver =>
    new ZoneResolver(zone('1'), { faults: { '_mta-sts.example.com': 'timeout' } })

  const of = (from: StsPolicies): Promise<StsFound> => from.of('example.com', signal)

  test('is fetched from its own host over HTTPS, and kept', async () => {
    const from = policies('1')
    const { policy } = await of(from)
    assert.deepEqual([policy?.mode, policy?.mx], ['enforce', ['mx.example.com']])
    await of(from)
    await of(policies('1'))
    assert.deepEqual(host.asked, ['mta-sts.example.com/.well-known/mta-sts.txt'])
  })

  test('is none where nothing is announced, and nobody is asked', async () => {
    const { policy, trouble } = await of(policies(undefined))
    assert.deepEqual([policy, trouble], [undefined, undefined])
    assert.deepEqual(host.asked, [])
  })

  test('is fetched once for all who ask at the same time, and who leaves does not take it from them', async () => {
    const from = policies('1')
    const leaving = new AbortController()
    const left = from.of('example.com', leaving.signal)
    const staying = Promise.all([of(from), of(from)])
    leaving.abort(new Error('left'))
    await assert.rejects(left, /left/)
    assert.deepEqual(
      (await staying).map(({ policy }) => policy?.mode),
      ['enforce', 'enforce'],
    )
    assert.equal(host.asked.length, 1)
  })

  test('gotcha 57: survives a failure of the DNS', async () => {
    await of(policies('1'))
    const { policy, isUncertain } = await of(policies('1', { resolver: silentDns() }))
    assert.deepEqual([policy?.mode, isUncertain], ['enforce', true])
  })

  test('gotcha 57: survives that its announcement is gone, until it expires', async () => {
    await of(policies('1'))
    assert.equal((await of(policies(undefined))).policy?.mode, 'enforce')
    clock.advance(24 * HOUR)
    assert.equal((await of(policies(undefined))).policy, undefined)
  })

  test('gotcha 57: is fetched anew when its number changes, and the old one stays while that fails', async () => {
    await of(policies('1'))
    host.answer = (response) => response.writeHead(500).end()
    const { policy, trouble } = await of(policies('2'))
    assert.equal(policy?.mode, 'enforce')
    assert.equal(trouble?.failure, 'sts-policy-fetch-error')
    host.answer = policyText('none')
    assert.equal((await of(policies('2'))).policy?.mode, 'none')
    assert.equal((await of(policies('2'))).policy?.mode, 'none')
    assert.equal(host.asked.length, 3)
  })

  test('REFRESH_MS: is fetched anew before it expires, though its number is the same', async () => {
    host.answer = policyText('enforce', 'mx.example.com', (10 * REFRESH_MS) / 1000)
    const from = policies('1')
    await of(from)
    clock.advance(REFRESH_MS - 1)
    await of(from)
    assert.equal(host.asked.length, 1)
    clock.advance(1)
    await of(from)
    assert.equal(host.asked.length, 2)
    host.answer = policyText('enforce', 'mx.example.com', 7200)
    clock.advance(REFRESH_MS)
    await of(from)
    clock.advance(HOUR)
    await of(from)
    assert.equal(host.asked.length, 4, 'after half of its life when that is short')
  })

  test('FETCH_BACK_OFF_MS: is not asked for at once again after a failure', async () => {
    host.answer = (response) => response.writeHead(404).end()
    const from = policies('1')
    const first = await of(from)
    assert.deepEqual([first.policy, first.trouble?.failure], [undefined, 'sts-policy-fetch-error'])
    host.answer = policyText('enforce')
    clock.advance(FETCH_BACK_OFF_MS - 1)
    assert.deepEqual(await of(from), first)
    assert.equal(host.asked.length, 1)
    clock.advance(1)
    assert.equal((await of(from)).policy?.mode, 'enforce')
  })

  for (const [what, answer, failure] of [
    ['a redirect', redirect, 'sts-policy-fetch-error'],
    [
      'another success',
      (response) =>
        response
          .writeHead(203, { 'content-type': 'text/plain' })
          .end('version: STSv1\nmode: none\nmax_age: 1'),
      'sts-policy-fetch-error',
    ],
    ['a page', plain('version: STSv1\nmode: none\nmax_age: 1', 'text/html'), 'sts-policy-fetch-error'],
    [
      'no media type',
      (response) => response.writeHead(200).end('version: STSv1\nmode: none\nmax_age: 1'),
      'sts-policy-fetch-error',
    ],
    [
      'POLICY_LIMIT: more than a policy',
      plain(`version: STSv1\nmode: none\nmax_age: 1\nx: ${'x'.repeat(POLICY_LIMIT)}`),
      'sts-policy-fetch-error',
    ],
    [
      'half of an answer',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1000' })
        response.write('version: STSv1\nmode: none\nmax_age: 1')
        setImmediate(() => response.destroy())
      },
      'sts-policy-fetch-error',
    ],
    ['nonsense', plain('nonsense'), 'sts-policy-invalid'],
  ] as readonly (readonly [string, Answer, string])[]) {
    test(`is not ${what}`, async () => {
      host.answer = answer
      const { policy, trouble } = await of(policies('1'))
      assert.deepEqual([policy, trouble?.failure], [undefined, failure])
      assert.equal(host.asked.length, 1)
    })
  }

  test('may be labelled with a character set', async () => {
    host.answer = plain('version: STSv1\nmode: none\nmax_age: 1', 'Text/Plain; charset=utf-8')
    assert.equal((await of(policies('1'))).policy?.mode, 'none')
  })

  test('is not believed of a host for which nobody vouches', async () => {
    const { trouble } = await of(policies('1', { authorities: TestAuthority.root().certificate }))
    assert.equal(trouble?.failure, 'sts-webpki-invalid')
    assert.deepEqual(host.asked, [])
  })

  for (const [what, options] of [
    ['another name', { names: ['example.com', '*.mta-sts.example.com'] }],
    ['its name as common name only', { commonName: 'mta-sts.example.com' }],
    ['a past date', { names: ['mta-sts.example.com'], days: -1 }],
  ] as const) {
    test(`is not believed of a host with a certificate of ${what}`, async () => {
      const other = await PolicyHost.start(policyText('enforce'), AUTHORITY.issue(options))
      const { trouble } = await of(policies('1', { port: other.port }))
      other.stop()
      assert.equal(trouble?.failure, 'sts-webpki-invalid')
      assert.deepEqual(other.asked, [])
    })
  }

  test('FETCH_LIMIT_MS: is not waited for any longer', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const asking = of(policies('1', { port: (silent.address() as AddressInfo).port }))
    const [socket] = await once(silent, 'connection')
    clock.advance(FETCH_LIMIT_MS)
    assert.equal((await asking).trouble?.detail, 'it took too long')
    socket.destroy()
    silent.close()
  })

  test('is not waited for when we stop', async () => {
    const answered = Promise.withResolvers<void>()
    host.answer = () => answered.resolve()
    const from = policies('1')
    const asking = assert.rejects(of(from), /are closed/)
    await answered.promise
    from.close()
    await asking
    await assert.rejects(of(from), /are closed/)
  })

  test('cannot be had when its host has no address, or nobody is there', async () => {
    const nowhere = new ZoneResolver('_mta-sts.example.com. TXT "v=STSv1; id=1"')
    assert.match((await of(policies('1', { resolver: nowhere }))).trouble?.detail ?? '', /has no address/)
    const silent = new ZoneResolver(zone('1'), { faults: { 'mta-sts.example.com': 'serverFailure' } })
    assert.equal((await of(policies('1', { resolver: silent }))).trouble?.failure, 'sts-policy-fetch-error')
    const { trouble } = await of(policies('1', { port: 1 }))
    assert.equal(trouble?.failure, 'sts-policy-fetch-error')
  })
})

test('MAX_FAILURES: of so many domains a failure is remembered, and the oldest is asked again', async () => {
  // Each announces a policy, and none has a host for it.
  const zones = new ZoneResolver('*.test. TXT "v=STSv1; id=1"')
  const asked: string[] = []
  const resolver: Resolver = {
    ask: (name, type, aborted) => {
      if (type === 'A') asked.push(name)
      return zones.ask(name, type, aborted)
    },
  }
  const sts = new StsPolicies({ resolver, clock: new ManualClock(), cache: new MemoryStsCache() })
  for (let i = 0; i <= MAX_FAILURES; i++) await sts.of(`d${i}.test`, signal)
  asked.length = 0
  await sts.of('d1.test', signal)
  assert.deepEqual(asked, [])
  await sts.of('d0.test', signal)
  assert.deepEqual(asked, ['mta-sts.d0.test'])
})

function redirect(response: Parameters<Answer>[0], request: Parameters<Answer>[1]): void {
  if (request.url === '/elsewhere') policyText('enforce')(response, request)
  else response.writeHead(302, { location: '/elsewhere' }).end()
}
