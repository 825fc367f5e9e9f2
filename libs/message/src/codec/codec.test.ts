import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Base64Encoder } from './base64-encoder.ts'
import { PartTextDecoder } from './part-text-decoder.ts'
import { MOST_HELD_OCTETS } from './quoted-printable-decoder.ts'
import { QuotedPrintableEncoder } from './quoted-printable-encoder.ts'
import { transferDecoder } from './transfer-decoder.ts'

function decode(encoding: string, octets: Buffer, chunk: number = octets.length || 1): Buffer {
  const decoder = transferDecoder(encoding)
  const decoded: Buffer[] = []
  for (let at = 0; at < octets.length; at += chunk)
    decoded.push(Buffer.from(decoder.write(octets.subarray(at, at + chunk))))
  return Buffer.concat([...decoded, decoder.end()])
}

const qp = (text: string): string => decode('quoted-printable', Buffer.from(text)).toString('latin1')
const base64 = (text: string): string => decode('base64', Buffer.from(text)).toString('latin1')

test('quoted-printable is decoded as RFC 2045 §6.7 says', () => {
  assert.equal(qp('a=3Db=0d=0A'), 'a=b\r\n')
  assert.equal(qp('soft=\r\nbreak=\nhere'), 'softbreakhere')
  assert.equal(qp('padded= \t\r\nbreak'), 'paddedbreak')
  assert.equal(qp('trailing space \t\r\nand\ttab\t\nend '), 'trailing space\r\nand\ttab\nend')
  assert.equal(qp('kept=20\r\n  indented'), 'kept \r\n  indented')
})

test('broken quoted-printable loses no text', () => {
  assert.equal(qp('a=zz b= c=4 d=\rx e==41 f='), 'a=zz b= c=4 d=\rx e=A f')
  assert.equal(qp('x=4'), 'x=4')
  assert.equal(qp('a \rb'), 'a \rb')
})

test('white space without end is not held back', () => {
  const spaces = ' '.repeat(5 * MOST_HELD_OCTETS)
  assert.equal(qp(`a${spaces}b`), `a${spaces}b`)
  assert.ok(qp(`a=${spaces}b`).startsWith('a= '))
})

test('base64 is decoded with whatever stands between the digits', () => {
  assert.equal(base64('SGVs\r\nbG8='), 'Hello')
  assert.equal(base64('SGVsbG8'), 'Hello')
  assert.equal(base64('SGVs!?\0bG8=\r\n-- list footer'.slice(0, 12)), 'Hello')
  assert.equal(base64('SGk=SGk='), 'HiHi')
  assert.equal(base64('===='), '')
})

test('an encoding we do not know leaves the octets alone', () => {
  assert.equal(decode('x-uuencode', Buffer.from('a=41')).toString(), 'a=41')
  assert.equal(decode('7BIT', Buffer.from('a=41')).toString(), 'a=41')
})

test('no cut changes what is decoded', () => {
  const piece = fc.constantFrom(
    '=',
    '=3D',
    '4',
    '1',
    ' ',
    '\t',
    '\r',
    '\n',
    '\r\n',
    'x',
    'QUJD',
    '==',
    '\xff',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (pieces, chunk) => {
      const octets = Buffer.from(pieces.join(''), 'latin1')
      for (const encoding of ['base64', 'Quoted-Printable', 'binary']) {
        assert.deepEqual(decode(encoding, octets, chunk), decode(encoding, octets))
      }
    }),
    { numRuns: 300 },
  )
})

test('base64 gives back what was encoded', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 7 }), (octets, chunk) => {
      const lines = Buffer.from(octets).toString('base64').replace(/.{76}/g, '$&\r\n')
      assert.deepEqual([...decode('BASE64', Buffer.from(lines), chunk)], [...octets])
    }),
    { numRuns: 100 },
  )
})

test('a character cut by chunks or by the encoding is whole again', () => {
  const decoder = new PartTextDecoder('quoted-printable', 'UTF-8')
  let text = ''
  for (const octet of Buffer.from('gr=C3=BC=C3=\r\n=9Fe \r\n')) text += decoder.write(Buffer.from([octet]))
  assert.equal(text + decoder.end(), 'grüße\r\n')
  const cut = new PartTextDecoder('8bit')
  assert.equal(cut.write(Buffer.from([0x61, 0xc3])) + cut.end(), 'a\ufffd')
})

test('an unknown charset hides no ASCII word', () => {
  const decoder = new PartTextDecoder('base64', 'x-nonsense')
  assert.equal(decoder.write(Buffer.from('SGVsbG8g/w==')) + decoder.end(), 'Hello ÿ')
})

test('what is encoded is given back, in lines that every host carries', () => {
  const pieces = fc.constantFrom(
    'a',
    ' ',
    '\t',
    '=',
    '.',
    '-',
    '\r\n',
    '\r',
    '\n',
    '\0',
    '\xff',
    'x'.repeat(74),
    '--b\r\n',
  )
  const encoders = {
    base64: () => new Base64Encoder(),
    'quoted-printable': () => new QuotedPrintableEncoder(),
  }
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), fc.integer({ min: 1, max: 80 }), (pieces, chunk) => {
      const octets = Buffer.from(pieces.join(''), 'latin1')
      for (const [encoding, make] of Object.entries(encoders)) {
        const encoder = make()
        const encoded: Buffer[] = []
        for (let at = 0; at < octets.length; at += chunk)
          encoded.push(encoder.write(octets.subarray(at, at + chunk)))
        const text = Buffer.concat([...encoded, encoder.end()])
        assert.deepEqual(decode(encoding, text), octets)
        for (const line of text.toString('latin1').split('\r\n'))
          assert.match(line, /^(?!-)[\t\x20-\x7e]{0,76}(?<![ \t])$/)
      }
    }),
    { numRuns: 500 },
  )
})
