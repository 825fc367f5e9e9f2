import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ListPattern, matchesPattern } from './list-pattern.ts'

test('% does not cross a level, * does', () => {
  const cases: readonly [string, string, boolean][] = [
    ['INBOX', '%', true],
    ['a/b', '%', false],
    ['a/b', '*', true],
    ['a/b', 'a/%', true],
    ['a/b/c', 'a/%', false],
    ['a/b/c', 'a*c', true],
    ['a', 'a*', true],
    ['a/b', '%/%', true],
    ['a/b/c', '%/%', false],
    ['', '', true],
    ['a', '', false],
    ['Entwürfe', 'Entw%', true],
    ['📬/x', '%/x', true],
    ['a/b', 'a%%*', true],
    ['a/b', 'a%%%', false],
    ['a/b', '%*b', true],
    ['ab', 'abc*', false],
    ['a', '*aa', false],
    ['📬', '*📬%', true],
  ]
  for (const [name, pattern, matches] of cases) {
    assert.equal(matchesPattern(name, pattern), matches, `${name} ~ ${pattern}`)
  }
})

test('a pattern of many wildcards does not explode', () => {
  assert.equal(matchesPattern('a'.repeat(200), `${'*a%'.repeat(100)}b`), false)
})

test('wildcards side by side cost no more than one', () => {
  assert.equal(new ListPattern('%'.repeat(60_000)).weight, 1)
  assert.equal(new ListPattern(`a${'%*'.repeat(30_000)}x`).weight, 2)
  assert.equal(new ListPattern('Archive/2026/%').weight, 1)
})
