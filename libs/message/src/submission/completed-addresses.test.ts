import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Domain } from '@cartero/syntax'
import { HeaderBlock } from '../header-block.ts'
import { completedAddresses, type Completion } from './completed-addresses.ts'

const HOME: Completion = { qualifyWith: 'example.com' as Domain, aLabels: true }

function completed(field: string, completion: Completion = HOME): string {
  return completedAddresses(Buffer.from(`${field}\r\n\r\nbody`), completion).toString()
}

test('an address that means nothing elsewhere is completed', () => {
  for (const [field, expected] of [
    ['To: tim@sales', 'To: tim@sales.example.com'],
    ['To: tim', 'To: tim@example.com'],
    ['From: "(Cron Daemon)" <root>', 'From: "(Cron Daemon)" <root@example.com>'],
    ['Cc: "Tim, T." <tim@sales> (c), a@b.example', 'Cc: "Tim, T." <tim@sales.example.com>, a@b.example'],
    [
      'Reply-To: Team: tim@sales, Ann <ann@x.example>;',
      'Reply-To: Team: tim@sales.example.com, Ann <ann@x.example>;',
    ],
    ['From: Jörg <j@bücher.example>', 'From: Jörg <j@xn--bcher-kva.example>'],
    ['From: =?utf-8?Q?J=C3=B6rg?= M <j@sales>', 'From: =?utf-8?Q?J=C3=B6rg?= M <j@sales.example.com>'],
  ] as const)
    assert.equal(completed(field), `${expected}\r\n\r\nbody`)
})

test('what is complete, or no address, stays octet by octet', () => {
  for (const field of [
    'To:  "a"  <a@b.example> (c),\r\n\td@e.example',
    'To: undisclosed-recipients:;',
    'To: undisclosed recipients',
    'To: a@[192.0.2.1]',
    'Subject: tim@sales',
    'X-To: tim@sales',
  ])
    assert.equal(completed(field), `${field}\r\n\r\nbody`)
  assert.equal(completed('To: a@bücher.example, b@c', {}), 'To: a@bücher.example, b@c\r\n\r\nbody')
})

test('domains of one label can be left to whoever knows them', () => {
  const field = completed('To: tim, bob@localhost', { ...HOME, keepLabels: true })
  assert.equal(field, 'To: tim@example.com, bob@localhost\r\n\r\nbody')
})

test('a bracket that is quoted in a domain literal stays in it', () => {
  assert.equal(completed('To: tim@sales, bob@[a\\]b]'), 'To: tim@sales.example.com, bob@[a\\]b]\r\n\r\nbody')
})

test('whatever the field, one field comes out, and doing it again changes nothing', () => {
  const piece = fc.constantFrom(
    ...Array.from('a<>@,:;."\\()[] '),
    '\r\n ',
    'é',
    '\0',
    '\xff',
    'sales',
    '=?utf-8?Q?a?=',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const header = Buffer.from(`To: tim@sales, ${pieces.join('')}\r\n\r\n`, 'latin1')
      const once = completedAddresses(header, HOME)
      assert.equal(HeaderBlock.parse(once).fields.length, HeaderBlock.parse(header).fields.length)
      assert.deepEqual(completedAddresses(once, HOME), once)
    }),
    { numRuns: 500 },
  )
})
