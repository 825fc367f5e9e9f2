import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { scanText } from './citations.ts'
import type { Citation } from './citations.ts'
import { coverageOf, disagreements } from './coverage.ts'
import { parseIndex } from './index-file.ts'
import type { Entry } from './index-file.ts'
import { generatedPart, withGeneratedPart } from './specifications.ts'

const cite = (text: string): readonly Citation[] => scanText('libs/smtp/src/a.ts', text).citations

describe('a citation is found', () => {
  const forms: ReadonlyArray<readonly [text: string, rfc: number, section: string]> = [
    ['// RFC 5321 §4.5.3.1.4', 5321, '4.5.3.1.4'],
    ['  // RFC 3454 §C.1.2, mapped to SPACE', 3454, 'C.1.2'],
    ['/** As it must be (RFC 2045 §6). */', 2045, '6'],
    [`  'RFC 7505 §4',`, 7505, '4'],
    ['// RFC 5321 appendix C', 5321, 'appendix C'],
    ['/** IMAP4rev2, RFC 9051 */', 9051, ''],
    ['The sentence ends here: RFC 5321 §3.6.', 5321, '3.6'],
  ]
  for (const [text, rfc, section] of forms) {
    test(text, () => {
      const [citation, ...rest] = cite(text)
      assert.deepEqual(rest, [])
      assert.deepEqual(
        { ...citation },
        { rfc, section, kind: 'rule', note: '', file: 'libs/smtp/src/a.ts', line: 1 },
      )
      assert.deepEqual(scanText('a.ts', text).malformed, [])
    })
  }

  test('several in one line', () => {
    assert.deepEqual(
      cite('x\n// RFC 5321 §4.1.1.4, RFC 3207 §4').map(({ rfc, line }) => [rfc, line]),
      [
        [5321, 2],
        [3207, 2],
      ],
    )
  })
})

describe('a mark is told from a rule', () => {
  test('a gap', () => {
    const [gap] = cite('// RFC 3030 §3 todo: BODY=BINARYMIME\nconst a = 1')
    assert.deepEqual([gap?.kind, gap?.note], ['todo', 'BODY=BINARYMIME'])
  })

  test('a deviation that goes on over lines ends with the comment', () => {
    const [deviation] = cite(
      '// RFC 5321 §3.3 deviation: one space is let pass,\n// because many send it.\nconst a = 1',
    )
    assert.deepEqual(
      [deviation?.kind, deviation?.note],
      ['deviation', 'one space is let pass, because many send it.'],
    )
  })

  test('a gap ends where the next citation begins', () => {
    assert.equal(cite('// RFC 3030 §3 todo: one\n// RFC 5321 §2')[0]?.note, 'one')
  })
})

describe('a careless form is refused', () => {
  const careless = [
    '// RFC5321 §4.2',
    '// RFC-5321 §4.2',
    '// rfc 5321 §4.2',
    '// RFC 5321 section 4.2',
    '// RFC 5321, Section 4.2',
    '// RFC 5321 4.2.1',
    '// RFC 5321, §4.2',
    '// RFC 5321§4.2',
    '// RFC 5321 § 4.2',
    '// RFC 5321#4.2',
    '// RFC 5321 §4.2 TODO: later',
    '// RFC 5321 §4.2 todo later',
    '// RFC 5321 §4.2 todo:',
    '// RFC 5321 §4.2 deviation',
  ]
  for (const text of careless) {
    test(text, () => assert.equal(scanText('a.ts', `\n${text}`).malformed[0]?.line, 2))
  }

  test('but the IMAP data item RFC822.SIZE is a name', () => {
    assert.deepEqual(
      scanText('a.ts', `// RFC822.SIZE and RFC822\nimport { RFC3339TimeFn } from 'x'`).malformed,
      [],
    )
  })
})

describe('index and code disagree when', () => {
  const room = 'libs/smtp'
  const index = (entry: Partial<Entry>): Entry[] => [
    { rfc: 5321, title: 'SMTP', status: 'yes', room, note: '', ...entry },
  ]
  const scan = (text: string) => scanText(`${room}/src/a.ts`, text)

  const cases: ReadonlyArray<readonly [what: string, entry: Partial<Entry>, text: string, sentence: RegExp]> =
    [
      ['an RFC is cited and not listed', {}, '// RFC 5321 §2, RFC 9999 §1', /RFC 9999 is not listed/],
      ['a complete RFC has a gap', {}, '// RFC 5321 §2 todo: the rest', /RFC 5321 is said to be complete/],
      ['a room claims what it never cites', {}, 'const a = 1', /never cites/],
      ['the room is gone', { room: 'libs/nowhere' }, '// RFC 5321 §2', /no room libs\/nowhere/],
      ['a room answers for nothing', { status: 'no' }, '// RFC 5321 §2', /no room answers/],
      [
        'a missing RFC is cited without a note',
        { status: 'no', room: '' },
        '// RFC 5321 §2',
        /said to be missing/,
      ],
      ['the form is careless', {}, '// RFC 5321 §2, RFC5321', /with one space/],
    ]
  for (const [what, entry, text, sentence] of cases) {
    test(what, () => assert.match(disagreements(index(entry), scan(text)).join('\n'), sentence))
  }

  test('and agree otherwise', () => assert.deepEqual(disagreements(index({}), scan('// RFC 5321 §2')), []))
})

describe('the index is refused when', () => {
  const head = 'rfc\ttitle\tstatus\troom\tnote'
  const cases: ReadonlyArray<readonly [what: string, text: string, message: RegExp]> = [
    ['its head is wrong', 'rfc\n', /first line/],
    ['a row lacks its title', `${head}\n5321\t\tyes\t\t`, /:2: malformed/],
    ['the status is unknown', `${head}\n5321\tSMTP\tmaybe\t\t`, /:2: the status/],
    ['a row is doubled', `${head}\n5321\tSMTP\tyes\t\t\n5321\tSMTP\tyes\t\t`, /:3: RFC 5321 is out of order/],
  ]
  for (const [what, text, message] of cases) test(what, () => assert.throws(() => parseIndex(text), message))
})

test('coverage counts each section once and leaves tests out', () => {
  const tested = scanText('a.test.ts', '// RFC 5321 §9').citations
  const coverage = coverageOf(5321, [...cite('// RFC 5321 §2\n// RFC 5321 §2\n// RFC 5321 §3'), ...tested])
  assert.deepEqual(coverage, { sections: 2, places: 3 })
})

describe('the document', () => {
  const begin = '<!-- generated by `npm run rfc`: begin -->'
  const end = '<!-- generated by `npm run rfc`: end -->'

  test('keeps what people wrote around the generated part, however often it is renewed', () => {
    const once = withGeneratedPart(`# Head\n${begin}\nold\n${end}\ntail\n`, 'new')
    assert.equal(once, `# Head\n${begin}\n\nnew\n${end}\ntail\n`)
    assert.equal(withGeneratedPart(once, 'new'), once)
  })

  test('without its markers is refused rather than overwritten', () => {
    assert.throws(() => withGeneratedPart(`# Head\n${end}\n${begin}`, 'new'), /needs the lines/)
  })

  test('lists gaps and deviations', () => {
    const part = generatedPart([], cite('// RFC 3030 §3 todo: binary\n\n// RFC 5321 §3.3 deviation: a space'))
    assert.match(part, /### Gaps\n\n- RFC 3030 §3 \(`libs\/smtp\/src\/a\.ts`\): binary\n/)
    assert.match(part, /### Deviations\n\n- RFC 5321 §3\.3 \(`libs\/smtp\/src\/a\.ts`\): a space\n/)
  })
})
