import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CommandReader, literalHead, type Received } from './command-reader.ts'

/** Reads everything, collecting literals up to 10 octets, streaming those up to 100 and skipping the rest. */
function read(chunks: readonly Buffer[]): string[] {
  const reader = new CommandReader(100)
  const seen: string[] = []
  let streamed = ''
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let received = reader.next(); received !== undefined; received = reader.next()) take(received)
  }
  return seen

  function take(received: Received): void {
    if (received.kind === 'literal') {
      const { size } = received.literal
      if (size <= 10) reader.collect(received.literal)
      else if (size <= 100) reader.stream(received.literal)
      else reader.skip(received.literal)
    } else if (received.kind === 'octets') {
      streamed += received.bytes.toString('latin1')
      if (received.last) seen.push(`octets ${streamed}`)
      if (received.last) streamed = ''
    } else
      seen.push('bytes' in received ? `${received.kind} ${received.bytes.toString('latin1')}` : received.kind)
  }
}

const STREAM = `a NOOP\r\nb LOGIN {3+}\r\nann {4+}\r\npass\r\nc APPEND x {12+}\r\nhello\r\nworld\r\nd X {200+}\r\n${'y\r\n'.repeat(66)}zz {3+}\r\nabc more\r\ne NOOP\r\n${'l'.repeat(200)}\r\nf NO\rOP\r\ng NOOP\r\n`

test('literals are neither cut off nor taken for commands', () => {
  assert.deepEqual(read([Buffer.from(STREAM)]), [
    'command a NOOP',
    'command b LOGIN {3+}\r\nann {4+}\r\npass',
    'octets hello\r\nworld',
    'line ',
    'skipped',
    'command e NOOP',
    'tooLong',
    'bareNewline',
    'command g NOOP',
  ])
})

test('how the stream is cut does not matter', () => {
  const whole = Buffer.from(STREAM)
  const expected = read([whole])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const chunks: Buffer[] = []
      for (let at = 0, i = 0; at < whole.length; i++) {
        const size = sizes[i % sizes.length]!
        chunks.push(whole.subarray(at, at + size))
        at += size
      }
      assert.deepEqual(read(chunks), expected)
    }),
    { numRuns: 100 },
  )
})

test('only a well-formed head announces a literal', () => {
  const head = (text: string) => literalHead(Buffer.from(text))
  assert.deepEqual(head('x {12}'), { size: 12, nonSync: false, binary: false })
  assert.deepEqual(head('x ~{0+}'), { size: 0, nonSync: true, binary: true })
  assert.equal(head('x {99999999999999999999+}')?.size, Infinity)
  for (const text of ['x {}', 'x {-1}', 'x {1', 'x 1}', 'x {a}', 'x {+}', '}', ''])
    assert.equal(head(text), undefined, text)
})
