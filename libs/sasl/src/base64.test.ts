import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64, decodeInitialResponse } from './base64.ts'
import { MAX_RESPONSE_LINE } from './mechanism.ts'

describe('base64 of a response', () => {
  const REFUSED = [
    'A',
    'AA',
    'AAA',
    '====',
    'AA=A',
    'AAAA=',
    'AAAA====',
    'AB==',
    'AAB=',
    'AA A',
    ' AAAA',
    'AAAA\r\n',
    'AA-_',
    '*',
    'ÄÄ',
    '\0AAA',
  ]
  for (const text of REFUSED) {
    test(`${JSON.stringify(text)} is refused`, () => assert.equal(decodeBase64(Buffer.from(text)), undefined))
  }

  test('a line longer than the limit is refused', () => {
    assert.equal(decodeBase64(Buffer.alloc(MAX_RESPONSE_LINE, 'A'))?.length, (MAX_RESPONSE_LINE / 4) * 3)
    assert.equal(decodeBase64(Buffer.alloc(MAX_RESPONSE_LINE + 4, 'A')), undefined)
  })

  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const decoded = decodeBase64(Buffer.from(Buffer.from(octets).toString('base64')))
        assert.deepEqual(decoded, Buffer.from(octets))
      }),
    )
  })

  test('an initial response of = is empty, and an empty argument is none', () => {
    assert.equal(decodeInitialResponse(Buffer.from('='))?.length, 0)
    assert.equal(decodeInitialResponse(Buffer.from('')), undefined)
    assert.equal(decodeInitialResponse(Buffer.from('dGlt'))?.toString(), 'tim')
    assert.equal(decodeBase64(Buffer.from('='))?.length, undefined)
  })
})
