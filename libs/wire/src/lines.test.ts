import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineReader, type Line } from './lines.ts'

function readAll(reader: LineReader, chunks: readonly Buffer[]): Line[] {
  const lines: Line[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line)
  }
  return lines
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const points = [...new Set(at.map((n) => n % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...points].map((start, i) => bytes.subarray(start, points[i] ?? bytes.length))
}

const text = (line: Line | undefined): string =>
  line === undefined
    ? 'none'
    : line.kind === 'tooLong'
      ? 'tooLong'
      : `${line.kind}:${line.bytes.toString('latin1')}`

test('a lone LF does not end a line', () => {
  const reader = new LineReader(100)
  reader.push(Buffer.from('MAIL\nRCPT\r\n'))
  assert.equal(text(reader.next()), 'bareNewline:MAIL\nRCPT')
})

test('a lone CR does not end a line', () => {
  const reader = new LineReader(100)
  reader.push(Buffer.from('MAIL\rRCPT\r\r\n'))
  assert.equal(text(reader.next()), 'bareNewline:MAIL\rRCPT\r')
})

test('a CR at the end of one chunk and an LF at the start of the next end the line once', () => {
  const reader = new LineReader(100)
  assert.deepEqual(readAll(reader, [Buffer.from('NOOP\r'), Buffer.from('\nQUIT\r\n')]).map(text), [
    'line:NOOP',
    'line:QUIT',
  ])
})

test('a line of exactly the limit is taken, one octet more is not, and the next line is in step', () => {
  const reader = new LineReader(4)
  reader.push(Buffer.from('1234\r\n12345\r\nok\r\n'))
  assert.deepEqual([reader.next(), reader.next(), reader.next()].map(text), [
    'line:1234',
    'tooLong',
    'line:ok',
  ])
})

test('an endless line does not grow memory', () => {
  const reader = new LineReader(512)
  for (let i = 0; i < 1000; i++) {
    reader.push(Buffer.alloc(1000, 0x61))
    assert.equal(reader.next(), undefined)
    assert.ok(reader.buffered <= 1)
  }
  reader.push(Buffer.from('\r\nQUIT\r\n'))
  assert.deepEqual([reader.next(), reader.next()].map(text), ['tooLong', 'line:QUIT'])
})

test('what a line that is too long began with is known, however it is cut', () => {
  const whole = Buffer.from(`BDAT 9${' '.repeat(60)}\r\n`)
  for (const chunks of [[whole], cut(whole, [30]), cut(whole, [...whole.keys()])]) {
    const [line] = readAll(new LineReader(20), chunks)
    assert.equal(line?.kind === 'tooLong' && line.start.toString(), whole.toString('latin1', 0, 16))
  }
})

test('the same lines come out however the bytes are cut', () => {
  const piece = fc.constantFrom('a', 'bc', '\r', '\n', '\r\n', 'x'.repeat(9))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 12 }), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''))
      const whole = readAll(new LineReader(8), [bytes]).map(text)
      assert.deepEqual(readAll(new LineReader(8), cut(bytes, cuts)).map(text), whole)
    }),
    { numRuns: 300 },
  )
})

test('clear drops the start of a line too, so that plaintext cannot be glued to what comes after TLS', () => {
  const reader = new LineReader(100)
  reader.push(Buffer.from('EVIL'))
  assert.equal(reader.next(), undefined)
  reader.clear()
  reader.push(Buffer.from('EHLO x\r\n'))
  assert.equal(text(reader.next()), 'line:EHLO x')
})

test('a line that was handed out is not overwritten by what comes in single octets', () => {
  const reader = new LineReader(100)
  const lines: Buffer[] = []
  for (const octet of Buffer.from(Array.from({ length: 2_000 }, (_, i) => `line ${i}\r\n`).join(''))) {
    reader.push(Buffer.of(octet))
    const line = reader.next()
    if (line !== undefined) lines.push((line as { bytes: Buffer }).bytes)
  }
  assert.deepEqual(
    lines.map(String),
    Array.from({ length: 2_000 }, (_, i) => `line ${i}`),
  )
})

test('chunks of the peer are never written to', () => {
  const reader = new LineReader(100)
  const [first, second] = [Buffer.from('ab\r\ncd'), Buffer.from('ef\r\ngh\r\nij')]
  reader.push(first)
  assert.equal(reader.takeAll().toString(), 'ab\r\ncd')
  reader.push(second)
  assert.deepEqual(reader.next(), { kind: 'line', bytes: Buffer.from('ef') })
  reader.push(Buffer.from('kl'))
  assert.deepEqual(reader.next(), { kind: 'line', bytes: Buffer.from('gh') })
  assert.equal(reader.take(3)?.toString(), 'ijk')
  reader.push(Buffer.from('mn'))
  assert.equal(reader.takeAll().toString(), 'lmn')
  assert.equal(first.toString(), 'ab\r\ncd')
  assert.equal(second.toString(), 'ef\r\ngh\r\nij')
})
