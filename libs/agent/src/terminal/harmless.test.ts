import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { harmless, harmlessJson } from './harmless.ts'

test('a sequence that would move the cursor, name the window or type for the user is shown, not carried out', () => {
  assert.equal(harmless('\u{1b}[2J\u{1b}]0;owned\u{7}', 'text'), '^[[2J^[]0;owned^G')
  assert.equal(harmless('\u{9b}5n\u{9d}x\u{7f}', 'text'), '\u{fffd}5n\u{fffd}x^?')
})

test('text cannot be turned round, nor a line be overwritten', () => {
  assert.equal(harmless('invoice\u{202e}fdp.exe', 'line'), 'invoice\u{fffd}fdp.exe')
  assert.equal(harmless('good\rbad', 'text'), 'good^Mbad')
})

test('a text keeps its lines, and a field has none', () => {
  assert.equal(harmless('a\r\n\tb\n', 'text'), 'a\n\tb\n')
  assert.equal(harmless('a\r\nFrom: you', 'line'), 'a^M^JFrom: you')
})

test('whatever comes, no control is left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(harmless(text, 'line'), /\p{Cc}/u)
      assert.doesNotMatch(harmless(text, 'text').replaceAll(/[\n\t]/g, ''), /\p{Cc}/u)
    }),
    { numRuns: 200 },
  )
})

test('JSON on a terminal is as harmless, and says the same to a machine', () => {
  const hostile = { 'a\u{9b}b': ['\u{7f}\u{202e}\u{fff9}\u{1b}[2J\r\n\t', 1] }
  const json = harmlessJson(hostile)
  assert.match(json, /^[ -~\n]+$/)
  assert.deepEqual(JSON.parse(json), hostile)
})
