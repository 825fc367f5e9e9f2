import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { textOf } from '../octet-string.ts'
import { addressSpecOf, mailboxesOf, parseAddressList, type Group, type Mailbox } from './address-list.ts'

const corpus = readFileSync(new URL('../../fixtures/address-list.txt', import.meta.url), 'utf8')
const cases = corpus
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' => ') as [string, string])

function told(entry: Mailbox | Group): unknown {
  if ('group' in entry) return { [textOf(entry.group)]: entry.members.map(told) }
  const { name = '', mailbox, host, route } = entry
  return [name, mailbox, host, ...(route === undefined ? [] : [route])].map(textOf)
}

test('no address is misread', () => {
  assert.ok(cases.length > 40)
  for (const [value, expected] of cases) {
    assert.deepEqual(parseAddressList(Buffer.from(value)).map(told), JSON.parse(expected), value)
  }
})

test('folds hide no address', () => {
  for (const [value, expected] of cases) {
    const folded = Buffer.from(` ${value.replaceAll(', ', ',\r\n ').replaceAll(' <', '\r\n\t<')}`)
    const read = JSON.stringify(parseAddressList(folded).map(told)).replaceAll('\\t', ' ')
    assert.deepEqual(JSON.parse(read), JSON.parse(expected), value)
  }
})

test('addresses beyond the limit are not read, in groups neither', () => {
  const value = Buffer.from(`g: ${'a@b,'.repeat(100)}; c@d`)
  assert.equal(mailboxesOf(parseAddressList(value, 7)).length, 7)
  assert.equal(mailboxesOf(parseAddressList(value)).length, 101)
})

test('empty groups are not read without limit', () => {
  assert.equal(parseAddressList(Buffer.from('g:;,'.repeat(20)), 7).length, 7)
})

test('an address is written so that it is read back', () => {
  const octets = fc.string({
    unit: fc.constantFrom('a', '.', '"', '\\', '@', ' ', '(', '<', 'é'),
    minLength: 1,
  })
  fc.assert(
    fc.property(octets, (local) => {
      const mailbox = Buffer.from(local).toString('latin1')
      const spec = addressSpecOf({ mailbox, host: 'example.com' })
      const read = parseAddressList(Buffer.from(`<${spec}>`, 'latin1'))
      assert.deepEqual(read, [{ mailbox, host: 'example.com' }])
    }),
    { numRuns: 200 },
  )
})

test('no octets make the parser throw or stall', () => {
  const piece = fc.constantFrom(...Array.from('<>@,:;."\\()[] \r\n\0'), 'ab', '\xff', '=?utf-8?Q?a?=')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60, size: 'max' }), (pieces) => {
      const list = parseAddressList(Buffer.from(pieces.join(''), 'latin1'))
      assert.ok(mailboxesOf(list).length <= pieces.length)
    }),
    { numRuns: 300 },
  )
})

test('a quarter of a megabyte of anything is read in no time', { timeout: 5_000 }, () => {
  for (const piece of ['(', '<', '@', '<@', ':', 'a:', '"', '\\', '.', '[', ' ', '(a)', '<a@', 'a@', '@a,']) {
    parseAddressList(Buffer.from(piece.repeat(262_144 / piece.length)))
    parseAddressList(Buffer.from(`<${piece.repeat(262_144 / piece.length)}`))
  }
})
