import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { transferDecoder } from '../codec/transfer-decoder.ts'
import { contentFacts } from '../content-facts.ts'
import type { MessageIndex, Part } from '../mime/message-index.ts'
import { MessageIndexer } from '../mime/message-indexer.ts'
import { ContentConverter, MOST_PARTS, type ConversionOptions } from './content-converter.ts'
import { ConversionError } from './conversion-error.ts'
import { to7Bit, to8Bit } from './converted-content.ts'
import { LOOK_AHEAD_OCTETS } from './converted-entity.ts'

const octets = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1')
const utf8 = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'))
const shown = (message: Buffer): string => message.toString('latin1').replaceAll('\r\n', '\n')

function indexed(message: Buffer): MessageIndex {
  const indexer = new MessageIndexer()
  indexer.write(message)
  return indexer.end()
}

interface Leaf {
  readonly type: string
  readonly encoding: string
  readonly decoded: string
}

/** Type and decoded octets of every leaf. */
function leavesOf(message: Buffer, part: Part = indexed(message).root): readonly Leaf[] {
  const children = part.parts ?? (part.message && [part.message.root])
  if (children !== undefined) return children.flatMap((child) => leavesOf(message, child))
  const { type, subtype, encoding, bodyStart, bodyEnd } = part
  const decoder = transferDecoder(encoding)
  const body = Buffer.concat([decoder.write(message.subarray(bodyStart, bodyEnd)), decoder.end()])
  return [{ type: `${type}/${subtype}`, encoding, decoded: body.toString('latin1') }]
}

/** Octet by octet; but a line break that was in quoted-printable already is one, however it is written. */
function assertSameLeaves(converted: Buffer, original: Buffer, name?: string): void {
  const before = leavesOf(original)
  const after = leavesOf(converted)
  const told = (leaves: readonly Leaf[]): readonly string[] =>
    leaves.map(({ type, decoded }, n) =>
      before[n]?.encoding === 'quoted-printable'
        ? `${type} ${decoded.replace(/\r?\n/g, '\n')}`
        : `${type} ${decoded}`,
    )
  if (name === undefined) assert.deepEqual(told(after), told(before))
  else assert.deepEqual(told(after), told(before), name)
}

async function streamed(
  message: Buffer,
  sizes: readonly number[],
  convert: typeof to7Bit,
  options?: ConversionOptions,
): Promise<Buffer> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0, i = 0; at < message.length; i++) {
      const chunk = Buffer.from(message.subarray(at, at + sizes[i % sizes.length]!))
      at += chunk.length
      yield chunk
      chunk.fill('-')
    }
  }
  const out: Buffer[] = []
  for await (const piece of convert(chunks(), options)) out.push(piece)
  return Buffer.concat(out)
}

test('a message that the hop carries is not touched', () => {
  const plain = octets(
    'Subject: x\nContent-Type: multipart/mixed; boundary=b\n\nfor others\n--b\n\ntext\n--b--\nend\n',
  )
  assert.deepEqual(to7Bit(plain), plain)
  const eight = utf8('Subject: x\nContent-Transfer-Encoding: 8bit\nContent-Type: text/plain\n\nGrüße\n')
  assert.deepEqual(to8Bit(eight), eight)
})

test('text becomes quoted-printable, all else base64, and composites 7bit', () => {
  const message = utf8(
    'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n' +
      '--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße \nan alle=\n' +
      '--b\nContent-Transfer-Encoding: binary\nContent-Type: image/x\n\n\0\x01\x02\n' +
      '--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: y\n\nÄ\n--b--\n',
  )
  assert.equal(
    shown(to7Bit(message)),
    'Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\n' +
      '--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe=20\nan alle=3D\n' +
      '--b\nContent-Transfer-Encoding: base64\nContent-Type: image/x\n\nAAEC\n' +
      '--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\nSubject: y\nMIME-Version: 1.0\n' +
      'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=84\n--b--\n',
  )
})

test('a message of before MIME gets the fields that tell how to read it', () => {
  assert.equal(
    shown(to7Bit(octets('Subject: x\n\nGr\xfc\xdfe'))),
    'Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe=\n',
  )
  const headless = utf8('Grüße: so\n')
  assert.equal(
    shown(to7Bit(headless)),
    'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe: so\n',
  )
})

test('a second Content-Transfer-Encoding does not survive to contradict the first', () => {
  const message = utf8(
    'Content-Transfer-Encoding: 8bit\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\né\n',
  )
  assert.equal(
    shown(to7Bit(message)),
    'Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain\nMIME-Version: 1.0\n\n=C3=A9\n',
  )
})

const SIGNED =
  'Content-Type: multipart/signed; boundary=s\n\n--s\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n\xe9\n--s--\n'

test('a signed part is left alone, and if it does not fit the message is refused', () => {
  const clean = octets(SIGNED.replace('\xe9', 'e'))
  assert.deepEqual(to7Bit(clean), clean)
  assert.throws(() => to7Bit(octets(SIGNED)), { name: 'ConversionError', obstacle: 'signed' })
  const binary = octets(SIGNED.replace('\xe9', '\0'))
  assert.throws(() => to8Bit(binary), ConversionError)
  assert.deepEqual(to8Bit(octets(SIGNED)), octets(SIGNED))
})

test('who would rather break a signature, lose a letter or break the rule can say so', () => {
  assert.match(shown(to7Bit(octets(SIGNED), { signed: 'convert' })), /quoted-printable\n\n=E9\n--s--/)
  assert.match(shown(to7Bit(octets(SIGNED), { obstacles: 'mask' })), /8bit\n\n\?\n--s--/)
  assert.deepEqual(to7Bit(octets(SIGNED), { obstacles: 'leave' }), octets(SIGNED))
})

test('a message in UTF-8 within the message keeps its header, because it is encoded as a whole', () => {
  const inner = utf8('Subject: Grüße\n\nx')
  const message = Buffer.concat([octets('Content-Type: message/global\n\n'), inner])
  const { root } = indexed(to7Bit(message))
  assert.equal(root.encoding, 'base64')
  assert.deepEqual(leavesOf(to7Bit(message)), [
    { type: 'application/octet-stream', encoding: 'base64', decoded: inner.toString('latin1') },
  ])
})

test('parts that are encoded already pass, and what may not stand in them is made harmless', () => {
  const base64 = octets(
    `Content-Transfer-Encoding: base64\nContent-Type: a/b\n\nSGVs\xe4bG8=\n${'QUJD'.repeat(1_000)}`,
  )
  const converted = to7Bit(base64)
  assertSameLeaves(converted, base64)
  assert.ok(!contentFacts(converted).binary && !contentFacts(converted).eightBitBody)
  const printable = octets(
    `Content-Transfer-Encoding: quoted-printable\n\nGr\xfc=DFe \xff=\n=3D${'=4'.repeat(2_000)}`,
  )
  assertSameLeaves(to7Bit(printable), printable)
  assert.ok(!contentFacts(to7Bit(printable)).binary)
})

test('a soft line break makes no delimiter', () => {
  const message = octets(
    `Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${'\xe9'.repeat(25)}--b\n--b--\n`,
  )
  assertSameLeaves(to7Bit(message), message)
  assert.ok(!shown(to7Bit(message)).includes('=\n--b'))
})

test('a part that is longer than what is looked at is encoded, since its end cannot be known', () => {
  const line = `${'x'.repeat(70)}\r\n`
  const text = line.repeat(Math.ceil(LOOK_AHEAD_OCTETS / line.length) + 1)
  for (const end of ['fine', '\xe9']) {
    const message = Buffer.from(`Subject: x\r\n\r\n${text}${end}\r\n`, 'latin1')
    assertSameLeaves(to7Bit(message), message)
    assert.equal(indexed(to7Bit(message)).root.encoding, 'quoted-printable')
  }
  const unknown = Buffer.from(`Content-Transfer-Encoding: x-uuencode\r\n\r\n${text}`)
  assert.deepEqual(to7Bit(unknown), unknown)
  assert.throws(() => to7Bit(Buffer.concat([unknown, octets('\xe9')])), { obstacle: 'unknown encoding' })
})

test('nesting beyond the limit is refused and not followed', () => {
  const nested = Array.from(
    { length: 200 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\n\n--b${n}\n`,
  )
  assert.throws(() => to7Bit(octets(`${nested.join('')}\n\xe9`)), { obstacle: 'nested too deeply' })
  assert.deepEqual(
    to7Bit(octets(`${nested.join('')}\nfine\n`)).length,
    octets(`${nested.join('')}\nfine\n`).length,
  )
  const messages = 'Content-Type: message/rfc822\n\n'.repeat(200)
  assert.throws(() => to7Bit(octets(`${messages}\n\xe9`)), { obstacle: 'nested too deeply' })
})

test('a message of nothing but parts is refused before it costs much', () => {
  const empty = (parts: number): Buffer =>
    octets(`Content-Type: multipart/mixed; boundary=b\n\n${'--b\n'.repeat(parts)}\n\xe9\n--b--\n`)
  assert.throws(() => to7Bit(empty(MOST_PARTS)), { obstacle: 'too many parts' })
  assert.match(shown(to7Bit(empty(MOST_PARTS - 1))), /=E9\n--b--\n$/)
})

test('a header without end is refused before it fills the memory', () => {
  const field = `X: ${'y'.repeat(900)}\n`
  const header = field.repeat(400)
  assert.throws(() => to7Bit(octets(`${header}X: \xe9\n\n`)), { obstacle: 'header too long' })
  assert.equal(to7Bit(octets(`${header}\ntext\n`)).length, octets(`${header}\ntext\n`).length)
})

test('what stands in front of the parts is for nobody, but where there are none it is the text', () => {
  const preamble = 'Content-Type: multipart/mixed; boundary=b\n\nPr\xe4ambel\n'
  assert.match(shown(to7Bit(octets(`${preamble}--b\n\nx\n--b--\n`))), /\n\nPr\?ambel\n--b\n/)
  assert.throws(() => to7Bit(octets(preamble)), { obstacle: 'multipart without parts' })
})

const NO_PARTS = ['no-parts.txt']

test('no more is held back than what is looked at, however large the message', () => {
  for (const field of [
    'Content-Type: text/plain',
    'Content-Transfer-Encoding: base64',
    'Content-Type: image/x',
  ]) {
    const converter = new ContentConverter('7bit')
    let held = converter.write(
      octets(`Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n${field}\n\n`),
    ).length
    const chunk = Buffer.from('QUJDREVG\r\n'.repeat(10_000))
    for (let n = 0; n < 30; n++) {
      held += chunk.length - converter.write(chunk).length
      assert.ok(held <= LOOK_AHEAD_OCTETS + chunk.length, `${field} ${held}`)
    }
  }
})

test('awkward messages keep their parts', () => {
  const folder = new URL('../../fixtures/mime/', import.meta.url)
  for (const name of readdirSync(folder)) {
    const text = readFileSync(new URL(name, folder), 'utf8').split('=====\n', 2)[1]!
    for (const lineEnd of ['\r\n', '\n']) {
      for (const addition of ['', 'é']) {
        // Into what seems to be text: a line that has no colon, and is no delimiter.
        const spoilt = text.replace(/^(?!--)[^:\n]+$/gm, `$&${addition}`).replaceAll('\n', lineEnd)
        const message = Buffer.from(spoilt)
        // In these there are no parts, and what stands in front of none is not encoded.
        if (addition !== '' && NO_PARTS.includes(name))
          assert.throws(() => to7Bit(message), ConversionError, name)
        else assertSameLeaves(to7Bit(message), message, name)
      }
    }
  }
})

const word = fc.constantFrom(
  'a',
  'b',
  ' ',
  '\t',
  '=',
  '.',
  '-',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\0',
  '\xe9',
  'é',
  '--b0',
  '--b1\r\n',
  '--b0--',
  '\r\n--b1\r\n',
  'x'.repeat(80),
  'y'.repeat(1_100),
  'From ',
  '=41',
  '=\r\n',
  'Q=',
)
const body = fc.array(word, { maxLength: 30 }).map((words) => words.join(''))
const encodedBody = fc
  .array(fc.constantFrom('a', ' ', '=41', '=', '=\r\n', '\r\n', '\xe9', '\0', 'Q', 'x'.repeat(600), '-'), {
    maxLength: 30,
  })
  .map((words) => words.join(''))
const leafPart = fc
  .record({
    type: fc.constantFrom(
      '',
      'text/plain',
      'text/html; charset=utf-8',
      'application/x',
      'message/delivery-status',
    ),
    encoding: fc.constantFrom('', '7bit', '8bit', 'binary', '8-bit', 'x-uuencode'),
    body,
  })
  .map(({ type, encoding, body }) => partOf(type, encoding, body))
const encodedPart = fc
  .record({ encoding: fc.constantFrom('base64', 'quoted-printable'), body: encodedBody })
  .map(({ encoding, body }) => partOf('text/plain', encoding, body))

function partOf(type: string, encoding: string, body: string): string {
  const typeField = type === '' ? '' : `Content-Type: ${type}\r\n`
  return `${typeField}${encoding === '' ? '' : `Content-Transfer-Encoding: ${encoding}\r\n`}\r\n${body}`
}

const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leafPart,
    encodedPart,
    tie('tree').map((inner) => partOf('message/rfc822', '8bit', inner)),
    fc
      .tuple(
        fc.constantFrom(0, 1),
        fc.constantFrom('mixed', 'digest'),
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      )
      .map(([number, subtype, parts]) =>
        partOf(
          `multipart/${subtype}; boundary=b${number}`,
          '8bit',
          `${parts.map((part) => `--b${number}\r\n${part}\r\n`).join('')}--b${number}--\r\n`,
        ),
      ),
  ),
}))

test('decoding gives back the original octets, whatever the message and however it is cut', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(tree, sizes, fc.boolean(), async (text, sizes, isSevenBit) => {
      const message = Buffer.from(text, 'latin1')
      const convert = isSevenBit ? to7Bit : to8Bit
      let converted: Buffer
      try {
        converted = convert(message)
      } catch (error) {
        assert.ok(error instanceof ConversionError)
        await assert.rejects(streamed(message, sizes, convert), ConversionError)
        return
      }
      assertSameLeaves(converted, message)
      assert.deepEqual(await streamed(message, sizes, convert), converted)
      const facts = contentFacts(converted)
      assert.ok(
        !facts.binary && !(isSevenBit && (facts.eightBitBody || facts.eightBitHeader)),
        shown(converted),
      )
      // An encoded line that is nearly too long may be broken once more.
      if (!text.includes('x'.repeat(600))) assert.deepEqual(convert(converted), converted)
    }),
    { numRuns: 400 },
  )
})
