import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderBlock } from './header-block.ts'
import { HEADER_LIMITS } from './header-limits.ts'

const parse = (text: string): HeaderBlock => HeaderBlock.parse(Buffer.from(text))
const SAMPLE = 'Subject: one\r\n  and two\r\nX-Empty:\r\nTo : a@b\nsubject: again\r\n\r\nbody: no field\r\n'

test('fields are found whatever their case, and told as they stand', () => {
  const block = parse(SAMPLE)
  assert.deepEqual(
    block.fields.map(({ name }) => name),
    ['Subject', 'X-Empty', 'To', 'subject'],
  )
  assert.deepEqual(
    block.findAll('SUBJECT').map(({ value }) => value),
    ['one  and two', 'again'],
  )
  assert.equal(block.find('subject')!.rawValue.toString(), ' one\r\n  and two')
  assert.equal(block.find('To')!.raw.toString(), 'To : a@b\n')
  assert.equal(block.find('x-empty')!.value, '')
  assert.equal(block.find('x-empty')!.rawValue.length, 0)
  assert.equal(block.find('body'), undefined)
  assert.equal(block.find('sub'), undefined)
})

test('the header ends after the blank line', () => {
  const block = parse(SAMPLE)
  assert.equal(SAMPLE.slice(block.bodyStart), 'body: no field\r\n')
  assert.equal(SAMPLE.slice(block.fieldsEnd, block.bodyStart), '\r\n')
})

test('the header ends before a line that is no field', () => {
  for (const line of [
    'no field\r\n',
    ': no name\r\n',
    'a b: c\r\n',
    'ü: no name\r\n',
    '\r\r\n',
    '>From a\r\n',
    'X\r\n',
  ]) {
    const block = parse(`A: b\r\n${line}C: d\r\n\r\n`)
    assert.deepEqual([block.fields.length, block.fieldsEnd, block.bodyStart], [1, 6, 6], JSON.stringify(line))
  }
})

test('a stray carriage return or NUL ends no line', () => {
  const block = parse('A: b\rC: d\0\r\nE: f\r\n\r\n')
  assert.deepEqual(
    block.fields.map(({ value }) => value),
    ['b\rC: d\0', 'f'],
  )
})

test('a header without blank line or line end loses nothing', () => {
  const block = parse('A: b\r\nC: d')
  assert.equal(block.find('c')!.value, 'd')
  assert.deepEqual([block.fieldsEnd, block.bodyStart], [10, 10])
})

test('HEADER.FIELDS takes fields as they are, and NOT the others', () => {
  const block = parse(SAMPLE)
  assert.equal(
    block.select(['SUBJECT', 'cc']).toString(),
    'Subject: one\r\n  and two\r\nsubject: again\r\n\r\n',
  )
  assert.equal(block.select(['subject'], false).toString(), 'X-Empty:\r\nTo : a@b\n\r\n')
  assert.equal(block.select([]).toString(), '\r\n')
  const many = Array.from({ length: 5_000 }, (_, i) => `X-${i}`)
  assert.equal(
    block.select([...many, 'SUBJECT', 'cc']).toString(),
    block.select(['SUBJECT', 'cc']).toString(),
  )
  assert.equal(
    block.select([...many, 'subject'], false).toString(),
    block.select(['subject'], false).toString(),
  )
})

test('fields beyond a limit are not read, nor one that it cuts', () => {
  const text = `A: b\r\nC: ${'d'.repeat(100)}\r\n\r\n`
  for (const headerOctets of [6, 7, 8, 20, 100]) {
    const block = HeaderBlock.parse(Buffer.from(text), { ...HEADER_LIMITS, headerOctets })
    assert.deepEqual(
      [block.fields.length, block.truncated],
      [headerOctets === 6 ? 0 : 1, true],
      String(headerOctets),
    )
  }
  const few = HeaderBlock.parse(Buffer.from('A: b\r\n'.repeat(10)), { ...HEADER_LIMITS, fields: 4 })
  assert.deepEqual([few.fields.length, few.truncated], [4, true])
  assert.equal(HeaderBlock.parse(Buffer.from(text)).truncated, false)
  assert.equal(parse('A: b\r\n'.repeat(HEADER_LIMITS.fields + 1)).truncated, true)
})

test('a name as long as a line is none', () => {
  assert.equal(parse(`${'x'.repeat(997)}: y\r\n`).fields.length, 1)
  assert.equal(parse(`${'x'.repeat(998)}: y\r\n`).fields.length, 0)
})

test('no octet of a header is lost or made up', () => {
  const piece = fc.constantFrom('A: b', 'C :', '\r\n', '\n', '\r', ' ', '\t', 'x', ':', '\0', '\r\n\r\n')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(''))
      const block = HeaderBlock.parse(bytes)
      const raw = Buffer.concat(block.fields.map((field) => field.raw))
      assert.deepEqual(Buffer.concat([raw, bytes.subarray(block.fieldsEnd)]), bytes)
      for (const { rawValue, raw: whole, value } of block.fields) {
        assert.ok(whole.includes(rawValue))
        assert.ok(!value.includes('\n'))
      }
    }),
    { numRuns: 300 },
  )
})
