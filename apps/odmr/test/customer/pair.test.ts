import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CERTIFICATE } from '@cartero/testkit'
import type { Provider } from '../../src/customer/agent.ts'
import { ACCOUNT, PASSWORD } from '../customer.ts'
import { OLD, OdmrStage, type StageOptions } from '../odmr-stage.ts'
import { CustomerStage } from './customer-stage.ts'

/** Both sides of this room, with nothing but a socket between them. */
async function pair(
  given: (edge: OdmrStage) => Partial<Provider> & { port: number },
  options: StageOptions = {},
) {
  const edge = await OdmrStage.open(options)
  const known = { host: 'localhost', username: ACCOUNT, password: PASSWORD, authorities: CERTIFICATE }
  const home = await CustomerStage.open([{ ...known, ...given(edge) }], {
    addressesOf: async () => ['127.0.0.1'],
  })
  return {
    edge,
    home,
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]()
      await edge[Symbol.asyncDispose]()
    },
  }
}

describe('an edge and a home of this room', () => {
  for (const tls of ['starttls', 'implicit'] as const) {
    test(`hand over all that waits, by ${tls}, and then nothing`, async () => {
      await using both = await pair((edge) => ({ port: tls === 'implicit' ? edge.tlsPort : edge.port, tls }))
      const { edge, home } = both
      await edge.letters(5, { to: ['alice@home.test'] })
      const { kind, messages } = await home.fetch()
      assert.deepEqual([kind, messages], ['fetched', 5])
      assert.deepEqual(await edge.waiting(), [])
      assert.equal((await home.fetch()).kind, 'nothing')
    })
  }

  test('keep what the home has no address for apart from the rest', async () => {
    await using both = await pair((edge) => ({ port: edge.port, tls: 'starttls' }))
    const { edge, home } = both
    await edge.letter({ to: ['nobody@home.test'] })
    await edge.letter({ to: ['alice@home.test'] })
    assert.equal((await home.fetch()).messages, 1)
  })

  for (const [what, given, outcome, reply] of [
    ['a wrong password', { password: 'another' }, 'refused', /535/],
    ['a domain of somebody else', { domains: ['old.test'] }, 'busy', /450/],
  ] as const) {
    test(`do not get together with ${what}`, async () => {
      await using both = await pair((edge) => ({ port: edge.port, tls: 'starttls', ...given }))
      const { reason } = await both.home.fetch()
      assert.match(reason!, reply)
      assert.equal(both.home.reports[0]!['outcome'], outcome)
    })
  }

  test('do without TLS where both have chosen to', async () => {
    const allowed = { allowClearCramMd5: true }
    await using both = await pair((edge) => ({ port: edge.port, tls: 'none', username: OLD }), allowed)
    assert.equal((await both.home.fetch()).kind, 'nothing')
  })

  test('do not do without TLS where the edge has not', async () => {
    await using both = await pair((edge) => ({ port: edge.port, tls: 'none' }))
    assert.equal((await both.home.fetch()).kind, 'failed')
  })
})
