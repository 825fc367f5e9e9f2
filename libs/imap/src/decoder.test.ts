import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SyntaxFault } from '@cartero/wire'
import fc from 'fast-check'
import { readFetch } from './command/fetch.ts'
import { readSearch } from './command/search.ts'
import { Decoder } from './decoder.ts'
import { DEFAULT_LIMITS, LimitError } from './limits.ts'

function decoder(text: string, utf8 = false): Decoder {
  return new Decoder(Buffer.from(text, 'latin1'), { limits: DEFAULT_LIMITS, utf8 })
}

test('strings keep their octets and leave what follows', () => {
  const cases: readonly [string, string, string][] = [
    ['atom rest', 'atom', ' rest'],
    ['a]b)', 'a]b', ')'],
    ['"quo\\"ted\\\\" x', 'quo"ted\\', ' x'],
    ['"" x', '', ' x'],
    ['{3}\r\na"b x', 'a"b', ' x'],
    ['{0+}\r\n x', '', ' x'],
  ]
  for (const [text, value, rest] of cases) {
    const subject = decoder(text)
    assert.equal(subject.expectAstring().toString('latin1'), value)
    assert.equal(subject.rest().toString('latin1'), rest)
  }
})

test('broken strings are refused', () => {
  for (const text of [
    '"open',
    '"a\\b"',
    '"a\rb"',
    '{3}\r\nab',
    '{-1}\r\n',
    '{a}\r\n',
    '{2}ab',
    '{2}\r\na\0',
    '{99999999999}\r\n',
  ]) {
    assert.throws(() => decoder(text).expectAstring(), SyntaxFault, text)
  }
})

test('dates that do not exist are refused', () => {
  assert.equal(decoder('1-Feb-2026').expectDate(), Date.UTC(2026, 1, 1))
  assert.equal(decoder('"01-feb-2026"').expectDate(), Date.UTC(2026, 1, 1))
  for (const text of ['31-Feb-2026', '1-Foo-2026', '0-Jan-2026', '1-Jan-26', '1 Jan 2026']) {
    assert.throws(() => decoder(text).expectDate(), SyntaxFault, text)
  }
  const at = Date.UTC(1996, 6, 17, 9, 44, 25)
  assert.equal(decoder('"17-Jul-1996 02:44:25 -0700"').expectDateTime(), at)
  assert.equal(decoder('" 1-Jul-1996 02:44:25 +0000"').expectDateTime(), Date.UTC(1996, 6, 1, 2, 44, 25))
  for (const text of ['"17-Jul-1996 25:44:25 -0700"', '"17-Jul-1996 02:44:25"', '17-Jul-1996']) {
    assert.throws(() => decoder(text).expectDateTime(), SyntaxFault, text)
  }
})

test('sets are refused when they are none', () => {
  for (const text of ['0', '1:', ':1', '1,,2', '4294967296', '1:0']) {
    const subject = decoder(text)
    assert.throws(
      () => {
        subject.expectSequenceSet()
        subject.expectEnd()
      },
      SyntaxFault,
      text,
    )
  }
  // RFC 3501 §9: `*:123` is a range like another
  assert.equal(decoder('*:123,1').expectSequenceSet().toString(), '*:123,1')
})

test('more ranges than anybody needs are refused, not worked on', () => {
  const text = Array.from({ length: DEFAULT_LIMITS.ranges + 1 }, (_, i) => i * 2 + 1).join(',')
  assert.throws(() => decoder(text).expectSequenceSet(), LimitError)
})

test('a search cannot be nested deeper than the stack', () => {
  const nots = `${' NOT'.repeat(50_000)} ALL`
  assert.throws(() => readSearch(decoder(nots), false), LimitError)
  const parentheses = ` ${'('.repeat(50_000)}ALL${')'.repeat(50_000)}`
  assert.throws(() => readSearch(decoder(parentheses), false), LimitError)
  const ors = ` ${'OR '.repeat(50_000)}ALL`
  assert.throws(() => readSearch(decoder(ors), false), LimitError)
  const many = ' ALL'.repeat(DEFAULT_LIMITS.searchKeys + 1)
  assert.throws(() => readSearch(decoder(many), false), LimitError)
})

test('search keys become what they mean', () => {
  const read = (text: string) => readSearch(decoder(` ${text}`), false).criteria
  assert.deepEqual(read('UNSEEN'), { key: 'NOT', not: { key: 'FLAG', flag: '\\Seen' } })
  assert.deepEqual(read('KEYWORD Foo'), { key: 'FLAG', flag: 'Foo' })
  assert.deepEqual(read('ON 1-Jan-2026'), {
    key: 'INTERNALDATE',
    since: Date.UTC(2026, 0, 1),
    before: Date.UTC(2026, 0, 2),
  })
  assert.deepEqual(read('HEADER x-y ""'), { key: 'HEADER', field: 'X-Y', text: '' })
  assert.deepEqual(read('OR FROM a (TO b CC c)'), {
    key: 'OR',
    either: { key: 'HEADER', field: 'FROM', text: 'a' },
    or: {
      key: 'AND',
      keys: [
        { key: 'HEADER', field: 'TO', text: 'b' },
        { key: 'HEADER', field: 'CC', text: 'c' },
      ],
    },
  })
  for (const text of [
    'FOO',
    'UNRECENT',
    'HEADER a',
    'NOT',
    '()',
    'ALL ',
    'TEXT',
    'LARGER x',
    'SUBJECT {2}\r\n\xff\xff',
  ]) {
    assert.throws(() => readSearch(decoder(` ${text}`), false), SyntaxFault, text)
  }
})

test('fetch items keep the names under which they are answered', () => {
  const read = (text: string) => readFetch(decoder(` 1 ${text}`), false).items
  const labels = (text: string) => read(text).map((item) => ('label' in item ? item.label : item.item))
  assert.deepEqual(labels('FULL'), ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'])
  assert.deepEqual(labels('body.peek[header.fields (Subject "x y")]<10.5>'), [
    'BODY[HEADER.FIELDS (SUBJECT "X Y")]<10>',
  ])
  assert.deepEqual(
    labels('(BODY[] BODY[1.2.MIME] BODY[2.HEADER.FIELDS.NOT (A)] BINARY.SIZE[1] RFC822.TEXT)'),
    ['BODY[]', 'BODY[1.2.MIME]', 'BODY[2.HEADER.FIELDS.NOT (A)]', 'BINARY.SIZE[1]', 'RFC822.TEXT'],
  )
  assert.deepEqual(labels('BODYSTRUCTURE'), ['BODYSTRUCTURE'])
  for (const text of [
    'BODY[0]',
    'BODY[1.]',
    'BODY[MIME]',
    'BODY[FOO]',
    'BODY[1]<5>',
    'BODY[1]<0.0>',
    'FOO',
    '()',
    '(ALL)',
    'BODY[HEADER.FIELDS ()]',
    `BODY[${'1.'.repeat(200)}1]`,
  ]) {
    assert.throws(() => readFetch(decoder(` 1 ${text}`), false), SyntaxFault, text)
  }
})

test('a message is not asked for in thousands of ways at once', () => {
  const items = Array.from({ length: DEFAULT_LIMITS.fetchItems + 1 }, () => 'BODY.PEEK[]').join(' ')
  assert.throws(() => readFetch(decoder(` 1 (${items})`), false), LimitError)
})

test('no octets make the grammar throw anything but its own faults', () => {
  const words = fc.constantFrom(
    '(',
    ')',
    '"',
    '{3}\r\n',
    '1:*',
    'NOT',
    'OR',
    ' ',
    'BODY[',
    ']',
    '<0.1>',
    'TEXT',
    '\\',
    '*',
    'UID',
    '1-Jan-2026',
    '\0',
    '\xff',
  )
  fc.assert(
    fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
      for (const read of [readSearch, readFetch]) {
        try {
          read(decoder(parts.join('')), false)
        } catch (error) {
          assert.ok(error instanceof SyntaxFault || error instanceof LimitError, String(error))
        }
      }
    }),
    { numRuns: 500 },
  )
})
