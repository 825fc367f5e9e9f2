import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { ContentId } from '@cartero/content'
import { ManualClock } from '@cartero/wire'

import { envelope } from '../compliance/setup.ts'
import type { QueueId } from '../ports.ts'
import { Entry } from './entry.ts'
import { MAX_CALLS, ReadyQueues } from './ready.ts'

function itemFor(domain: string) {
  const entry = new Entry({
    queueId: '0000000000000000' as QueueId,
    envelope: envelope(`bob@${domain}`),
    prefix: Buffer.alloc(0),
    content: 'x' as ContentId,
    size: 1,
    acceptedAt: 1,
  })
  return entry.add({ nextHop: { kind: 'remote', domain }, recipients: [] }, 0)
}

describe('calls for destinations that nobody hears', () => {
  it('are dropped before they take memory without bounds, but for those of what is in memory and of what is urged', () => {
    const ready = new ReadyQueues(new ManualClock())
    ready.push(itemFor('here.example'), false)
    ready.call('urged.example', 0, true)
    for (let n = 0; n < MAX_CALLS * 3; n++) ready.call(`domain${n}.example`, 0)
    assert.ok(ready.calls.size <= MAX_CALLS + 2)
    assert.ok(ready.hasForgotten, 'somebody has to look for them again')
    const told = ready.calls.take(Infinity).map(({ destination }) => destination)
    assert.ok(told.includes('here.example') && told[0] === 'urged.example')
  })

  it('are told once, urged though they were called before', () => {
    const ready = new ReadyQueues(new ManualClock())
    ready.call('one.example', 0)
    ready.call('two.example', 0)
    ready.call('two.example', 0, true)
    ready.call('one.example', 0)
    assert.deepEqual(
      ready.calls.take(10).map(({ destination, isUrged }) => [destination, isUrged]),
      [
        ['two.example', true],
        ['one.example', false],
      ],
    )
    assert.deepEqual(ready.calls.take(10), [])
  })
})
