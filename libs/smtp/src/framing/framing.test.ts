import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { DataReader } from './data-reader.ts'
import { DotStuffer, dotStuffed } from './dot-stuffer.ts'
import { NewlineReader } from './newline-reader.ts'
import { textEnd, wordsOf } from './text-runs.ts'

/** Cuts octets into chunks of their own memory. */
function chunks(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    pieces.push(Buffer.from(bytes.subarray(from, from + size)))
    from += size
  }
  return pieces
}

function read(wire: Buffer, sizes: readonly number[]): { body: string; rest: string; reader: DataReader } {
  const reader = new DataReader()
  let body = ''
  let rest = ''
  for (const chunk of chunks(wire, sizes)) {
    if (reader.ended) {
      rest += chunk.toString('latin1')
      continue
    }
    body += reader.read(chunk)?.toString('latin1') ?? ''
    rest += reader.rest?.toString('latin1') ?? ''
  }
  return { body, rest, reader }
}

function write(message: Buffer, sizes: readonly number[]): Buffer {
  const stuffer = new DotStuffer()
  return Buffer.concat([...chunks(message, sizes).map((chunk) => stuffer.write(chunk)), stuffer.end()])
}

const CUTS: readonly (readonly number[])[] = [[], [1], [2], [3], [1, 4]]
const octets = fc
  .array(fc.constantFrom(...Buffer.from('\r\n..\0aé', 'latin1')), { maxLength: 30 })
  .map((list) => Buffer.from(list))
const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })

suite('reading message data', () => {
  const cases: readonly (readonly [wire: string, body: string, rest: string])[] = [
    ['.\r\n', '', ''],
    ['\r\n.\r\n', '\r\n', ''],
    ['a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['...\r\n.\r\n', '..\r\n', ''],
    ['.a\r\n.\r\n', 'a\r\n', ''],
    ['a.\r\n.b\r\n..c\r\n.\r\n', 'a.\r\nb\r\n.c\r\n', ''],
    ['a\r\n.\r\n.\r\n', 'a\r\n', '.\r\n'],
    ['\r\n\r\n.\r\n', '\r\n\r\n', ''],
  ]
  for (const [wire, body, rest] of cases) {
    test(JSON.stringify(wire), () => {
      for (const cut of CUTS) {
        const found = read(Buffer.from(wire), cut)
        assert.deepEqual(
          [found.body, found.rest, found.reader.ended],
          [body, rest, true],
          `cut into ${cut.join()}`,
        )
        assert.deepEqual([found.reader.sawBareNewline, found.reader.sawNul], [false, false])
      }
    })
  }

  test('does not copy where nothing was stuffed', () => {
    const chunk = Buffer.from('one\r\ntwo\r\n.\r\n')
    assert.equal(new DataReader().read(chunk)!.buffer, chunk.buffer)
    const middle = Buffer.from('no end yet\r\n')
    assert.equal(new DataReader().read(middle), middle)
  })

  test('holds back no more than one octet', () => {
    const reader = new DataReader()
    assert.equal(reader.read(Buffer.from('a\r\n.\r'))?.toString(), 'a\r\n')
    assert.equal(reader.read(Buffer.from('b'))?.toString(), '\rb')
  })

  test('sees a bare newline and a NUL wherever chunks are cut', () => {
    for (const [wire, newline, nul] of [
      ['a\r\r\n', true, false],
      ['a\nb\r\n', true, false],
      ['\n', true, false],
      ['a\rb', true, false],
      ['.\n', true, false],
      ['.\r.\r\n', true, false],
      ['.\0', false, true],
      ['\0\r\n', false, true],
      ['a\r\n\tb\x0b\x0c\r\n', false, false],
    ] as const) {
      for (const cut of CUTS) {
        const { reader } = read(Buffer.from(wire), cut)
        assert.deepEqual([reader.sawBareNewline, reader.sawNul], [newline, nul], JSON.stringify(wire))
      }
    }
  })
})

suite('writing message data', () => {
  const cases: readonly (readonly [message: string, wire: string])[] = [
    ['', '.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['.\r\n', '..\r\n.\r\n'],
    ['.\r\n.\r\n', '..\r\n..\r\n.\r\n'],
    ['a\r\n..b\r\n', 'a\r\n...b\r\n.\r\n'],
    // Whatever was stored, no bare CR or LF goes out.
    ['a\nb', 'a\r\nb\r\n.\r\n'],
    ['a\n.\nb\n', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r.\rb\r', 'a\r\n..\r\nb\r\n.\r\n'],
    ['\r', '\r\n.\r\n'],
    ['\n', '\r\n.\r\n'],
    ['\r\r\n', '\r\n\r\n.\r\n'],
  ]
  for (const [message, wire] of cases) {
    test(JSON.stringify(message), () => {
      for (const cut of CUTS)
        assert.equal(write(Buffer.from(message), cut).toString(), wire, `cut into ${cut.join()}`)
    })
  }

  test('does not copy where nothing has to be put in', () => {
    const chunk = Buffer.from('one\r\ntwo\r\n')
    assert.equal(new DotStuffer().write(chunk), chunk)
  })

  test('of a stream ends with the dot, also when the stream is empty', async () => {
    const wire: Buffer[] = []
    for await (const bytes of dotStuffed(streamOf(['a\r\n.', '.b']))) wire.push(bytes)
    assert.equal(Buffer.concat(wire).toString(), 'a\r\n...b\r\n.\r\n')
    const none: Buffer[] = []
    for await (const bytes of dotStuffed(streamOf([]))) none.push(bytes)
    assert.equal(Buffer.concat(none).toString(), '.\r\n')
  })
})

test('dots are stuffed exactly once: what was written is read, however both are cut', () => {
  fc.assert(
    fc.property(octets, sizes, sizes, (message, one, other) => {
      const wire = write(message, one)
      assert.deepEqual(wire, write(message, [1]))
      const { body, reader } = read(wire, other)
      assert.equal(reader.ended, true)
      assert.equal(reader.sawBareNewline, false, 'a bare newline went out')
      // The one way in which a message may change: stray CR and LF become CRLF, and the last line is ended.
      const lines = message.toString('latin1').replaceAll(/\r\n|\r|\n/g, '\r\n')
      assert.equal(body, lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`)
    }),
    { numRuns: 500 },
  )
})

test('a message without stray newlines goes out octet for octet', () => {
  const line = fc
    .array(fc.constantFrom('.', 'a', '\t', '\u00e9', ' '), { maxLength: 6 })
    .map((list) => `${list.join('')}\r\n`)
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), sizes, (lines, cut) => {
      const message = Buffer.from(lines.join(''), 'latin1')
      assert.equal(read(write(message, cut), [2]).body, message.toString('latin1'))
    }),
    { numRuns: 200 },
  )
})

async function* streamOf(texts: readonly string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield new Uint8Array(Buffer.from(text))
}

suite('runs of text', () => {
  test('end where they end, however long they are and wherever in memory they begin', () => {
    for (const length of [0, 1, 5, 255, 256, 257, 300]) {
      for (let offset = 0; offset < 4; offset++) {
        const memory = Buffer.alloc(offset + length, 0xff)
        const chunk = memory.subarray(offset)
        const words = wordsOf(chunk)
        for (let at = 0; at < length; at++) {
          for (const octet of [0, 1, 0x0a, 0x0d]) {
            chunk[at] = octet
            const from = at % 7 === 0 ? at : Math.max(0, at - 13)
            assert.equal(textEnd(chunk, words, from), at)
            assert.equal(textEnd(chunk, words, at + 1), length)
          }
          chunk[at] = 0x0e + (at % 0xf2)
        }
      }
    }
  })

  test('are not ended by any octet above CR, nor by its neighbours', () => {
    for (let octet = 0x0e; octet <= 0xff; octet++) {
      for (const neighbour of [0x0e, 0x20, 0x7f, 0x80, 0xff]) {
        const chunk = Buffer.alloc(400, neighbour)
        for (let i = 256; i < 400; i += 5) chunk[i] = octet
        assert.equal(textEnd(chunk, wordsOf(chunk), 0), 400)
      }
    }
  })
})

test('octets in long chunks are seen as those in short ones are', () => {
  const long = fc.array(fc.constantFrom('\r\n', '\n', '\r', '\0', '\r\n.', 'é\t', 'x'.repeat(90)), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(long, sizes, fc.boolean(), (parts, cut, clean) => {
      const text = Buffer.from(`${'y'.repeat(260)}${parts.join('')}`, 'latin1')
      const [whole, cutUp] = [new NewlineReader(clean), new NewlineReader(clean)]
      const kept = [whole, cutUp].map((reader) =>
        Buffer.concat([
          ...chunks(text, reader === whole ? [] : cut).map((chunk) => reader.read(chunk)),
          reader.end() ?? Buffer.alloc(0),
        ]).toString('latin1'),
      )
      assert.equal(kept[0], kept[1])
      assert.equal(
        kept[0],
        clean ? text.toString('latin1').replaceAll(/\r\n|\r|\n/g, '\r\n') : text.toString('latin1'),
      )
      const seen = [whole, cutUp].map(({ sawBareNewline, sawNul }) => [sawBareNewline, sawNul])
      assert.deepEqual(seen[0], seen[1])
      assert.deepEqual(seen[0], [/\r(?!\n)|(?<!\r)\n/.test(text.toString('latin1')), text.includes(0)])
      const wire = Buffer.concat([text, Buffer.from('\r\n.\r\n')])
      assert.equal(read(wire, []).body, read(wire, cut).body)
    }),
    { numRuns: 200 },
  )
})
