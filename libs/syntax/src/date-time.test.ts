import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDateTime, parseDateTime } from './date-time.ts'

function corpus(name: string): readonly string[] {
  const file = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
  return file.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('no valid date-time is refused or misread', () => {
  for (const line of corpus('date-time.valid.txt')) {
    const [text, expected] = line.split(' => ') as [string, string]
    const [epochMs, offsetMinutes] = expected.split(' ').map(Number)
    assert.deepEqual(parseDateTime(text), { epochMs, offsetMinutes }, text)
  }
})

test('no instant is invented for a text that tells none', () => {
  assert.equal(parseDateTime(''), undefined)
  for (const text of corpus('date-time.invalid.txt')) assert.equal(parseDateTime(text), undefined, text)
})

test('a fold does not hide the date-time', () => {
  const folded = 'Fri, 21 Nov\r\n 1997\r\n\t09:55:06 -0600\r\n'
  assert.equal(parseDateTime(folded)?.epochMs, 880_127_706_000)
})

test('the zone does not shift the instant that is shown', () => {
  const instant = Date.UTC(2003, 6, 1, 8, 52, 37)
  assert.equal(formatDateTime(instant), 'Tue, 1 Jul 2003 08:52:37 +0000')
  assert.equal(formatDateTime(instant, 120), 'Tue, 1 Jul 2003 10:52:37 +0200')
  assert.equal(formatDateTime(instant, -210), 'Tue, 1 Jul 2003 05:22:37 -0330')
})

test('a year that the grammar cannot write is not written', () => {
  assert.throws(() => formatDateTime(Date.UTC(10_000, 0, 1)), RangeError)
  assert.throws(() => formatDateTime(Number.NaN), RangeError)
})

test('what is formatted is read back as the same instant', () => {
  const seconds = fc.integer({ min: Date.UTC(1900, 0, 2) / 1000, max: Date.UTC(9999, 11, 30) / 1000 })
  fc.assert(
    fc.property(seconds, fc.integer({ min: -1439, max: 1439 }), (second, offsetMinutes) => {
      const read = parseDateTime(formatDateTime(second * 1000, offsetMinutes))
      assert.deepEqual(read, { epochMs: second * 1000, offsetMinutes })
    }),
    { numRuns: 200 },
  )
})

test('no text makes the parser throw or stall', () => {
  assert.equal(parseDateTime('('.repeat(1_000_000)), undefined)
  assert.equal(parseDateTime('1 Jan 2000 00:00:00 +0000' + ' '.repeat(2_000)), undefined)
  const pieces = fc.constantFrom(
    '1',
    '2000',
    'Jan',
    'Fri',
    ',',
    ':',
    '00',
    '+',
    '-',
    '0100',
    '(',
    ')',
    '\\',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), (words) => {
      const read = parseDateTime(words.join(''))
      assert.ok(read === undefined || Number.isSafeInteger(read.epochMs))
    }),
    { numRuns: 200 },
  )
})
