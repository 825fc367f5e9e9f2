import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ManualClock } from '@cartero/wire'

import { formatName, packOf, PackNames, parseName, timeOf } from './content-name.ts'

test('names sort by time, tell it, and are never made twice', () => {
  const clock = new ManualClock()
  const makers = Array.from({ length: 50 }, () => new PackNames(clock))
  const early = makers.map((names) => names.next())
  clock.advance(1)
  const late = makers.map((names) => names.next())
  assert.equal(new Set([...early, ...late]).size, 100)
  assert.ok(early.every((name) => late.every((other) => name < other)))
  assert.equal(timeOf(late[0]!), clock.now())
  assert.equal(packOf(`${late[0]}.kept`), late[0])
  assert.equal(packOf('README'), undefined)
})

test('the largest names are within 64 characters, and mean what they meant', () => {
  const pack = new PackNames(new ManualClock()).next()
  for (const name of [
    { kind: 'packed', pack, offset: 2 ** 22, size: 2 ** 22, checksum: 2 ** 32 - 1 },
    { kind: 'packed', pack, offset: 0, size: 0, checksum: 0 },
    { kind: 'parted', pack, part: 2 ** 20, size: 2 ** 40 },
  ] as const) {
    const id = formatName(name)
    assert.ok(id.length <= 64)
    assert.deepEqual(parseName(id), name)
  }
  for (const id of ['', 'a.b.c', `${pack}.0.1`, `${pack}.p0.5`, `${pack}.1.2.3.4`, `${pack}.kept`]) {
    assert.equal(parseName(id), undefined, id)
  }
})
