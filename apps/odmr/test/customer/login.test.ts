import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CERTIFICATE } from '@cartero/testkit'
import type { Provider } from '../../src/customer/agent.ts'
import { CustomerStage } from './customer-stage.ts'
import { MachineProvider } from './machine-provider.ts'
import { PASSWORD, ScriptedProvider, type Scenario } from './scripted-provider.ts'

const ALL = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN', 'CRAM-MD5']
const AUTHORITIES = { authorities: CERTIFICATE }

describe('under TLS', () => {
  for (const tls of ['starttls', 'implicit'] as const) {
    for (const [offered, used] of [
      [ALL, 'SCRAM-SHA-256-PLUS'],
      [['SCRAM-SHA-256', 'PLAIN', 'CRAM-MD5'], 'SCRAM-SHA-256'],
      [['PLAIN', 'LOGIN', 'CRAM-MD5'], 'PLAIN'],
      [['LOGIN', 'CRAM-MD5'], 'LOGIN'],
      [['CRAM-MD5'], 'CRAM-MD5'],
    ] as const) {
      test(`by ${tls}, of ${offered.join(' ')} a customer takes ${used}`, async () => {
        const implicitTls = tls === 'implicit'
        await using edge = await MachineProvider.start({ mechanisms: offered, implicitTls, letters: 2 })
        await using stage = await CustomerStage.open([{ port: edge.port, tls, ...AUTHORITIES }])
        const outcome = await stage.fetch()
        assert.deepEqual([outcome.kind, outcome.messages], ['fetched', 2])
        assert.deepEqual([edge.logins, edge.kinds], [[used], ['delivered', 'delivered']])
        assert.equal(stage.reports[0]!['tls'], 'TLSv1.3')
        assert.equal(stage.turned[0]!.tls?.verified, true)
        const { envelope } = await stage.ground.kept()
        assert.equal(envelope.client.protocol, 'ESMTPS')
      })
    }
  }
})

describe('in the clear', () => {
  for (const [offered, used] of [
    [['SCRAM-SHA-256', 'PLAIN', 'LOGIN', 'CRAM-MD5'], 'SCRAM-SHA-256'],
    [['PLAIN', 'LOGIN', 'CRAM-MD5'], 'CRAM-MD5'],
  ] as const) {
    test(`of ${offered.join(' ')} a customer takes ${used}, and is warned`, async () => {
      await using edge = await MachineProvider.start({ mechanisms: offered, allowPlaintextAuth: true })
      await using stage = await CustomerStage.open([{ port: edge.port }])
      await stage.agent.start!(AbortSignal.timeout(1_000))
      assert.deepEqual([(await stage.fetch()).kind, edge.logins], ['fetched', [used]])
      assert.equal(stage.ground.told('odmr.fetch.clear')['provider'], 'edge')
    })
  }

  for (const offers of [['AUTH PLAIN LOGIN', 'ATRN'], ['AUTH XOAUTH2', 'ATRN'], ['ATRN']]) {
    test(`a customer leaves a provider that offers ${offers.join(' ')}, without a word of his password`, async () => {
      await using edge = await ScriptedProvider.start(async (talk) => {
        await talk.greet(offers)
        await talk.bye()
      })
      await using stage = await CustomerStage.open([{ port: edge.port }])
      const outcome = await stage.fetch()
      assert.deepEqual(edge.heard, ['EHLO home.test', 'QUIT'])
      assert.match(outcome.reason!, /No common authentication mechanism/)
      assert.equal(stage.reports[0]!['outcome'], 'refused')
    })
  }
})

describe('a login that is not let in', () => {
  async function refused(scenario: Scenario, given: Partial<Provider> = {}) {
    await using edge = await ScriptedProvider.start(scenario)
    await using stage = await CustomerStage.open([{ port: edge.port, ...given }])
    const outcome = await stage.fetch()
    return {
      outcome,
      report: stage.reports[0]!,
      lines: stage.ground.lines,
      health: await stage.agent.health!(),
    }
  }

  const saying =
    (...lines: readonly string[]): Scenario =>
    async (talk) => {
      await talk.greet()
      await talk.hear()
      talk.say('334 PGNoYWxsZW5nZUBlZGdlLnRlc3Q+')
      await talk.hear()
      talk.say(...lines)
      await talk.bye()
    }

  test('is told loudly, with the words of the provider and what to do', async () => {
    const { outcome, report, health } = await refused(saying('535 5.7.8 Authentication credentials invalid'))
    assert.equal(outcome.reason, '127.0.0.1 said to AUTH: 535 5.7.8 Authentication credentials invalid')
    assert.deepEqual([report['level'], report['outcome']], ['error', 'refused'])
    assert.match(String(report['hint']), /odmr\.fetch/)
    assert.equal(health.status, 'degraded')
  })

  test('for now is no reason for alarm', async () => {
    const { outcome, report } = await refused(saying('454 4.7.0 Temporary authentication failure'))
    assert.deepEqual([outcome.kind, report['level']], ['busy', 'warn'])
  })

  test('does not write the password into the log, however the provider repeats it', async () => {
    const base64 = Buffer.from(`\0fetch@edge.test\0${PASSWORD}`).toString('base64')
    const { outcome, lines } = await refused(saying(`535 5.7.8 ${PASSWORD} and ${base64} are wrong`))
    assert.match(outcome.reason!, /535 5\.7\.8 \*\*\* and \*\*\* are wrong/)
    assert.doesNotMatch(lines.join(''), new RegExp(`${PASSWORD}|${base64.slice(0, 12)}`))
  })

  test('nor when it repeats it later', async () => {
    const { outcome, lines } = await refused(async (talk) => {
      await talk.open()
      talk.say(`550 5.7.1 not with ${PASSWORD}`)
      await talk.bye()
    })
    assert.match(outcome.reason!, /not with \*\*\*/)
    assert.doesNotMatch(lines.join(''), new RegExp(PASSWORD))
  })

  test('by a provider that says yes before it has proved itself is none', async () => {
    await using edge = await ScriptedProvider.start(async (talk) => {
      await talk.greet(['AUTH SCRAM-SHA-256', 'ATRN'])
      await talk.hear()
      talk.say('235 2.7.0 welcome')
      await talk.bye()
    })
    await using stage = await CustomerStage.open([{ port: edge.port }])
    const outcome = await stage.fetch()
    assert.match(outcome.reason!, /failed to prove itself/)
    assert.deepEqual(edge.said('ATRN'), [])
  })

  test('because login or password cannot be said is told as that', async () => {
    const { outcome } = await refused(
      async (talk) => {
        await talk.greet(['AUTH SCRAM-SHA-256', 'ATRN'])
        await talk.bye()
      },
      { password: 'tab\tbed' },
    )
    assert.match(outcome.reason!, /login or password cannot be said/)
    assert.doesNotMatch(outcome.reason!, /bed/)
  })
})
