import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMPLIANCE_ZONE, testResolver } from '../compliance/index.ts'
import { DnsError } from '../ports.ts'
import { ZoneResolver } from './zone-resolver.ts'

for (const isValidated of [true, false])
  testResolver(`ZoneResolver, validated: ${isValidated}`, {
    open: async () => ({
      resolver: new ZoneResolver(COMPLIANCE_ZONE, { validated: isValidated }),
      isValidated,
      [Symbol.asyncDispose]: async () => {},
    }),
  })

const fault = (expected: DnsError['fault']) => (error: unknown) =>
  error instanceof DnsError && error.fault === expected

test('an answer that leaves the validated zone is not validated', async () => {
  const resolver = new ZoneResolver([
    { origin: 'signed.test', text: 'www CNAME www.plain.test.\nmx A 127.0.0.1', validated: true },
    { origin: 'plain.test', text: 'www A 127.0.0.1' },
  ])
  assert.equal((await resolver.ask('mx.signed.test', 'A')).isValidated, true)
  assert.equal((await resolver.ask('missing.signed.test', 'A')).isValidated, true)
  assert.equal((await resolver.ask('www.signed.test', 'A')).isValidated, false)
  assert.equal((await resolver.ask('elsewhere.test', 'A')).isValidated, false)
})

test('a name that is to fail fails, also behind an alias, until it is healed', async () => {
  const resolver = new ZoneResolver('alias.test. CNAME Bad.test.\nbad.test. A 127.0.0.1', {
    faults: { 'BAD.test': 'serverFailure' },
  })
  await assert.rejects(resolver.ask('bad.test', 'MX'), fault('serverFailure'))
  await assert.rejects(resolver.ask('alias.test', 'A'), fault('serverFailure'))
  resolver.fail('bad.test', 'timeout')
  await assert.rejects(resolver.ask('bad.test', 'A'), fault('timeout'))
  resolver.fail('bad.test')
  assert.equal((await resolver.ask('alias.test', 'A')).kind, 'found')
})

test('aliases in a circle are no endless loop', async () => {
  const resolver = new ZoneResolver('$ORIGIN test.\na CNAME b\nb CNAME c\nc CNAME a')
  await assert.rejects(resolver.ask('a.test', 'A'), fault('malformed'))
})
