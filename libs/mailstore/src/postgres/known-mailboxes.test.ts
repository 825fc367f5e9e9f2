import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KnownMailboxes } from './known-mailboxes.ts'

test('mailboxes that were told of long ago are forgotten, so that memory does not grow with the years', () => {
  const known = new KnownMailboxes(2)
  known.note(1, 'ann')
  known.note(2, 'ben')
  known.note(1, 'ann')
  known.note(3, 'eve')
  assert.deepEqual([known.accountOf(1), known.accountOf(2), known.accountOf(3)], ['ann', undefined, 'eve'])
})
