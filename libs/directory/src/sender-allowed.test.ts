import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_ADDRESS_POLICY as POLICY } from './address.ts'
import { MapRecords } from './memory/map-records.ts'
import { isSenderAllowed } from './sender-allowed.ts'

const domain = 'example.org'
const records = new MapRecords()
records.putDomain({ name: domain, catchAll: 'tim@example.org', postmaster: 'tim@example.org' })
for (const name of ['tim', 'ann', 'tim+boss']) {
  records.putAccount({
    address: `${name}@example.org`,
    domain,
    disabled: false,
    quota: 0n,
    reversible: false,
    clearCramMd5: false,
  })
}
records.putAccount({
  address: 'old@example.org',
  domain,
  disabled: true,
  quota: 0n,
  reversible: false,
  clearCramMd5: false,
})
records.putAlias({ address: 'info@example.org', domain, targets: ['ann@example.org', 'tim@example.org'] })
records.putAlias({ address: 'tagged@example.org', domain, targets: ['tim+inbox@example.org'] })
records.putAlias({ address: 'list@example.org', domain, targets: ['info@example.org'] })
records.putAlias({ address: 'boss@example.org', domain, targets: ['tim+boss@example.org'] })

for (const [name, account] of [
  ['home.test', 'tim@example.org'],
  ['ann.test', 'ann@example.org'],
] as const) {
  const collection = { account, quota: 0n, keepSeconds: 0n, contact: '' }
  records.putDomain({ name, catchAll: '', postmaster: '', collection })
  records.putAlias({ address: `old@${name}`, domain: name, targets: ['tim@example.org'] })
}

describe('tim may send as', () => {
  const ALLOWED = [
    'tim@example.org',
    'TIM@Example.Org',
    '"tim"@example.org',
    'tim+news@example.org',
    'info@example.org',
    'info+web@example.org',
    'tagged@example.org',
    'whoever@home.test', // he collects its mail
    '"a b+c"@HOME.test',
    'postmaster@home.test',
    '',
    '<>',
  ]
  for (const sender of ALLOWED) {
    test(sender === '' ? 'nobody' : sender, () => {
      assert.equal(isSenderAllowed(records, 'tim@example.org', sender, POLICY), true)
    })
  }
})

describe('tim may not send as', () => {
  const REFUSED = [
    'ann@example.org',
    'ann+tim@example.org',
    'tim+boss@example.org', // an account of its own
    'boss@example.org',
    'list@example.org', // leads to him by another alias
    'postmaster@example.org',
    'whoever@example.org', // the catch-all is his
    'tim@example.net',
    'tim@ann.test',
    'old@ann.test', // has no effect while she collects
    'tim@sub.home.test',
    'tim@home.test.example',
    '%@%.test',
    'tim@sub.example.org',
    'tim',
    '@example.org',
    'tim@example.org,ann@example.org',
    'tim@example.org\0@example.net',
    ' ',
  ]
  for (const sender of REFUSED) {
    test(JSON.stringify(sender), () => {
      assert.equal(isSenderAllowed(records, 'tim@example.org', sender, POLICY), false)
    })
  }
})

test('an account that is disabled or gone may send as nobody, not even with the null sender', () => {
  for (const account of ['old@example.org', 'gone@example.org', '', 'rubbish']) {
    for (const sender of ['', account, 'tim@example.org', 'whoever@example.org']) {
      assert.equal(isSenderAllowed(records, account, sender, POLICY), false)
    }
  }
})
