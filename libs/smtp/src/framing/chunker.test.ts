import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Chunker, wholeChunk } from './chunker.ts'

interface Chunk {
  readonly declared: number
  readonly isLast: boolean
  readonly octets: Buffer
}

/** Reads chunks as a server must: by what they say of their size. */
function parse(wire: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let from = 0; from < wire.length;) {
    const end = wire.indexOf('\r\n', from)
    const [, digits, last] = /^BDAT (\d+)( LAST)?$/.exec(wire.toString('latin1', from, end))!
    const declared = Number(digits)
    const octets = wire.subarray(end + 2, end + 2 + declared)
    chunks.push({ declared, isLast: last !== undefined, octets })
    from = end + 2 + declared
  }
  return chunks
}

function opened(octets: Buffer, sizes: readonly number[]): () => AsyncIterable<Buffer> {
  return async function* () {
    for (let from = 0, i = 0; from < octets.length; i++) {
      const size = sizes[i % sizes.length]!
      yield octets.subarray(from, from + size)
      from += size
    }
  }
}

async function chunksOf(chunker: Chunker): Promise<Buffer> {
  const pieces: Buffer[] = []
  while (chunker.state === 'going') for await (const piece of chunker.chunk()) pieces.push(piece)
  return Buffer.concat(pieces)
}

const octets = fc
  .array(fc.constantFrom('a', '.', '\r', '\n', '\r\n', '\0', 'BDAT 9 LAST\r\n'), { maxLength: 30 })
  .map((parts) => Buffer.from(parts.join('')))
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })

test('whatever the octets are and however they come, chunks have the size they say, and are the message', async () => {
  await fc.assert(
    fc.asyncProperty(
      octets,
      sizes,
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      async (message, cuts, size, inLines) => {
        const chunks = parse(await chunksOf(new Chunker(opened(message, cuts), size, inLines)))
        const whole = parse(wholeChunk(message, inLines))
        assert.equal(whole.length, 1)
        assert.deepEqual(
          chunks.map(({ isLast }) => isLast),
          chunks.map((_, i) => i === chunks.length - 1),
        )
        for (const chunk of chunks) {
          assert.equal(chunk.octets.length, chunk.declared)
          assert.ok(chunk.isLast ? chunk.declared <= size : chunk.declared === size)
        }
        const received = Buffer.concat(chunks.map((each) => each.octets))
        assert.deepEqual(received, whole[0]!.octets)
        if (!inLines) assert.deepEqual(received, message)
        else assert.equal(/(?<!\r)\n|\r(?!\n)/.test(received.toString()), false, 'a bare CR or LF')
      },
    ),
    { numRuns: 300 },
  )
})

test('a message that breaks off says nothing of the chunk in which it does', async () => {
  async function* broken(): AsyncIterable<Buffer> {
    yield Buffer.from('0123456789')
    throw new Error('the disk is gone')
  }
  const chunker = new Chunker(broken, 4, true)
  const chunks = parse(await chunksOf(chunker))
  assert.deepEqual(
    chunks.map((each) => each.octets.toString()),
    ['0123', '4567'],
  )
  assert.equal(chunker.state, 'unreadable')
  assert.match(String(chunker.error), /the disk is gone/)
})

test('a message that is given up is closed, and one that was never begun is not opened', async () => {
  let open = 0
  async function* source(): AsyncIterable<Buffer> {
    open++
    try {
      for (;;) yield Buffer.from('0123456789')
    } finally {
      open--
    }
  }
  new Chunker(source, 4, true).abandon()
  assert.equal(open, 0)
  const chunker = new Chunker(source, 4, true)
  for await (const _ of chunker.chunk());
  assert.equal(open, 1)
  chunker.abandon()
  await new Promise(setImmediate)
  assert.equal(open, 0)
})
