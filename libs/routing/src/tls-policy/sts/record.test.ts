import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStsRecords } from './record.ts'

const OTHERS = ['v=spf1 -all', 'v=STSv10; id=1;', ' v=STSv1; id=1']

for (const [record, id] of [
  ['v=STSv1; id=20260101T010101;', '20260101T010101'],
  ['v=STSv1;id=1', '1'],
  ['v=STSv1 ; id=1 ; ', '1'],
  ['v=STSv1 ;\tid=1\t;', '1'],
  ['v=STSv1; x-new=a!b; id=1; id=2', '1'],
  ['v=STSv1', undefined],
  ['v=STSv1;', undefined],
  ['v=STSv1; id=', undefined],
  ['v=STSv1; id=1-2', undefined],
  [`v=STSv1; id=${'1'.repeat(33)}`, undefined],
  ['v=STSv1; id=1; nonsense', undefined],
  ['v=STSv1; id=1;; x=1', undefined],
  ['v=STSv1; id = 1', undefined],
] as const) {
  test(`a record is read as the standard has it: ${JSON.stringify(record)}`, () => {
    const read = readStsRecords([...OTHERS, record])
    assert.equal(read.kind === 'announced' ? read.id : undefined, id)
    if (id === undefined) assert.equal(read.kind, 'invalid')
  })
}

test('records of other kinds announce nothing', () => {
  assert.deepEqual(readStsRecords(OTHERS), { kind: 'none' })
  assert.deepEqual(readStsRecords([]), { kind: 'none' })
})

test('two records are as good as none, though they say the same', () => {
  assert.equal(readStsRecords(['v=STSv1; id=1', 'v=STSv1; id=1']).kind, 'invalid')
})
