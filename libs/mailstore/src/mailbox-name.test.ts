import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defaultLimits } from './limits.ts'
import { compareNames, isBelow, parentsOf, parseMailboxName } from './mailbox-name.ts'

describe('mailbox names', () => {
  const parse = (name: string) => parseMailboxName(name, defaultLimits)

  test('a name that was spelled once is spelled the same for ever', () => {
    const parts = fc.constantFrom(
      'a',
      '/',
      'inbox',
      'INBOX',
      'u\u0308',
      '\u00fc',
      '\ud83d',
      '\ude00',
      '\n',
      ' ',
      '\u1e9e',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(parts).map((each) => each.join('')),
        ),
        (name) => {
          const spelled = parse(name)
          fc.pre(spelled !== undefined)
          assert.equal(parse(spelled), spelled)
          for (const parent of parentsOf(spelled)) {
            assert.equal(parse(parent), parent)
            assert.ok(isBelow(spelled, parent))
          }
        },
      ),
    )
  })

  test('letters that only look like INBOX in capitals are not INBOX', () => {
    assert.equal(parse('\u0131nbox'), '\u0131nbox')
    assert.equal(parse('\uff29NBOX'), '\uff29NBOX')
  })

  test('a name that grows when it is normalised is measured after it', () => {
    const limits = { ...defaultLimits, nameOctets: 6 }
    // U+1D160 is three characters in NFC.
    assert.equal(parseMailboxName('\u{1d160}', limits), undefined)
    assert.ok(parseMailboxName('\u00e4\u00e4\u00e4', limits))
  })

  test('INBOX comes first, and the order is one', () => {
    const names = ['b', 'INBOX/a', 'a', 'INBOX', 'INBOX0', 'A', 'a/b']
    assert.deepEqual(names.toSorted(compareNames), ['INBOX', 'A', 'INBOX/a', 'INBOX0', 'a', 'a/b', 'b'])
  })
})
