import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADDRESS_LITERAL_OCTETS } from './address-literal.ts'
import { DOMAIN_OCTETS, LABEL_OCTETS, parseDomain } from './domain.ts'
import { LOCAL_PART_OCTETS } from './local-part.ts'
import { parseMailbox } from './mailbox.ts'

/** A domain of exactly that many octets. */
function domainOf(octets: number): string {
  const label = 'a'.repeat(LABEL_OCTETS)
  return [label, label, label, 'b'.repeat(octets - 3 * (LABEL_OCTETS + 1))].join('.')
}

test('a domain at the limit is read, one beyond it is not', () => {
  assert.equal(parseDomain(domainOf(DOMAIN_OCTETS))?.length, DOMAIN_OCTETS)
  assert.equal(parseDomain(domainOf(DOMAIN_OCTETS + 1)), undefined)
})

test('a domain that is too long only as A-labels is not read', () => {
  assert.equal(parseDomain(Array(12).fill('üüüüüüüüüüüüüüüü').join('.')), undefined)
})

test('a local part at the limit is read, one beyond it is not', () => {
  assert.ok(parseMailbox(`${'a'.repeat(LOCAL_PART_OCTETS)}@x.example`))
  assert.equal(parseMailbox(`${'a'.repeat(LOCAL_PART_OCTETS + 1)}@x.example`), undefined)
})

test('an address literal at the limit is read, one beyond it is not', () => {
  const room = ADDRESS_LITERAL_OCTETS - '[x:]'.length
  assert.ok(parseMailbox(`a@[x:${'y'.repeat(room)}]`))
  assert.equal(parseMailbox(`a@[x:${'y'.repeat(room + 1)}]`), undefined)
})

test('an endless domain is given up and not scanned to its end', () => {
  assert.equal(parseMailbox(`a@${'a.'.repeat(1_000_000)}`), undefined)
})
