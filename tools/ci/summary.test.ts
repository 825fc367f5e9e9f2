import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addSummaries, formatSummary, isGreen } from './summary.ts'

const run = (tests: number, fail: number, mark = 'ℹ'): string =>
  ['tests', 'pass', 'fail', 'cancelled', 'duration_ms']
    .map((name) => `${mark} ${name} ${{ tests, pass: tests - fail, fail }[name] ?? 0}`)
    .join('\n')

test('the counts of all rooms are added up', () => {
  const summary = addSummaries(`> nx run a:test\n${run(3, 0)}\n\n> nx run b:test\n${run(4, 1, '#')}\n`)
  assert.equal(summary.runs, 2)
  assert.match(formatSummary(summary), /^ℹ tests 7\nℹ suites 0\nℹ pass 6\nℹ fail 1\n/m)
})

test('colours do not hide a failure', () => {
  assert.equal(isGreen(addSummaries(`${run(1, 0)}\n\x1b[34mℹ fail 1\x1b[39m\n`)), false)
})

test('what a test prints is not taken for a count', () => {
  assert.equal(addSummaries(`  ℹ tests 5\nℹ tests of 5\n# tests 5 times\n`).runs, 0)
})

test('no tests at all is no success', () => {
  assert.equal(isGreen(addSummaries('nothing ran')), false)
  assert.equal(isGreen(addSummaries(run(1, 0))), true)
})
