import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { MOST_UNCONFIRMED, RETRY_WINDOW_MS, Unconfirmed } from './unconfirmed.ts'

describe('a message whose answers may have been lost', () => {
  test('is the same one for a client that comes again in time, and another one later', () => {
    const clock = new ManualClock()
    const unconfirmed = new Unconfirmed(clock)
    assert.equal(unconfirmed.idOf('octets', ['bob'], 'first'), 'first')
    clock.advance(RETRY_WINDOW_MS - 1)
    assert.equal(unconfirmed.idOf('octets', ['bob'], 'second'), 'first')
    clock.advance(1)
    assert.equal(unconfirmed.idOf('octets', ['bob'], 'third'), 'third')
  })

  test('is forgotten once its client has heard the answers', () => {
    const unconfirmed = new Unconfirmed(new ManualClock())
    unconfirmed.idOf('octets', ['bob'], 'first')
    unconfirmed.confirm('octets', ['bob'])
    assert.equal(unconfirmed.idOf('octets', ['bob'], 'second'), 'second')
  })

  test('does not fill the memory: the oldest are forgotten, and not the newest', () => {
    const unconfirmed = new Unconfirmed(new ManualClock())
    for (let i = 0; i <= MOST_UNCONFIRMED; i++) unconfirmed.idOf(`octets ${i}`, ['bob'], `first ${i}`)
    assert.equal(unconfirmed.idOf('octets 1', ['bob'], 'again'), 'first 1')
    assert.equal(unconfirmed.idOf('octets 0', ['bob'], 'again'), 'again')
  })
})
