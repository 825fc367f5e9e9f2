import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeUtf8 } from '@cartero/syntax'
import { contentFacts, ContentScanner, type ContentFacts } from './content-facts.ts'
import { HeaderBlock } from './header-block.ts'

/** The same facts, found slowly. */
function plainly(message: Buffer): ContentFacts {
  const { fieldsEnd } = HeaderBlock.parse(message)
  const header = message.subarray(0, fieldsEnd)
  const text = message.toString('latin1')
  const lines = text.split('\n')
  const lengths = lines.map((line, n) => line.length - (n < lines.length - 1 && line.endsWith('\r') ? 1 : 0))
  const last = lines.at(-1)!
  const longestLine = Math.max(
    ...lengths.slice(0, -1),
    last.endsWith('\r') ? last.length - 1 : last.length,
    0,
  )
  const eightBitHeader = /[\x80-\xff]/.test(header.toString('latin1'))
  const nul = text.includes('\0')
  const bareCr = /\r(?!\n)/.test(text)
  const bareLf = /(?<!\r)\n/.test(text)
  return {
    eightBitHeader,
    utf8Header: eightBitHeader && decodeUtf8(header) !== undefined,
    eightBitBody: /[\x80-\xff]/.test(message.toString('latin1', fieldsEnd)),
    binary: nul || bareCr || bareLf || longestLine > 998,
    nul,
    bareCr,
    bareLf,
    longestLine,
  }
}

test('no fact is missed or made up, however the message is cut', () => {
  const piece = fc.constantFrom(
    'a',
    ':',
    'A: b\r\n',
    ' ',
    '\t',
    '\r\n',
    '\r\n',
    '\n',
    '\r',
    '\0',
    '\xff',
    '\xc3\xa9',
    '\xc3',
    '\xe2\x82\xac',
    '\xed\xa0\x80',
    'x'.repeat(500),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (pieces, size) => {
      const message = Buffer.from(pieces.join(''), 'latin1')
      const scanner = new ContentScanner()
      for (let at = 0; at < message.length; at += size) scanner.write(message.subarray(at, at + size))
      assert.deepEqual(scanner.facts, plainly(message))
      assert.deepEqual(contentFacts(message), scanner.facts)
    }),
    { numRuns: 1_000 },
  )
})

test('a name that is too long for a line is none, and what stands behind it is body', () => {
  for (const octets of [996, 997, 998, 1_001]) {
    const message = Buffer.from(`${'x'.repeat(octets)}:\xe9\r\n`, 'latin1')
    assert.deepEqual(contentFacts(message), plainly(message), `${octets}`)
  }
})

test('the body of a part is not taken for a header', () => {
  const scanner = new ContentScanner('body')
  scanner.write(Buffer.from('A: é\r\n'))
  assert.ok(scanner.facts.eightBitBody && !scanner.facts.eightBitHeader)
})

test('eight-bit octets that are no UTF-8 are not called so', () => {
  assert.ok(contentFacts(Buffer.from('Subject: Grüße\r\n\r\n')).utf8Header)
  assert.ok(!contentFacts(Buffer.from('Subject: Gr\xfc\xdfe\r\n\r\n', 'latin1')).utf8Header)
  assert.ok(!contentFacts(Buffer.from('Subject: x\r\n\r\nGrüße')).utf8Header)
})
