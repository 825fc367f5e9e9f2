import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEncodedWords } from '../field/encoded-word.ts'
import { parseContentDisposition } from '../field/content-disposition.ts'
import { mailboxesOf, parseAddressList } from '../field/address-list.ts'
import { parameterText } from '../field/parameters.ts'
import { HeaderBlock } from '../header-block.ts'
import { downgradeHeader } from './downgraded-header.ts'

const corpus = readFileSync(new URL('../../fixtures/downgrade/header.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' => ') as [string, string])

const downgraded = (header: string): string => downgradeHeader(Buffer.from(header)).toString('latin1')

test('no field becomes another one than the standard says', () => {
  assert.ok(corpus.length > 20)
  for (const [field, expected] of corpus)
    assert.equal(downgraded(`${field}\r\n`), `${expected.replaceAll('|', '\r\n')}\r\n`)
})

test('fields that are ASCII stay octet by octet among those that are not', () => {
  const header = 'X: a\r\n\tb \r\nSubject: ü\r\nTo:  <a@b> (c),\r\n d@e\r\n\r\n'
  assert.equal(downgraded(header), header.replace('ü', '=?utf-8?B?w7w=?='))
})

test('eight-bit octets that are no UTF-8 are not called UTF-8', () => {
  const header = Buffer.from('Subject: Gr\xfc\xdfe\r\nTo: J\xf6rg <a@b>\r\n', 'latin1')
  assert.equal(
    downgradeHeader(header).toString('latin1'),
    'Subject: =?unknown-8bit?Q?Gr=FC=DFe?=\r\nTo: =?unknown-8bit?Q?J=F6rg?= <a@b>\r\n',
  )
})

test('a text says what it said, in words and lines that are not too long', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'ü', '€', '🙂', '?', '=', '_', '"', '('),
    minLength: 1,
    maxLength: 60,
  })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(word, fc.constantFrom('=?utf-8?Q?x?=', ' ', 'plain')), { maxLength: 12 }),
      (words) => {
        const text = words.join(' ').trim()
        const block = HeaderBlock.parse(downgradeHeader(Buffer.from(`Subject: ${text}\r\n`)))
        assert.equal(block.fields.length, 1)
        assert.equal(
          decodeEncodedWords(block.fields[0]!.value),
          decodeEncodedWords(Buffer.from(text).toString('latin1')),
        )
        assertAscii(block.bytes)
        for (const [encoded] of block.bytes.toString().matchAll(/=\?utf-8\?[BQ]\?[^?]*\?=/g))
          assert.ok(encoded.length <= 75)
      },
    ),
    { numRuns: 500 },
  )
})

function assertAscii(bytes: Buffer): void {
  assert.match(bytes.toString('latin1'), /^(?:[\x20-\x7e\t]*\r\n)*$/)
}

test('the names and addresses of a list are all there', () => {
  const name = fc
    .string({ unit: fc.constantFrom('a', 'ü', ' ', ',', '"', '🙂'), maxLength: 80 })
    .map((text) => text.trim())
  const local = fc.constantFrom('ann', 'ann.lee', '"a b"')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, local), { minLength: 1, maxLength: 8 }), (mailboxes) => {
      const list = mailboxes
        .map(([name, local]) => `"${name.replace(/"/g, '\\"')}" <${local}@bücher.example>`)
        .join(', ')
      const field = HeaderBlock.parse(downgradeHeader(Buffer.from(`To: ${list}\r\n`))).fields[0]!
      assertAscii(field.raw)
      const told = (value: Buffer) =>
        mailboxesOf(parseAddressList(value)).map(({ name = '', mailbox }) => [
          decodeEncodedWords(name).replace(/ +/g, ' '),
          mailbox,
        ])
      assert.deepEqual(told(field.rawValue), told(Buffer.from(list)))
    }),
    { numRuns: 200 },
  )
})

test('a file name is the same again', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'ü', ' ', "'", '%', ';', '"', '🙂'),
    minLength: 1,
    maxLength: 120,
  })
  fc.assert(
    fc.property(name, (name) => {
      const field = `Content-Disposition: attachment; filename="ü${name.replace(/"/g, '\\"')}"; x=y`
      const made = downgradeHeader(Buffer.from(`${field}\r\n`))
      assertAscii(made)
      const { parameters } = parseContentDisposition(HeaderBlock.parse(made).fields[0]!.rawValue)!
      assert.equal(parameterText(parameters, 'filename'), `ü${name}`)
      assert.equal(parameterText(parameters, 'x'), 'y')
    }),
    { numRuns: 300 },
  )
})

test('whatever the header, ASCII comes out, and no field is added to it', () => {
  const names = [
    'From',
    'To',
    'Subject',
    'Received',
    'Content-Type',
    'Message-ID',
    'Date',
    'Original-Recipient',
    'X',
  ]
  const value = fc.string({
    unit: fc.constantFrom(
      ...Array.from('a<>@,:;."\\()[]= \t'),
      '\r\n ',
      '\0',
      '\x01',
      '\xff',
      'ü',
      '=?utf-8?Q?a?=',
    ),
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 }), (fields) => {
      const header = Buffer.from(fields.map(([name, value]) => `${name}: ü${value}\r\n`).join(''), 'latin1')
      const block = HeaderBlock.parse(downgradeHeader(header))
      assert.ok(!/[\x80-\xff]/.test(block.bytes.toString('latin1')))
      assert.equal(block.fields.length, HeaderBlock.parse(header).fields.length)
      assert.equal(block.fieldsEnd, block.bytes.length)
    }),
    { numRuns: 500 },
  )
})

test('a long field of anything is downgraded in no time', { timeout: 20_000 }, () => {
  for (const name of ['From', 'Subject', 'Received', 'Content-Type', 'Message-ID', 'X'])
    for (const piece of [
      'ü',
      'ü ',
      'ü,',
      '<ü',
      '(ü',
      'a=ü;',
      'a*0=ü;',
      ' ',
      'ü@',
      'ü@x ',
      ';',
      ' for ',
      '[',
      'for ü ',
      ')',
      'ü)',
      ' \t',
    ])
      for (const end of ['x', ' for ü'])
        downgradeHeader(Buffer.from(`${name}: ü${piece.repeat(50_000 / piece.length)}${end}\r\n`))
})
