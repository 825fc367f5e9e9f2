import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CERTIFICATE } from '@cartero/testkit'
import type { HostPolicy } from '@cartero/routing'
import type { ConfiguredWays } from '../../src/relay/courier/index.ts'
import { CourierStage, host } from './courier-stage.ts'
import { ScriptedServer, type Script } from './scripted-server.ts'

const VERIFY: HostPolicy = { kind: 'use', demand: { kind: 'verify', names: ['localhost'] } }
const WAY = { kind: 'route', name: 'hub' } as const
type Route = NonNullable<ReturnType<ConfiguredWays['route']>>

/** One letter to two recipients, by a way that is configured. */
async function sent(script: Script, route: Partial<Route>, policy = VERIFY) {
  await using server = await ScriptedServer.start(script)
  const stage = new CourierStage([], {
    routes: { route: (name) => (name === 'hub' ? { protocol: 'smtp', ...route } : undefined) },
  })
  stage.hosts = [host({ name: 'localhost', port: server.port })]
  stage.policies = [policy]
  const feed = stage.feed([await stage.letter({ to: ['a@example.net', 'b@example.net'] })], { way: WAY })
  const ending = await stage.run(feed)
  const [done] = feed.ends.values()
  return { server, stage, ending, results: done?.results.map(({ kind }) => kind) }
}

const credentials = { username: 'us', password: { reveal: () => 'secret' } }
const authorities = [CERTIFICATE]

describe('a way that the operator has configured', () => {
  it('is used with TLS from its first octet', async () => {
    const { server, results, stage } = await sent({ implicitTls: true }, { isTlsImplicit: true, authorities })
    assert.deepEqual([server.taken.length, results], [1, ['passed', 'passed']])
    // Reports are about domains.
    assert.deepEqual(stage.told, [])
  })

  it('is used after a login, by the strongest way that both know', async () => {
    const { server } = await sent({ offers: ['STARTTLS', 'AUTH LOGIN PLAIN'] }, { credentials, authorities })
    assert.equal(server.taken.length, 1)
    assert.equal(
      server.heard.find((line) => line.startsWith('AUTH')),
      `AUTH PLAIN ${Buffer.from('\0us\0secret').toString('base64')}`,
    )
  })

  for (const [what, script] of [
    ['the password is wrong', { offers: ['STARTTLS', 'AUTH PLAIN'], AUTH: '535 5.7.8 wrong' }],
    ['there is no login', { offers: ['STARTTLS'] }],
  ] satisfies [string, Script][])
    it(`keeps mail waiting when ${what}: the operator can mend that`, async () => {
      const { server, ending } = await sent(script, { credentials, authorities })
      assert.equal(server.count('MAIL'), 0)
      assert.ok(ending.kind === 'unreachable' && ending.trouble.kind === 'deferred')
      assert.match(ending.trouble.status, what.includes('wrong') ? /^4\.7\.8$/ : /^4\.7\.4$/)
    })

  for (const [how, quoted] of [
    ['as it is', 'us:secret'],
    ['in base64', Buffer.from('secret').toString('base64')],
    ['in its command', `AUTH PLAIN ${Buffer.from('\0us\0secret').toString('base64')}`],
    ['in a piece of it', Buffer.from('\0us\0secret').toString('base64').slice(0, -3)],
  ])
    for (const code of ['500 5.5.1', '235x'])
      it(`keeps its password for itself when the host quotes it ${how} (${code})`, async () => {
        const script = { offers: ['STARTTLS', 'AUTH PLAIN'], AUTH: `${code} unknown: ${quoted}, see help` }
        const { ending } = await sent(script, { credentials, authorities })
        assert.ok(ending.kind === 'unreachable')
        const told = JSON.stringify(ending.trouble)
        assert.match(told, /unknown: (?:us:|AUTH PLAIN )?\*\*\*, see help/)
        assert.doesNotMatch(told, /secret|c2Vjcm|AHVz/)
      })

  it('is not told a password where TLS is not believed', async () => {
    const { server, ending } = await sent(
      { offers: ['STARTTLS', 'AUTH PLAIN'] },
      { credentials },
      { kind: 'use', demand: { kind: 'encrypt' } },
    )
    assert.equal(server.count('AUTH'), 0)
    assert.equal(ending.kind, 'unreachable')
  })

  it('may lead to a store that answers for each recipient by itself', async () => {
    const { server, results } = await sent(
      { end: '250 2.1.5 a has it\r\n452 4.2.2 b is full', offers: ['PIPELINING'] },
      { protocol: 'lmtp' },
      { kind: 'use', demand: { kind: 'opportunistic' } },
    )
    assert.equal(server.count('LHLO'), 1)
    assert.deepEqual(results, ['passed', 'deferred'])
  })
})
