import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { CERTIFICATE } from '@cartero/testkit'
import type { HostPolicy } from '@cartero/routing'
import { CourierStage, host, LANE } from './courier-stage.ts'
import { ScriptedServer, type Script } from './scripted-server.ts'

const TLS = { offers: ['PIPELINING', 'STARTTLS'] } satisfies Script
const NO_TLS = { offers: ['PIPELINING'] } satisfies Script

const use = (demand: Extract<HostPolicy, { kind: 'use' }>['demand']): HostPolicy => ({ kind: 'use', demand })
const VERIFY = use({ kind: 'verify', names: ['localhost'] })
const ENCRYPT = use({ kind: 'encrypt' })

function dane(data: Buffer): HostPolicy {
  const record = { usage: 3, selector: 0, matchingType: 1, data }
  return use({ kind: 'dane', records: [record], names: ['localhost'] })
}

const FINGERPRINT = createHash('sha256').update(new X509Certificate(CERTIFICATE).raw).digest()

/** One server under its policy, called `localhost`, and a letter for it. */
async function sent(
  script: Script,
  policy: HostPolicy,
  { authorities = CERTIFICATE, name = 'localhost' }: { authorities?: string | undefined; name?: string } = {},
) {
  await using server = await ScriptedServer.start(script)
  const stage = new CourierStage([server], authorities === '' ? {} : { authorities })
  stage.hosts = [host({ name, port: server.port })]
  stage.policies = [policy]
  const feed = stage.feed([await stage.letter()])
  const ending = await stage.run(feed)
  const [done] = feed.ends.values()
  return {
    server,
    stage,
    feed,
    ending,
    tls: done?.facts.tls,
    failures: stage.told.map((each) => each.failure),
  }
}

describe('TLS of a courier', () => {
  it('that has nothing to do with a failure is not what a failure is counted as', async () => {
    const { server, stage } = await sent({ greeting: '554 5.3.2 go away' }, use({ kind: 'opportunistic' }))
    assert.deepEqual([stage.calls, server.taken.length], [['refused'], 0])
    const nobody = new CourierStage([])
    nobody.hosts = [host({ port: 1 })]
    const ending = await nobody.run(nobody.feed([await nobody.letter()]))
    assert.deepEqual(nobody.calls, ['failed'])
    assert.equal(
      ending.kind === 'unreachable' && ending.trouble.reason,
      'cannot connect to mx.test port 1: 127.0.0.1 refused (ECONNREFUSED)',
    )
    assert.deepEqual((await sent(NO_TLS, use({ kind: 'none' }))).stage.calls, ['connected'])
  })

  it('is used where it is offered, whoever it is', async () => {
    const { server, tls, failures } = await sent(TLS, use({ kind: 'opportunistic' }), { authorities: '' })
    assert.equal(server.taken.length, 1)
    assert.deepEqual([tls, failures], ['TLSv1.3', [undefined]])
  })

  it('is done without where it is not offered and nobody demands it', async () => {
    const { server, tls, failures } = await sent(NO_TLS, use({ kind: 'opportunistic' }))
    assert.deepEqual([server.taken.length, tls, failures], [1, undefined, ['starttls-not-supported']])
  })

  it('that does not work is done without, in a second connection and in those that follow, and never when it is demanded', async () => {
    await using server = await ScriptedServer.start({ ...TLS, noTls: true })
    const stage = new CourierStage([server])
    for (const sessions of [2, 3]) {
      const feed = stage.feed([await stage.letter()])
      assert.equal((await stage.run(feed)).kind, 'served')
      assert.equal(server.sessions, sessions)
    }
    assert.equal(server.taken.length, 2)
    assert.deepEqual(stage.events, ['without TLS'])
    stage.policies = [ENCRYPT]
    assert.equal((await stage.run(stage.feed([await stage.letter()]))).kind, 'unreachable')
    assert.equal(server.taken.length, 2)
  })

  it('that a host cannot satisfy for one domain keeps no mail of other domains from it', async () => {
    for (const [script, policy] of [
      [NO_TLS, VERIFY],
      [TLS, dane(Buffer.alloc(32))],
      [{ ...TLS, STARTTLS: '454 4.7.0 not now' }, ENCRYPT],
    ] as const) {
      await using server = await ScriptedServer.start(script)
      const stage = new CourierStage([server])
      stage.policies = [policy]
      assert.equal((await stage.run(stage.feed([await stage.letter()]))).kind, 'unreachable')
      stage.policies = [use({ kind: 'opportunistic' })]
      assert.equal((await stage.run(stage.feed([await stage.letter()]))).kind, 'served')
      assert.deepEqual([server.taken.length, stage.events], [1, []])
    }
  })

  for (const [what, script, policy] of [
    ['encrypt', NO_TLS, ENCRYPT],
    ['encrypt, and STARTTLS is declined', { ...TLS, STARTTLS: '454 4.7.0 not now' }, ENCRYPT],
    ['encrypt, and STARTTLS is declined for good', { ...TLS, STARTTLS: '554 5.7.0 never' }, ENCRYPT],
    ['verify', NO_TLS, VERIFY],
    ['dane', NO_TLS, dane(FINGERPRINT)],
    ['encrypt, and the handshake fails', { ...TLS, noTls: true }, ENCRYPT],
  ] satisfies [string, Script, HostPolicy][])
    it(`is never done without where the demand is ${what}: the mail waits`, async () => {
      const { server, stage, feed, ending } = await sent(script, policy)
      assert.deepEqual(stage.calls, ['tls'])
      assert.equal(server.count('MAIL'), 0)
      assert.ok(ending.kind === 'unreachable' && ending.trouble.kind === 'deferred', ending.kind)
      assert.match(ending.trouble.status, /^4\.7\./)
      assert.equal(feed.ends.size, 0)
    })

  it('with a certificate that an authority vouches for, and that bears the name, is believed', async () => {
    const { server, tls, failures } = await sent(TLS, VERIFY)
    assert.deepEqual([server.taken.length, tls, failures], [1, 'TLSv1.3 verified', [undefined]])
  })

  for (const [what, policy, options, failure, reason] of [
    [
      'nobody vouches for',
      VERIFY,
      { authorities: '' },
      'certificate-not-trusted',
      'localhost: its certificate is self-signed, so that no authority vouches for it (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [
      'has another name',
      use({ kind: 'verify', names: ['mx.other.test'] }),
      {},
      'certificate-host-mismatch',
      'localhost: its certificate is not for mx.other.test (ERR_TLS_CERT_ALTNAME_INVALID)',
    ],
    ['is not in the DNS', dane(Buffer.alloc(32)), {}, 'validation-failure', '(TLSA_MISMATCH)'],
  ] satisfies [string, HostPolicy, object, string, string][])
    it(`with a certificate that ${what} gets no mail, and is reported, in words that an operator understands`, async () => {
      const { server, stage, ending, failures } = await sent(TLS, policy, options)
      assert.equal(server.count('MAIL'), 0)
      assert.ok(ending.kind === 'unreachable' && ending.trouble.status === '4.7.5')
      assert.deepEqual(failures, [failure])
      assert.equal(ending.trouble.reason.slice(-reason.length), reason)
      assert.deepEqual(stage.calls, ['tls'])
    })

  it('with a certificate that the DNS vouches for is believed', async () => {
    const { server, tls } = await sent(TLS, dane(FINGERPRINT), { authorities: '' })
    assert.deepEqual([server.taken.length, tls], [1, 'TLSv1.3 dane'])
  })

  it('goes on to the next host when one has the wrong certificate', async () => {
    await using wrong = await ScriptedServer.start(TLS)
    await using right = await ScriptedServer.start(TLS)
    const stage = new CourierStage([wrong, right], { authorities: CERTIFICATE })
    stage.policies = [dane(Buffer.alloc(32)), dane(FINGERPRINT)]
    const feed = stage.feed([await stage.letter()])
    await stage.run(feed)
    assert.deepEqual([wrong.count('MAIL'), right.taken.length], [0, 1])
    assert.deepEqual(
      stage.told.map(({ failure }) => failure),
      ['validation-failure', undefined],
    )
  })

  it('under a policy that is only tested lets mail pass and reports what it would have refused', async () => {
    const policy: HostPolicy = {
      kind: 'use',
      demand: { kind: 'opportunistic' },
      tested: use({ kind: 'verify', names: ['mx.other.test'] }),
    }
    const { server, failures } = await sent(TLS, policy)
    assert.deepEqual([server.taken.length, failures], [1, ['certificate-host-mismatch']])
  })

  it('is not asked for where the operator wants none, and not reported', async () => {
    const { server, failures } = await sent(TLS, use({ kind: 'none' }))
    assert.deepEqual([server.taken.length, server.count('STARTTLS'), failures], [1, 0, []])
  })

  it('hosts that the policy does not allow are not called', async () => {
    const avoid: HostPolicy = {
      kind: 'avoid',
      status: '4.7.5',
      reason: 'the policy does not name it',
      failure: 'validation-failure',
    }
    const { server, ending, failures } = await sent(TLS, avoid)
    assert.equal(server.sessions, 0)
    assert.deepEqual(ending.kind === 'unreachable' && ending.trouble, {
      kind: 'deferred',
      status: '4.7.5',
      reason: 'localhost is not used: the policy does not name it',
    })
    assert.deepEqual(failures, ['validation-failure'])
  })
})

describe('mail that requires TLS', () => {
  const wish = { required: true, optional: false }

  it('is given to a host that asks for it, too, and no other', async () => {
    await using without = await ScriptedServer.start(TLS)
    await using server = await ScriptedServer.start({ offers: ['STARTTLS', 'REQUIRETLS'] })
    const stage = new CourierStage([without, server], { authorities: CERTIFICATE })
    stage.policies = [VERIFY, VERIFY]
    const feed = stage.feed([await stage.letter({ requireTls: true })], { ...LANE, wish })
    await stage.run(feed)
    assert.deepEqual([without.count('MAIL'), server.taken.length], [0, 1])
    assert.match(
      server.heard.find((line) => line.startsWith('MAIL'))!,
      / REQUIRETLS$/,
    )
    assert.deepEqual(stage.events, [])
  })

  it('comes back when no host asks for it', async () => {
    await using server = await ScriptedServer.start(TLS)
    const stage = new CourierStage([server], { authorities: CERTIFICATE })
    stage.policies = [VERIFY]
    const feed = stage.feed([await stage.letter({ requireTls: true })], { ...LANE, wish })
    const ending = await stage.run(feed)
    assert.deepEqual(ending.kind === 'unreachable' && [ending.trouble.kind, ending.trouble.status], [
      'failed',
      '5.7.30',
    ])
    // It is fit for other mail.
    const other = stage.feed([await stage.letter()])
    assert.equal((await stage.run(other)).kind, 'served')
  })

  it('never goes to whom nobody has verified', async () => {
    await using server = await ScriptedServer.start({ offers: ['STARTTLS', 'REQUIRETLS'] })
    const stage = new CourierStage([server])
    stage.policies = [ENCRYPT]
    const feed = stage.feed([await stage.letter({ requireTls: true })], { ...LANE, wish })
    assert.equal((await stage.run(feed)).kind, 'unreachable')
    assert.equal(server.count('MAIL'), 0)
  })
})
