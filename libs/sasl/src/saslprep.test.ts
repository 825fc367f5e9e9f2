import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { saslprep } from './saslprep.ts'

describe('SASLprep', () => {
  // RFC 4013 §3
  const EXAMPLES: readonly (readonly [string, string, string | undefined])[] = [
    ['SOFT HYPHEN mapped to nothing', 'I\u00ADX', 'IX'],
    ['no transformation', 'user', 'user'],
    ['case preserved', 'USER', 'USER'],
    ['NFKC of the feminine ordinal', '\u00AA', 'a'],
    ['NFKC of a roman numeral', '\u2168', 'IX'],
    ['prohibited BELL', '\u0007', undefined],
    ['bidirectional check', '\u0627\u0031', undefined],
  ]
  // RFC 3454 tables
  const MORE: readonly (readonly [string, string, string | undefined])[] = [
    ['a space of another width', 'a\u2003b', 'a b'],
    ['DELETE', 'a\u007F', undefined],
    ['a control of the upper half', 'a\u0085b', undefined],
    ['private use', '\uE000', undefined],
    ['a noncharacter', '\uFDD0', undefined],
    ['a lone surrogate', 'a\uD800b', undefined],
    ['the replacement character', '\uFFFD', undefined],
    ['a right-to-left override', 'a\u202Eb', undefined],
    ['a language tag', 'a\u{E0041}', undefined],
    ['Hebrew alone', '\u05D0\u05D1', '\u05D0\u05D1'],
    ['Hebrew around a digit', '\u05D01\u05D1', '\u05D01\u05D1'],
    ['Hebrew with Latin', '\u05D0a\u05D1', undefined],
    ['Latin beyond ASCII', 'Jürgen', 'Jürgen'],
    ['a decomposed letter', 'Ju\u0308rgen', 'Jürgen'],
    ['an emoji', 'pass\u{1F511}', 'pass\u{1F511}'],
    ['nothing but what is mapped to nothing', '\u00AD', ''],
  ]
  for (const [what, text, expected] of [...EXAMPLES, ...MORE]) {
    test(what, () => assert.equal(saslprep(text), expected))
  }

  test('an unassigned code point may be asked for but not stored', () => {
    assert.equal(saslprep('a\u0378'), 'a\u0378')
    assert.equal(saslprep('a\u0378', 'stored'), undefined)
  })

  test('what is prepared stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        const once = saslprep(text)
        if (once !== undefined) assert.equal(saslprep(once), once)
      }),
    )
  })
})
