import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseZoneFile } from './zone-file.ts'
import { ZoneFileError } from './zone-file-error.ts'

test('names without a dot at their end are completed, and an empty name is the one before', () => {
  const { records, origin } = parseZoneFile(
    '$ORIGIN a.test.\n@ 1h IN MX 5 mx\n  IN 300 MX 7 mx.b.test.\n$ORIGIN b.test.\nmx A 192.0.2.1',
  )
  assert.equal(origin, 'a.test')
  assert.deepEqual(
    records.map(({ name, value }) => [name, value]),
    [
      ['a.test', { preference: 5, exchange: 'mx.a.test' }],
      ['a.test', { preference: 7, exchange: 'mx.b.test' }],
      ['mx.b.test', '192.0.2.1'],
    ],
  )
})

test('comments, quotes, escapes and parentheses are not taken for words', () => {
  const { records } = parseZoneFile('; first\nx.test. TXT ( "a; b" ; not this\n "\\"c\\"" \\100 ) ; nor this')
  assert.deepEqual(records, [{ name: 'x.test', type: 'TXT', value: 'a; b"c"d' }])
})

for (const [text, line, complaint] of [
  ['a.test. A 192.0.2.1\n\nb.test. A 192.0.2.256', 3, "'192.0.2.256' is no data of A"],
  ['  A 192.0.2.1', 1, 'the first record has no name'],
  ['a.test. MX 10', 1, "'10' is no data of MX"],
  ['a.test. MX 65536 b.test.', 1, 'is no data of MX'],
  ['a.test. WKS 1', 1, "'WKS' is no type of record"],
  ['a.test.', 1, "'' is no type of record"],
  ['a..test. A 192.0.2.1', 1, "'a..test.' is no name"],
  ['a.test. TLSA 3 1 1 abc', 1, 'is no data of TLSA'],
  ['a.test. TLSA 3 256 1 ab', 1, 'is no data of TLSA'],
  ['\na.test. TXT "open', 2, 'a quote that is not closed'],
  ['\na.test. TXT ( "x"\n\n', 2, 'a parenthesis that is not closed'],
  ['a.test. TXT ) "x"', 1, "')' where none can be"],
  ['$TTL soon', 1, "'soon' is no TTL"],
  ['$INCLUDE other', 1, '$INCLUDE is not understood'],
] as const)
  test(`the line is named: ${complaint}`, () => {
    assert.throws(
      () => parseZoneFile(text, { file: 'x.zone' }),
      (error) =>
        error instanceof ZoneFileError &&
        error.line === line &&
        error.message.startsWith(`x.zone:${line}: `) &&
        error.message.includes(complaint),
    )
  })
