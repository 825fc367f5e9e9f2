import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import {
  MOST_TERMINALS,
  MOST_TERMINALS_PER_ACCOUNT,
  MOST_WAITING,
  SHOW_DEADLINE_MS,
  Terminals,
  type ShownMessage,
} from './terminals.ts'

const ALICE = 'alice@cartero.test'
const MESSAGE: ShownMessage = { from: 'bob', subject: 'now', date: '', text: 'come' }

describe('terminals', () => {
  test('of one account do not take the places of all', () => {
    const terminals = new Terminals(new ManualClock())
    const attach = (account: string) => terminals.attach(account, new AbortController().signal)
    for (let i = 0; i < MOST_TERMINALS_PER_ACCOUNT; i++) assert.ok(attach(ALICE))
    assert.equal(attach(ALICE), undefined)
    for (let i = MOST_TERMINALS_PER_ACCOUNT; i < MOST_TERMINALS; i++) assert.ok(attach(`user${i}`))
    assert.equal(attach('one too many'), undefined)
  })

  test('that nobody reads hold so many messages, and are dead when their time is over', async () => {
    const clock = new ManualClock()
    const terminals = new Terminals(clock)
    terminals.attach(ALICE, new AbortController().signal)
    const waiting = Array.from({ length: MOST_WAITING }, () => terminals.show(ALICE, MESSAGE))
    assert.equal(await terminals.show(ALICE, MESSAGE), false)
    assert.equal(terminals.attached(ALICE), true)
    clock.advance(SHOW_DEADLINE_MS)
    assert.ok((await Promise.all(waiting)).every((isShown) => !isShown))
    assert.equal(terminals.attached(ALICE), false)
  })

  test('count as reached only once they have said so', async () => {
    const terminals = new Terminals(new ManualClock())
    const leaving = new AbortController()
    const messages = terminals.attach(ALICE, leaving.signal)![Symbol.asyncIterator]()
    const shown = terminals.show(ALICE, MESSAGE)
    const { value } = await messages.next()
    terminals.shown(value.number)
    assert.equal(await shown, true)
    const unseen = terminals.show(ALICE, MESSAGE)
    await messages.next()
    leaving.abort()
    assert.equal(await unseen, false)
  })
})
