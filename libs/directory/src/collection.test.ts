import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_ADDRESS_POLICY as policy, parseAddress } from './address.ts'
import { MapRecords } from './memory/map-records.ts'
import type { Records } from './records.ts'
import { migrations } from './sqlite/schema.ts'
import { SqlRecords } from './sqlite/sql-records.ts'
import { directoryVerbs, type DirectoryVerbs } from './verbs.ts'

const CUSTOMERS = {
  'home.test': 'fetch@home.test',
  'xn--bcher-kva.test': 'fetch@home.test',
  'other.test': 'f_tch@home.test',
} as const

/** Two of them would be patterns that match the first. */
const ACCOUNTS = ['fetch@home.test', 'f_tch@home.test', 'fetch%@home.test', 'tim@example.org']

function populate(records: Records): DirectoryVerbs {
  for (const name of ['example.org', ...Object.keys(CUSTOMERS)])
    records.putDomain({ name, catchAll: '', postmaster: '' })
  for (const address of ACCOUNTS)
    records.putAccount({
      address,
      domain: address.slice(address.indexOf('@') + 1),
      disabled: false,
      quota: 0n,
      reversible: false,
      clearCramMd5: false,
    })
  for (const [name, account] of Object.entries(CUSTOMERS)) {
    const collection = { account, quota: 0n, keepSeconds: 0n, contact: '' }
    records.putDomain({ name, catchAll: '', postmaster: '', collection })
  }
  return directoryVerbs(records)
}

function tables(): Records {
  const database = new DatabaseSync(':memory:')
  for (const script of migrations) database.exec(script)
  return new SqlRecords(database)
}

/** Names of ours into which somebody has put what means something to SQL, to LIKE, to GLOB or to a regular expression. */
const nearlyOurs = fc
  .tuple(
    fc.constantFrom('fetch@home.test', 'tim@example.org', 'x@home.test', 'home.test', 'x@bücher.test', '@'),
    fc.nat(20),
    fc.constantFrom(
      '%',
      '_',
      '.',
      '*',
      '?',
      '[a-z]',
      '.*',
      "' or '1'='1",
      '"',
      '\\',
      '|',
      '(',
      '^',
      '$',
      '\0',
      '--',
    ),
    fc.nat(1),
  )
  .map(([name, at, meta, cut]) => name.slice(0, at) + meta + name.slice(at + cut))

const anyText = fc.oneof(
  nearlyOurs,
  fc.constantFrom(...ACCOUNTS),
  fc.string({ unit: 'binary' }),
  fc.emailAddress(),
)

test('no text that is asked for is ever a pattern, in maps or in tables', () => {
  const [maps, sql] = [populate(new MapRecords()), populate(tables())]
  fc.assert(
    fc.property(anyText, (text) => {
      for (const verbs of [maps, sql]) {
        const [resolution] = verbs.resolve({ addresses: [text], policy, now: 0 })
        const address = parseAddress(text, policy)
        const customer = address && CUSTOMERS[address.domain as keyof typeof CUSTOMERS]
        const isCollected = customer !== undefined || text.toLowerCase() === 'postmaster@home.test'
        assert.equal(resolution!.collected.length, isCollected ? 1 : 0)
        const expected = Object.entries(CUSTOMERS).filter(([, account]) => account === address?.text)
        const names = verbs.collectedDomains({ account: text, policy }).map(({ name }) => name)
        assert.deepEqual(names, expected.map(([name]) => name).toSorted())
        const isHis = customer === 'fetch@home.test' || text === '' || text === '<>'
        assert.equal(verbs.senderAllowed({ account: 'fetch@home.test', address: text, policy }), isHis)
      }
    }),
    { numRuns: 2_000 },
  )
})
