import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { decodeUtf8Address, encodeUtf8Address } from './utf8-address.ts'

test('every address survives utf-8-addr-xtext, which has only visible characters, no plus and no equals sign', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (address) => {
      // Below U+0080, HEXPOINT cannot say every control character.
      fc.pre(address.isWellFormed() && !Buffer.from(address).some((octet) => octet < 0x20 || octet === 0x7f))
      const text = encodeUtf8Address(address)
      assert.match(text, /^[\x21-\x2a\x2c-\x3c\x3e-\x7e]+$/)
      assert.equal(decodeUtf8Address(text), address)
    }),
    { numRuns: 200 },
  )
})

test('the characters themselves are read, too', () => {
  assert.equal(decodeUtf8Address('bücher@xn--bcher-kva.example'), 'bücher@xn--bcher-kva.example')
})

suite('what is no address of type utf-8 is refused', () => {
  const malformed = [
    '',
    'a b',
    'a+b',
    'a=b',
    '\\',
    '\\x{}',
    '\\x{0A}',
    '\\x{00FC}',
    '\\x{D800}',
    '\\x{110000}',
  ]
  for (const text of malformed)
    test(JSON.stringify(text), () => assert.equal(decodeUtf8Address(text), undefined))
})
