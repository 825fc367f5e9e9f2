import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderBlock } from './header-block.ts'
import { HEADER_LIMITS } from './header-limits.ts'
import { HeaderScanner, type HeaderEnd } from './header-scanner.ts'

const INTEREST = ['Date', 'Message-ID', 'From', 'Received', 'Delivered-To']

function scan(text: string, chunk: number = text.length || 1, limits = HEADER_LIMITS): HeaderScanner {
  const scanner = new HeaderScanner(INTEREST, limits)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunk)
    if (scanner.write(bytes.subarray(at, at + chunk))) return scanner
  scanner.end()
  return scanner
}

test('what the submission agent must know is told', () => {
  const text =
    'received: a\r\nReceived: b\r\n c\r\nFROM: x@y\r\nDelivered-To: a@b\r\nDated: no\r\n\r\nDate: in the body\r\n'
  const scanner = scan(text)
  assert.deepEqual(
    INTEREST.map((name) => scanner.count(name)),
    [0, 0, 1, 2, 1],
  )
  assert.equal(scanner.has('from'), true)
  assert.equal(scanner.has('Date'), false)
  assert.deepEqual(
    scanner
      .block()
      .findAll('delivered-to')
      .map(({ value }) => value),
    ['a@b'],
  )
  assert.equal(text.slice(scanner.ended!.bodyStart), 'Date: in the body\r\n')
})

test('a header that ends otherwise than it should says how', () => {
  const ends: readonly (readonly [string, HeaderEnd['reason'], number, number])[] = [
    ['A: b\r\n\r\nbody', 'blankLine', 6, 8],
    ['A: b\n\nbody', 'blankLine', 5, 6],
    ['A: b\r\nbody\r\n\r\n', 'otherLine', 6, 6],
    ['body\r\n', 'otherLine', 0, 0],
    [' body\r\n', 'otherLine', 0, 0],
    ['\r\nbody', 'blankLine', 0, 2],
    ['A: b\r\n', 'noMore', 6, 6],
    ['A: b', 'noMore', 4, 4],
    ['A: b\r\nC', 'otherLine', 6, 6],
    ['', 'noMore', 0, 0],
  ]
  for (const [text, reason, fieldsEnd, bodyStart] of ends) {
    for (const chunk of [1, 2, 100]) {
      assert.deepEqual(scan(text, chunk).ended, { reason, fieldsEnd, bodyStart }, JSON.stringify(text))
    }
  }
})

test('scanning stops where the header ends', () => {
  const scanner = new HeaderScanner(INTEREST)
  assert.equal(scanner.write(Buffer.from('From: a@b\r\n\r')), false)
  assert.equal(scanner.ended, undefined)
  assert.equal(scanner.write(Buffer.from('\nFrom: c@d\r\n')), true)
  assert.equal(scanner.write(Buffer.from('From: e@f\r\n')), true)
  assert.equal(scanner.count('from'), 1)
})

test('a header beyond its limits is told from one within, and its loops are still counted', () => {
  const limits = { headerOctets: 100, fields: 10 }
  const within = scan(`X: ${'y'.repeat(95)}\r\n\r\n`, 7, limits)
  assert.deepEqual([within.exceeded, within.block().fields.length], [false, 1])
  const beyond = scan(`X: ${'y'.repeat(96)}\r\nReceived: a\r\n\r\n`, 7, limits)
  assert.deepEqual([beyond.exceeded, beyond.count('received'), beyond.block().fields.length], [true, 1, 0])
  const many = scan('Received: a\r\n'.repeat(11), 7, { ...limits, headerOctets: 1_000 })
  assert.deepEqual([many.exceeded, many.count('received'), many.block().fields.length], [true, 11, 10])
  assert.equal(scan(`X: ${'y'.repeat(300_000)}`, 1_000).exceeded, true)
})

test('the end of the header does not depend on how it is cut', () => {
  const piece = fc.constantFrom(
    'A: b',
    'From: c',
    'C :',
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    'x',
    ':',
    'y'.repeat(995),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (pieces, chunk) => {
      const text = pieces.join('')
      const whole = HeaderBlock.parse(Buffer.from(text))
      const scanner = scan(text, chunk)
      assert.deepEqual(
        [scanner.ended!.fieldsEnd, scanner.ended!.bodyStart],
        [whole.fieldsEnd, whole.bodyStart],
      )
      assert.equal(scanner.count('From'), whole.findAll('from').length)
      assert.deepEqual(
        scanner.block().fields.map(({ value }) => value),
        whole.fields.map(({ value }) => value),
      )
    }),
    { numRuns: 300 },
  )
})
