import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { decodeXtext, encodeXtext } from './xtext.ts'

test('every text survives xtext, which has only visible characters and no equals sign', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
      const xtext = encodeXtext(text)
      assert.match(xtext, /^[\x21-\x3c\x3e-\x7e]*$/)
      assert.equal(decodeXtext(xtext), text.toWellFormed())
    }),
    { numRuns: 200 },
  )
})

suite('malformed xtext is refused', () => {
  const malformed = ['a b', 'a=b', 'a+', 'a+4', 'a+4G', 'ü', '+FF', '+C3']
  for (const xtext of malformed) test(xtext, () => assert.equal(decodeXtext(xtext), undefined))
})

test('the example of the standard is read', () => {
  // RFC 4954 §5
  assert.equal(decodeXtext('e+3Dmc2@example.com'), 'e=mc2@example.com')
})
