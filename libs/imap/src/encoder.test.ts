import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEncodedWords } from '@cartero/message'
import fc from 'fast-check'
import { encodedWords, Encoder } from './encoder.ts'

const encode = (utf8: boolean, write: (encoder: Encoder) => void): string => {
  const encoder = new Encoder({ utf8 })
  write(encoder)
  return encoder.take().toString('latin1')
}

test('a string that cannot be quoted becomes a literal', () => {
  assert.equal(
    encode(false, (e) => e.string('plain')),
    '"plain"',
  )
  assert.equal(
    encode(false, (e) => e.string('a"b\\c')),
    '"a\\"b\\\\c"',
  )
  assert.equal(
    encode(false, (e) => e.string('a\r\nb')),
    '{4}\r\na\r\nb',
  )
  assert.equal(encode(false, (e) => e.string('x'.repeat(2000))).slice(0, 8), '{2000}\r\n')
})

test('NIL is not the empty string', () => {
  assert.equal(
    encode(false, (e) => e.nstring(undefined)),
    'NIL',
  )
  assert.equal(
    encode(false, (e) => e.nstring('')),
    '""',
  )
})

test('no octet above 127 and no NUL leaves before UTF-8 is enabled', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const octet of Buffer.from(
        encode(false, (e) => e.string(text)),
        'latin1',
      )) {
        assert.ok(octet > 0 && octet < 0x80)
      }
    }),
  )
})

test('raw UTF-8 of a header is not shown as something else', () => {
  const raw = Buffer.from('Grüße').toString('latin1')
  assert.equal(
    encode(false, (e) => e.octetString(raw)),
    `"${encodedWords('Grüße')}"`,
  )
  assert.equal(
    encode(true, (e) => e.octetString(raw)),
    `"${raw}"`,
  )
})

test('encoded words are read as what was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }), (text) => {
      const clean = text.replaceAll('\0', '')
      const words = encodedWords(clean)
      assert.equal(decodeEncodedWords(words), clean)
      for (const word of words.split(' ')) assert.ok(word.length <= 75)
    }),
    { numRuns: 100 },
  )
})
