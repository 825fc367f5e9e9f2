import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEncodedWords } from './encoded-word.ts'

const read = (text: string): string => decodeEncodedWords(Buffer.from(text).toString('latin1'))

test('the examples of RFC 2047 §8 are read', () => {
  assert.equal(read('(=?ISO-8859-1?Q?a?=)'), '(a)')
  assert.equal(read('(=?ISO-8859-1?Q?a?= b)'), '(a b)')
  assert.equal(read('(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)'), '(ab)')
  assert.equal(read('(=?ISO-8859-1?Q?a?=  \r\n  =?ISO-8859-1?Q?b?=)'), '(ab)')
  assert.equal(read('(=?ISO-8859-1?Q?a_b?=)'), '(a b)')
  assert.equal(read('(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)'), '(a b)')
  assert.equal(read('=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>'), 'Keith Moore <moore@cs.utk.edu>')
  assert.equal(read('=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?='), 'Patrik Fältström')
  assert.equal(read('=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?='), 'If you can read this yo')
  assert.equal(read('=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?='), 'u understand the example.')
})

test('a character that was cut between two words is whole again', () => {
  assert.equal(read('=?utf-8?B?w6k=?='), 'é')
  assert.equal(read('=?utf-8?B?4oI=?= =?UTF-8?B?rA==?='), '€')
  assert.equal(read('=?utf-8?Q?=E2=82?=\r\n =?utf-8?Q?=AC?='), '€')
  assert.equal(read('=?iso-2022-jp?B?GyRCJCIbKEI=?='), 'あ')
})

test('the language of RFC 2231 §5 hides no word', () => {
  assert.equal(read('=?US-ASCII*EN?Q?Keith_Moore?='), 'Keith Moore')
})

test('what cannot be decoded stays as it is', () => {
  assert.equal(read('=?x-nonsense?Q?a_b?= c'), '=?x-nonsense?Q?a_b?= c')
  assert.equal(read('=?utf-8?X?a?='), '=?utf-8?X?a?=')
  assert.equal(read('=?utf-8?Q?open'), '=?utf-8?Q?open')
  assert.equal(read('a =?= b'), 'a =?= b')
  assert.equal(read('=?utf-8?Q?=zz=4?='), '=zz=4')
})

test('raw octets beside encoded words are read as UTF-8, or as Windows-1252', () => {
  assert.equal(read('grüße =?utf-8?Q?=C3=A9?='), 'grüße é')
  assert.equal(read('voilà'), 'voilà')
  assert.equal(decodeEncodedWords('gr\xfc\xdfe'), 'grüße')
})

test('a subject full of beginnings takes no time', { timeout: 5_000 }, () => {
  for (const piece of [
    '=?',
    '=?a',
    '=?utf-8?Q?',
    '=?utf-8?Q?=?',
    '?',
    '=?utf-8?B?YQ==?= ',
    '=?nope?B?YQ==?=',
  ]) {
    read(piece.repeat(200_000 / piece.length))
  }
})
