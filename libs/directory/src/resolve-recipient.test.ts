import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { type Resolution, Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import fc from 'fast-check'
import { DEFAULT_ADDRESS_POLICY as POLICY } from './address.ts'
import { MapRecords } from './memory/map-records.ts'
import type { Records } from './records.ts'
import { MAX_ALIAS_DEPTH, MAX_ALIAS_NAMES, resolveRecipient } from './resolve-recipient.ts'
import { isSenderAllowed } from './sender-allowed.ts'
import { migrations } from './sqlite/schema.ts'
import { SqlRecords } from './sqlite/sql-records.ts'

interface World {
  readonly name: string
  readonly facts: readonly (readonly string[])[]
  readonly questions: readonly (readonly [address: string, answer: string])[]
}

function readCorpus(): readonly World[] {
  const text = readFileSync(new URL('resolve-recipient.corpus.txt', import.meta.url), 'utf8')
  const [, ...sections] = `\n${text}`.split('\n== ')
  return sections.map((section) => {
    const [name = '', ...lines] = section.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return {
      name,
      facts: lines.filter((line) => !line.startsWith('? ')).map(words),
      questions: lines
        .filter((line) => line.startsWith('? '))
        .map((line) => line.slice(2).split(' => ') as [string, string]),
    }
  })
}

/** Words, which blanks in quotes do not end. */
function words(line: string): readonly string[] {
  return line.match(/(?:"[^"]*"|[^ ])+/g) ?? []
}

function populate(records: Records, facts: World['facts']): void {
  for (const [kind, name = '', ...rest] of facts) {
    const domain = name.slice(name.lastIndexOf('@') + 1)
    const option = (key: string): string =>
      rest.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? ''
    if (kind === 'domain') {
      records.putDomain({ name, catchAll: option('catch-all'), postmaster: option('postmaster') })
    } else if (kind === 'account') {
      records.putAccount({
        address: name,
        domain,
        disabled: rest.includes('disabled'),
        quota: 0n,
        reversible: false,
        clearCramMd5: false,
      })
    } else if (kind === 'collection') {
      const [account = ''] = rest
      const collection = { account, quota: 0n, keepSeconds: 0n, contact: '' }
      records.putDomain({ ...records.domain(name)!, collection })
    } else if (kind === 'alias') {
      records.putAlias({ address: name, domain, targets: rest })
    } else assert.fail(`the corpus has a line that begins with ${kind}`)
  }
}

const NAMES: Readonly<Record<Verdict, string>> = {
  [Verdict.UNSPECIFIED]: 'unspecified',
  [Verdict.ACCEPT]: 'accept',
  [Verdict.NO_SUCH_USER]: 'no-such-user',
  [Verdict.NOT_OURS]: 'not-ours',
  [Verdict.ALIAS_LOOP]: 'alias-loop',
  [Verdict.DISABLED]: 'disabled',
}

function spelled({ verdict, targets, forwards, collected }: Resolution): string {
  const readers = targets.map(({ account, detail }) => (detail === '' ? account : `${account}/${detail}`))
  const listed = (word: string, addresses: readonly string[]) =>
    addresses.length > 0 ? [word, ...addresses] : []
  return [
    NAMES[verdict],
    ...readers,
    ...listed('forwards', forwards),
    ...listed('collected', collected),
  ].join(' ')
}

function emptyTables(): Records {
  const database = new DatabaseSync(':memory:')
  for (const script of migrations) database.exec(script)
  return new SqlRecords(database)
}

for (const [store, open] of [
  ['maps', () => new MapRecords()],
  ['tables', emptyTables],
] as const) {
  describe(`mail is resolved by ${store}`, () => {
    for (const world of readCorpus()) {
      test(world.name, () => {
        const records = open()
        populate(records, world.facts)
        for (const [address, answer] of world.questions) {
          assert.equal(spelled(resolveRecipient(records, address, POLICY)), answer, address)
        }
        assert.ok(world.questions.length > 0)
      })
    }
  })
}

/** a0 leads to a1 and so on, and the last one to tim. */
function chain(length: number): Records {
  const records = new MapRecords()
  const alias = (n: number): string => (n === length ? 'tim@example.org' : `a${n}@example.org`)
  populate(records, [
    ['domain', 'example.org'],
    ['account', 'tim@example.org'],
  ])
  for (let n = 0; n < length; n++) populate(records, [['alias', alias(n), alias(n + 1)]])
  return records
}

/** One alias that leads to that many accounts by way of lists. */
function crowd(accounts: number): Records {
  const records = new MapRecords()
  const names = Array.from({ length: accounts }, (_, n) => `u${n}@example.org`)
  populate(records, [
    ['domain', 'example.org'],
    ['alias', 'all@example.org', ...names],
  ])
  populate(
    records,
    names.map((name) => ['account', name]),
  )
  return records
}

describe('limits of resolving', () => {
  test('a chain of aliases is followed so far and no further', () => {
    assert.equal(resolveRecipient(chain(MAX_ALIAS_DEPTH), 'a0@example.org', POLICY).verdict, Verdict.ACCEPT)
    assert.equal(
      resolveRecipient(chain(MAX_ALIAS_DEPTH + 1), 'a0@example.org', POLICY).verdict,
      Verdict.ALIAS_LOOP,
    )
  })

  test('a crowd is not cut: it is whole or it is not accepted', () => {
    const most = MAX_ALIAS_NAMES - 1
    assert.equal(resolveRecipient(crowd(most), 'all@example.org', POLICY).targets.length, most)
    assert.deepEqual(resolveRecipient(crowd(most + 1), 'all@example.org', POLICY), {
      verdict: Verdict.ALIAS_LOOP,
      targets: [],
      forwards: [],
      collected: [],
    })
  })
})

const policyRecords = new MapRecords()
populate(policyRecords, [
  ['domain', 'example.org'],
  ['account', 'tim@example.org'],
  ['account', 'Tim@example.org'],
])

function separatedBy(address: string, subaddressSeparator: string): string {
  return spelled(resolveRecipient(policyRecords, address, { ...POLICY, subaddressSeparator }))
}

describe('the policy', () => {
  test('may tell capitals apart, except of the postmaster', () => {
    const policy = { ...POLICY, caseSensitive: true }
    assert.equal(
      spelled(resolveRecipient(policyRecords, 'Tim@example.org', policy)),
      'accept Tim@example.org',
    )
    assert.equal(spelled(resolveRecipient(policyRecords, 'TIM@example.org', policy)), 'no-such-user')
    assert.equal(
      spelled(resolveRecipient(policyRecords, 'PostMaster@example.org', policy)),
      'accept tim@example.org',
    )
  })

  test('may choose another separator, or none', () => {
    assert.equal(separatedBy('tim-x@example.org', '-'), 'accept tim@example.org/x')
    assert.equal(separatedBy('tim+x@example.org', '-'), 'no-such-user')
    assert.equal(separatedBy('tim+x@example.org', ''), 'no-such-user')
  })
})

const NODES = 8
const address = (n: number): string => `n${n}@example.org`
const node = fc.record({
  kind: fc.constantFrom('account', 'disabled', 'alias', 'nothing'),
  targets: fc.array(fc.nat(NODES - 1), { minLength: 1, maxLength: 4 }),
})
const house = fc.array(node, { minLength: NODES, maxLength: NODES })

type House = readonly { readonly kind: string; readonly targets: readonly number[] }[]

function build(nodes: House): Records {
  const records = new MapRecords()
  populate(records, [['domain', 'example.org']])
  for (const [n, { kind, targets }] of nodes.entries()) {
    if (kind === 'account') populate(records, [['account', address(n)]])
    if (kind === 'disabled') populate(records, [['account', address(n), 'disabled']])
    if (kind === 'alias') populate(records, [['alias', address(n), ...targets.map(address)]])
  }
  return records
}

function reachable(nodes: House, from: number): Set<string> {
  const seen = new Set([from])
  for (const n of seen)
    if (nodes[n]!.kind === 'alias') for (const target of nodes[n]!.targets) seen.add(target)
  return new Set([...seen].filter((n) => nodes[n]!.kind === 'account').map(address))
}

describe('any house', () => {
  test('mail reaches exactly the accounts that can be reached, each once', () => {
    fc.assert(
      fc.property(house, (nodes) => {
        const records = build(nodes)
        for (let n = 0; n < NODES; n++) {
          const { verdict, targets } = resolveRecipient(records, address(n), POLICY)
          const accounts = targets.map((target) => target.account)
          assert.equal(new Set(accounts).size, accounts.length)
          assert.deepEqual(new Set(accounts), reachable(nodes, n))
          assert.equal(verdict === Verdict.ACCEPT, accounts.length > 0)
        }
      }),
    )
  })

  test('who may send as an address also gets its mail', () => {
    fc.assert(
      fc.property(house, fc.nat(NODES - 1), fc.nat(NODES - 1), fc.boolean(), (nodes, who, what, tagged) => {
        const records = build(nodes)
        const sender = tagged ? address(what).replace('@', '+tag@') : address(what)
        if (!isSenderAllowed(records, address(who), sender, POLICY)) return
        const { targets } = resolveRecipient(records, sender, POLICY)
        assert.ok(targets.some((target) => target.account === address(who)))
      }),
    )
  })

  test('no text makes the resolver throw', () => {
    const records = build([])
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        resolveRecipient(records, text, POLICY)
        resolveRecipient(records, `${text}@example.org`, POLICY)
      }),
    )
  })
})
