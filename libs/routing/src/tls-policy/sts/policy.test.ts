import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allowsHost, MAX_AGE_LIMIT, parseStsPolicy, StsPolicyError } from './policy.ts'

const GOOD =
  'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n'

describe('a policy', () => {
  test('is read, whatever ends its lines and in whatever order', () => {
    const wanted = { mode: 'enforce', mx: ['mail.example.com', '*.example.net'], maxAge: 604_800 }
    const reversed = GOOD.trimEnd().split('\r\n').toReversed().join('\n')
    for (const [text, mx] of [
      [GOOD, wanted.mx],
      [GOOD.replaceAll('\r', ''), wanted.mx],
      [reversed, wanted.mx.toReversed()],
      [GOOD.replace('mode:', 'mode : \t'), wanted.mx],
    ] as const) {
      const { lines, ...read } = parseStsPolicy(text)
      assert.deepEqual(read, { ...wanted, mx })
      assert.equal(lines.length, 5)
    }
  })

  test('may say what nobody knows yet, and of what it says twice the first counts', () => {
    const { mode } = parseStsPolicy(`${GOOD}mode: none\nversion: STSv2\nx-extension: whatever: it is\n`)
    assert.equal(mode, 'enforce')
  })

  test('names hosts in upper case, or in another script', () => {
    const { mx } = parseStsPolicy(GOOD.replace('mail.example.com', 'MAIL.Bücher.example'))
    assert.equal(mx[0], 'mail.xn--bcher-kva.example')
  })

  test('MAX_AGE_LIMIT: is not kept for longer than about a year', () => {
    assert.equal(parseStsPolicy(GOOD.replace('604800', '9999999999')).maxAge, MAX_AGE_LIMIT)
    assert.equal(parseStsPolicy(GOOD.replace('604800', '0')).maxAge, 0)
  })

  test('of mode none needs no hosts', () => {
    assert.equal(parseStsPolicy('version: STSv1\nmode: none\nmax_age: 60').mode, 'none')
  })

  for (const [what, from, to] of [
    ['without a version', 'version: STSv1\r\n', ''],
    ['of another version', 'STSv1', 'STSv2'],
    ['of another mode', 'enforce', 'Enforce'],
    ['without a mode', 'mode: enforce\r\n', ''],
    ['without an age', 'max_age: 604800\r\n', ''],
    ['with a negative age', '604800', '-1'],
    ['with an age of eleven digits', '604800', '10000000000'],
    ['without hosts', /mx: .*\r\n/g, ''],
    ['with a wildcard inside', '*.example.net', 'mx.*.example.net'],
    ['with a wildcard of a part of a label', '*.example.net', 'mx*.example.net'],
    ['with nothing but a wildcard', '*.example.net', '*.'],
    ['with a line that is none', 'mode:', 'mode'],
    ['that is a page', 'version', '<!DOCTYPE html>\nversion'],
  ] as const) {
    test(`${what} is refused`, () => {
      const text = GOOD.replace(from, to)
      assert.notEqual(text, GOOD)
      assert.throws(() => parseStsPolicy(text), StsPolicyError)
    })
  }

  test('with a wildcard names hosts one label below, and neither itself nor what is further below', () => {
    const policy = parseStsPolicy(GOOD)
    for (const [name, isAllowed] of [
      ['mail.example.com', true],
      ['other.example.com', false],
      ['mx.example.net', true],
      ['example.net', false],
      ['a.mx.example.net', false],
      ['net', false],
      ['.example.net', false],
    ] as const) {
      assert.equal(allowsHost(policy, name), isAllowed, name)
    }
  })
})
