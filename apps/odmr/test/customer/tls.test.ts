import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CERTIFICATE, TestAuthority } from '@cartero/testkit'
import type { Provider } from '../../src/customer/agent.ts'
import { CustomerStage } from './customer-stage.ts'
import { MachineProvider, type MachineProviderOptions } from './machine-provider.ts'
import { ScriptedProvider, type Scenario } from './scripted-provider.ts'

const authority = TestAuthority.root()
const AUTHORITIES = { authorities: authority.certificate }
const EDGE = { host: 'edge.test' }
const MECHANISMS = ['SCRAM-SHA-256', 'PLAIN']
const addressesOf = async (): Promise<readonly string[]> => ['127.0.0.1']

async function visited(edge: { readonly port: number }, given: Partial<Provider>) {
  await using stage = await CustomerStage.open([{ port: edge.port, ...EDGE, ...given }], { addressesOf })
  const outcome = await stage.fetch()
  return { outcome, report: stage.reports[0]! }
}

for (const tls of ['starttls', 'implicit'] as const) {
  describe(`a certificate, by ${tls}`, () => {
    async function visitedWith(
      identity: NonNullable<MachineProviderOptions['identity']>,
      given: Partial<Provider> = AUTHORITIES,
    ) {
      await using edge = await MachineProvider.start({
        mechanisms: MECHANISMS,
        implicitTls: tls === 'implicit',
        identity,
      })
      return { ...(await visited(edge, { tls, ...given })), logins: edge.logins }
    }

    test('that an authority vouches for is believed', async () => {
      const { outcome, logins } = await visitedWith(authority.issue({ names: ['edge.test'] }))
      assert.deepEqual([outcome.kind, logins], ['fetched', ['SCRAM-SHA-256']])
    })

    for (const [what, identity, given, reason] of [
      ['for another host', authority.issue({ names: ['other.test'] }), AUTHORITIES, /not for edge\.test/],
      ['that has expired', authority.issue({ names: ['edge.test'], days: -1 }), AUTHORITIES, /has expired/],
      [
        'of an authority that the system does not believe',
        authority.issue({ names: ['edge.test'] }),
        {},
        /issuer of its certificate is not known|not trusted/,
      ],
    ] as const) {
      test(`${what} ends the visit before a word of the login`, async () => {
        const { outcome, report, logins } = await visitedWith(identity, given)
        assert.deepEqual([outcome.kind, report['outcome'], report['level']], ['failed', 'insecure', 'error'])
        assert.match(outcome.reason!, reason)
        assert.deepEqual(logins, [])
      })
    }
  })
}

describe('STARTTLS', () => {
  const given = { tls: 'starttls', host: 'localhost', authorities: CERTIFICATE } as const

  async function scripted(scenario: Scenario) {
    await using edge = await ScriptedProvider.start(scenario)
    return { ...(await visited(edge, given)), heard: edge.heard }
  }

  test('that is not offered is not done without', async () => {
    const { outcome, report, heard } = await scripted(async (talk) => {
      await talk.greet()
      await talk.bye()
    })
    assert.deepEqual([outcome.kind, report['outcome']], ['failed', 'insecure'])
    assert.deepEqual(heard, ['EHLO home.test', 'QUIT'])
  })

  test('that is offered and then declined is not done without', async () => {
    const { report, heard } = await scripted(async (talk) => {
      await talk.greet(['STARTTLS', 'AUTH CRAM-MD5', 'ATRN'])
      await talk.hear()
      talk.say('454 4.7.0 not now')
      await talk.bye()
    })
    assert.equal(report['outcome'], 'insecure')
    assert.deepEqual(heard, ['EHLO home.test', 'STARTTLS', 'QUIT'])
  })

  test('behind which no TLS comes is not done without', async () => {
    const { outcome, report, heard } = await scripted(async (talk) => {
      await talk.greet(['STARTTLS', 'AUTH CRAM-MD5', 'ATRN'])
      await talk.hear()
      talk.say('220 go on')
      talk.say('250-edge.test', '250 AUTH CRAM-MD5')
      await talk.gone()
    })
    assert.deepEqual([outcome.kind, report['outcome']], ['failed', 'insecure'])
    assert.deepEqual(heard, ['EHLO home.test', 'STARTTLS'])
  })

  test('does not let in what was injected in the clear before it', async () => {
    const { outcome, heard } = await scripted(async (talk) => {
      await talk.greet(['STARTTLS', 'AUTH CRAM-MD5', 'ATRN'])
      await talk.hear()
      // Answers to EHLO, AUTH and ATRN, for a customer that would take them for what was said in TLS.
      talk.write('220 go on\r\n250 injected\r\n235 welcome\r\n453 no mail\r\n')
      await talk.secure()
      await talk.introduce(['AUTH CRAM-MD5', 'ATRN'])
      await talk.letIn()
      await talk.hear()
      talk.say('451 4.3.0 this was said in TLS')
      await talk.bye()
    })
    assert.match(outcome.reason!, /this was said in TLS/)
    assert.deepEqual(heard.slice(0, 3), ['EHLO home.test', 'STARTTLS', 'EHLO home.test'])
  })

  test('is done, and a message is taken in TLS', async () => {
    const { outcome, report } = await scripted(async (talk) => {
      await talk.greet(['STARTTLS', 'ATRN'])
      await talk.hear()
      talk.say('220 go on')
      await talk.secure()
      await talk.introduce(['AUTH CRAM-MD5', 'ATRN'])
      await talk.letIn()
      await talk.hear()
      talk.say('250 OK, now reversing the connection')
      await talk.reply()
      await talk.ask('EHLO edge.test')
      await talk.give()
      await talk.quit()
    })
    assert.deepEqual([outcome.kind, outcome.messages, report['tls']], ['fetched', 1, 'TLSv1.3'])
  })
})

test('a customer that wants TLS at once says nothing to a provider that speaks in the clear', async () => {
  await using edge = await ScriptedProvider.start(async (talk) => {
    talk.say('220 edge.test ODMR')
    await talk.gone()
  })
  const { outcome, report } = await visited(edge, { tls: 'implicit', ...AUTHORITIES })
  assert.deepEqual([outcome.kind, report['outcome'], edge.heard], ['failed', 'insecure', []])
})
