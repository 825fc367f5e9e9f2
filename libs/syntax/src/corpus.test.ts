import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parseDomain } from './domain.ts'
import { formatMailbox, parseMailbox } from './mailbox.ts'

/** Lines of a corpus without comments, cut at `=>`. */
function corpus(name: string): readonly (readonly [given: string, canonical: string])[] {
  const text = readFileSync(new URL(`../fixtures/${name}.txt`, import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [given, canonical] = line.split(/ +=> /) as [string, string?]
      return [given, canonical ?? given] as const
    })
}

suite('an address is read and written in canonical form', () => {
  for (const [given, canonical] of corpus('mailbox.valid')) {
    test(given, () => {
      const mailbox = parseMailbox(given)
      assert.ok(mailbox, 'not read')
      assert.equal(formatMailbox(mailbox), canonical)
      assert.deepEqual(parseMailbox(canonical), mailbox, 'the canonical form means something else')
    })
  }
})

suite('what is no address is not taken for one', () => {
  for (const [given] of corpus('mailbox.invalid')) {
    test(given, () => assert.equal(parseMailbox(given), undefined))
  }
})

suite('a domain has one normal form', () => {
  for (const [given, canonical] of corpus('domain.valid')) {
    test(given, () => {
      assert.equal(parseDomain(given), canonical)
      assert.equal(parseDomain(canonical), canonical)
    })
  }
})

suite('what is no domain is not taken for one', () => {
  for (const [given] of corpus('domain.invalid')) {
    test(given, () => assert.equal(parseDomain(given), undefined))
  }
  test('the empty text', () => assert.equal(parseDomain(''), undefined))
})
