import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'

import { prepareAges } from './old-rows.ts'

const HOME = 'odmr home.test'
const EVERYTHING = { queueId: '~', number: 0 }

/** Deliveries accepted at 1, 2, 3 and so on. */
function ages(destination: string, queueIds: readonly string[]) {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE delivery (queueId TEXT, destination TEXT, acceptedAt INTEGER) STRICT')
  const insert = database.prepare('INSERT INTO delivery VALUES (?, ?, ?)')
  queueIds.forEach((queueId, n) => insert.run(queueId, destination, n + 1))
  return prepareAges(database, 4)
}

describe('a search for what is old', () => {
  it('begins at the newest name of what is old enough, though it was not the last that was accepted', () => {
    const beginning = ages(HOME, ['A', 'D', 'B', 'E', 'F'])
    assert.equal(beginning(HOME, 3).queueId, 'D')
    assert.equal(beginning(HOME, 1).queueId, 'A')
  })

  it('finds nothing where nothing is so old', () => {
    assert.equal(ages(HOME, ['A'])(HOME, 0).queueId, '')
  })

  it('begins at the newest of all where more may be meant than was looked at, so that it misses none', () => {
    assert.deepEqual(ages(HOME, ['A', 'B', 'C', 'D', 'E'])(HOME, 5), EVERYTHING)
  })

  it('begins at the newest of all for other destinations, and for no age', () => {
    assert.deepEqual(ages('one.example', ['A', 'B'])('one.example', 1), EVERYTHING)
    assert.deepEqual(ages(HOME, ['A', 'B'])(HOME), EVERYTHING)
  })
})
