import assert from 'node:assert/strict'
import { test } from 'node:test'

import { keyOf, keysOf } from './event-rows.ts'
import { MOST_KNOWN_KEYS } from './limits.ts'

test('a key has the same hash when others were forgotten to make room', () => {
  const eventOf = (qid: string) => ({ at: 0, event: 'x', agent: 'mx', fields: { qid } })
  const qids = Array.from({ length: MOST_KNOWN_KEYS + 10 }, (_, n) => `QUEUE${n}`)
  const first = qids.map((qid) => keysOf(eventOf(qid))[0])
  assert.equal(new Set(first).size, qids.length)
  assert.deepEqual(
    qids.map((qid) => keysOf(eventOf(qid))[0]),
    first,
  )
  assert.equal(keyOf(`<${qids[3]}>`), first[3])
})
