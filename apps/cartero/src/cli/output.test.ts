import assert from 'node:assert/strict'
import { test } from 'node:test'

import { tableOf } from './output.ts'

const LINES = [
  ['ID', 'REASON'],
  ['1', 'greylisted'],
]

test('a terminal that does not know its width is told everything, not only that there is more', () => {
  assert.equal(tableOf(LINES, { width: 0 }), 'ID  REASON\n1   greylisted')
  assert.equal(tableOf(LINES, { width: 8 }), 'ID  REA…\n1   gre…')
  assert.equal(tableOf(LINES, { width: 1 }), '…\n…')
})
