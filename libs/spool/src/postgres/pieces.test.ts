import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { MessageIndex } from '@cartero/message'
import { LocalNews } from '@cartero/bus/memory'
import { ManualClock } from '@cartero/wire'

import { envelope } from '../compliance/index.ts'
import { QueueIds } from '../queue-id.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { BackOff, looking } from './looking.ts'
import { decodeText, encodeText } from './message-text.ts'
import { firstIdAt, timeOf } from './queue-id-time.ts'
import { SharedWork } from './shared-work.ts'
import { WakeUp } from './wake-up.ts'

const TEXT = { envelope: envelope('böb@example.org'), prefix: Buffer.from([0, 255, 13, 10]) }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the text of a message', () => {
  it('is the same afterwards, octets that are no text included', () => {
    assert.deepEqual(decodeText(encodeText(TEXT)), TEXT)
    const index = { version: 1, size: 10 } as MessageIndex
    assert.deepEqual(decodeText(encodeText({ ...TEXT, index })), { ...TEXT, index })
  })

  it('leaves out an index that would make every row a large one', () => {
    const subject = 'x'.repeat(POSTGRES_SPOOL_LIMITS.indexOctets)
    assert.equal(decodeText(encodeText({ ...TEXT, index: { subject } as never })).index, undefined)
  })

  it('says so when a newer version has written it', () => {
    const text = encodeText(TEXT)
    text[0] = 2
    assert.throws(() => decodeText(text), /newer version/)
  })
})

describe('the time in a queue id', () => {
  it('is when it was made', () => {
    const clock = new ManualClock()
    const ids = new QueueIds(clock)
    const before = ids.next()
    clock.advance(1)
    assert.equal(timeOf(before), clock.now() - 1)
    assert.ok(before < firstIdAt(clock.now()))
    assert.ok(ids.next() >= firstIdAt(clock.now()))
  })
})

describe('shared work', () => {
  it('does together what comes while some is under way, within its bound', async () => {
    const done: number[][] = []
    const gates: (() => void)[] = []
    const work = new SharedWork<number>(3, async (items) => {
      done.push([...items])
      await new Promise<void>((open) => gates.push(open))
    })
    const all = [work.do([1]), work.do([2]), work.do([3, 4]), work.do([5, 6, 7, 8]), work.do([9])]
    for (let at = 0; at < 4; at++) {
      await turn()
      gates[at]?.()
    }
    await Promise.all(all)
    assert.deepEqual(done, [[1], [2, 3, 4], [5, 6, 7, 8], [9]])
  })

  it('fails for those whose work failed, and goes on', async () => {
    const work = new SharedWork<number>(3, async ([first]) => {
      if (first === 1) throw new Error('no')
    })
    await assert.rejects(work.do([1]), /no/)
    await work.do([2])
  })
})

describe('a loop that looks for work', () => {
  it('is not woken by each of many news, but once', async () => {
    const [clock, news, end] = [new ManualClock(), new LocalNews(), new AbortController()]
    const wakeUp = new WakeUp(clock)
    wakeUp.hear(news, 'work.local', 'me', end.signal)
    for (let n = 0; n < 100; n++) news.tell('work.local', Buffer.from(n % 2 ? 'me' : 'other'))
    assert.equal(wakeUp.rings, 0)
    clock.advance(POSTGRES_SPOOL_LIMITS.mergeNews)
    assert.equal(wakeUp.rings, 1)
    news.tell('work.local', Buffer.from('me'))
    clock.advance(POSTGRES_SPOOL_LIMITS.mergeNews)
    assert.equal(wakeUp.rings, 1)
  })

  it('asks a store that is away less and less often, and is told what is wrong', async () => {
    const [clock, end] = [new ManualClock(), new AbortController()]
    let [looks, troubles] = [0, 0]
    const lookedAt: number[] = []
    const look = async (): Promise<readonly number[]> => {
      looks += 1
      lookedAt.push(clock.elapsed())
      if (looks <= 8) throw new Error('away')
      return [1]
    }
    const loop = looking(
      { clock, wakeUp: new WakeUp(clock), every: 1_000, trouble: () => (troubles += 1), look },
      end.signal,
    )
    const first = loop.next()
    for (let second = 0; second < 60; second++) {
      await turn()
      clock.advance(1_000)
    }
    assert.deepEqual((await first).value, [1])
    assert.equal(troubles, 8)
    assert.ok(lookedAt.at(-1)! > 20_000, lookedAt.join(' '))
    await loop.return()
  })

  it('waits no longer than it is to for a store that is away', async () => {
    const [clock, end] = [new ManualClock(), new AbortController()]
    const backOff = new BackOff(clock)
    for (let n = 0; n < 20; n++) {
      const waited = backOff.wait(end.signal)
      clock.advance(POSTGRES_SPOOL_LIMITS.longestBackOff)
      await waited
    }
    end.abort()
    await backOff.wait(end.signal)
  })
})
