import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Boundaries } from './boundary.ts'

function find(boundaries: Boundaries, line: string): unknown {
  const bytes = Buffer.from(`..${line}..`)
  return boundaries.find(bytes, 2, 2 + line.length)
}

test('of two multiparts with one boundary the outer is not ended before the inner', () => {
  const boundaries = new Boundaries()
  boundaries.add('--a', 0)
  boundaries.add('--b', 1)
  boundaries.add('--a', 2)
  assert.deepEqual(find(boundaries, '--a'), { level: 2, kind: 'open' })
  boundaries.remove('--a')
  assert.deepEqual(find(boundaries, '--a--'), { level: 0, kind: 'close' })
  boundaries.remove('--b')
  boundaries.remove('--a')
  assert.ok(boundaries.isEmpty)
})

test('a boundary that ends in dashes is not mistaken for the end of a shorter one', () => {
  const boundaries = new Boundaries()
  boundaries.add('--a', 0)
  boundaries.add('--a--', 1)
  assert.deepEqual(find(boundaries, '--a--'), { level: 1, kind: 'open' })
  assert.deepEqual(find(boundaries, '--a----'), { level: 1, kind: 'close' })
  boundaries.remove('--a--')
  assert.deepEqual(find(boundaries, '--a--'), { level: 0, kind: 'close' })
})

test('no other line is a delimiter', () => {
  const boundaries = new Boundaries()
  boundaries.add('--a', 0)
  for (const line of ['--', '----', '--a-', '--ab', '-a', '--A', `--a${'-'.repeat(1_000)}`]) {
    assert.equal(find(boundaries, line), undefined, line)
  }
})
