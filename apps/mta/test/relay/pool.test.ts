// Who gets a connection, and when another one pays.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Pace } from '../../src/relay/pace.ts'
import { Pool, type Claimant, type Slot, type Standing } from '../../src/relay/pool.ts'

class Guest implements Claimant {
  readonly slots: Slot[] = []

  granted(slot: Slot): void {
    this.slots.push(slot)
  }
}

function guests(count: number): Guest[] {
  return Array.from({ length: count }, () => new Guest())
}

const held = (all: readonly Guest[]): number[] => all.map(({ slots }) => slots.length)

const first = (standing: Standing) => ({ standing, isFirst: true })
const another = (standing: Standing) => ({ standing, isFirst: false })

test('whoever has none comes before whoever has one, in the order in which they asked', () => {
  const pool = new Pool(2)
  const [a, b, c] = guests(3) as [Guest, Guest, Guest]
  pool.ask(a, first('good'))
  pool.ask(b, first('good'))
  pool.ask(a, another('good'))
  pool.ask(c, first('good'))
  pool.release(b.slots.pop()!)
  assert.deepEqual(held([a, b, c]), [1, 0, 1])
  pool.release(c.slots.pop()!)
  assert.deepEqual(held([a, b, c]), [2, 0, 0])
  assert.equal(pool.waiting, 0)
})

test('those that nobody knows have three quarters together with those that fail, and those a quarter', () => {
  const pool = new Pool(16)
  const [bad, unknown, good] = [guests(20), guests(20), guests(20)]
  for (const guest of bad) pool.ask(guest, first('bad'))
  assert.equal(pool.held, 4)
  for (const guest of unknown) pool.ask(guest, first('new'))
  assert.equal(pool.held, 12)
  for (const guest of good) pool.ask(guest, first('good'))
  assert.equal(pool.held, 16)
})

test('a connection that carries mail makes room for others that are tried', () => {
  const pool = new Pool(4)
  const all = guests(4)
  for (const guest of all) pool.ask(guest, first('new'))
  assert.deepEqual(held(all), [1, 1, 1, 0])
  pool.prove(all[0]!.slots[0]!)
  assert.deepEqual(held(all), [1, 1, 1, 1])
  for (const { slots } of all) pool.release(slots[0]!)
  assert.equal(pool.held, 0)
})

test('a pool of one serves everybody', () => {
  for (const standing of ['good', 'new', 'bad'] as const) {
    const pool = new Pool(1)
    const [guest] = guests(1) as [Guest]
    pool.ask(guest, first(standing))
    assert.equal(guest.slots.length, 1, standing)
  }
})

test('a connection is wanted only by those who could have it', () => {
  let contended = 0
  const pool = new Pool(4, () => (contended += 1))
  const [busy, late, dead] = [guests(4), guests(1), guests(2)]
  for (const guest of busy) pool.ask(guest, first('good'))
  const slot = busy[0]!.slots[0]!
  assert.equal(pool.isWanted(slot), false)
  pool.ask(dead[0]!, first('bad'))
  assert.equal(pool.isWanted(slot), true)
  pool.withdraw(dead[0]!)
  assert.equal(pool.isWanted(slot), false)
  pool.ask(late[0]!, another('good'))
  assert.equal(pool.isWanted(slot), false, 'by nobody who has none')
  assert.equal(contended, 1)
})

test('connections grow by one for as many successes as there are, and are halved by a failure', () => {
  const pace = new Pace({ first: 2, most: 8 })
  assert.equal(pace.connections, 2)
  for (let n = 0; n < 5; n++) pace.succeeded()
  assert.equal(pace.connections, 3)
  for (let n = 0; n < 1_000; n++) pace.succeeded()
  assert.equal(pace.connections, 8)
  pace.failed()
  assert.equal(pace.connections, 4)
  pace.failed(1)
  assert.equal(pace.connections, 1)
  pace.failed()
  assert.equal(pace.connections, 1)
})

test('another connection pays where what waits would take longer than to make it', () => {
  const pace = new Pace({ first: 10, most: 10 })
  assert.equal(pace.isWorthAnother(1, 0), true)
  assert.equal(pace.isWorthAnother(4, 1), false)
  assert.equal(pace.isWorthAnother(5, 1), true, 'before anything is known')
  pace.took(10)
  pace.began(110)
  assert.equal(pace.isWorthAnother(10, 1), false)
  assert.equal(pace.isWorthAnother(11, 1), true)
  assert.equal(pace.isWorthAnother(11, 2), false)
  assert.equal(pace.isWorthAnother(0, 1), false)
  assert.equal(pace.isWorthAnother(1_000, 10), false, 'no more than it may have')
})
