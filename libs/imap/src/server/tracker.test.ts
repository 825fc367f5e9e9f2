import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NumberSet, STAR } from '../number-set.ts'
import type { UntaggedResponse } from '../response.ts'
import { MailboxTracker, type TrackedRow } from './tracker.ts'

const row = (uid: number, modseq = uid, flags: readonly string[] = []): TrackedRow => ({ uid, flags, modseq })
const tracker = (...uids: number[]) => new MailboxTracker(uids.map((uid) => row(uid)))
const numbers = (kind: string, updates: readonly UntaggedResponse[]) =>
  updates.flatMap((update) => (update.kind === kind && 'number' in update ? [update.number] : []))

test('a removal is held back until numbers may shift', () => {
  const view = tracker(10, 20, 30)
  view.vanished([20])
  assert.deepEqual(view.take(false), [])
  assert.equal(view.exists, 3)
  assert.equal(view.row(3).uid, 30)
  assert.ok(view.isGone(20))
  assert.deepEqual(numbers('expunge', view.take(true)), [2])
  assert.equal(view.row(2).uid, 30)
})

test('an arrival has no number before EXISTS was said', () => {
  const view = tracker(10)
  view.changed([row(11)])
  assert.equal(view.exists, 1)
  assert.deepEqual(view.resolve({ set: new NumberSet([[1, STAR]]), uid: true }), [1])
  assert.deepEqual(numbers('exists', view.take(false)), [2])
  assert.equal(view.row(2).uid, 11)
})

test('EXISTS counts messages whose removal is held back', () => {
  const view = tracker(10, 20)
  view.vanished([10])
  view.changed([row(21)])
  assert.deepEqual(numbers('exists', view.take(false)), [3])
  assert.deepEqual(numbers('expunge', view.take(true)), [1])
})

test('a message that came and went untold is never mentioned', () => {
  const view = tracker(10)
  view.changed([row(11)])
  view.vanished([11])
  assert.deepEqual(view.take(true), [])
})

test('one store of news told twice is told once to the client', () => {
  const view = tracker(10)
  view.changed([row(10, 50, ['\\Seen'])])
  assert.equal(view.take(false).length, 1)
  view.changed([row(10, 50, ['\\Seen'])])
  assert.deepEqual(view.take(false), [])
})

test('flags a session set itself are not told to it again', () => {
  const view = tracker(10)
  view.settled([row(10, 50, ['\\Seen'])])
  view.changed([row(10, 50, ['\\Seen'])])
  assert.deepEqual(view.take(true), [])
  assert.deepEqual(view.row(1).flags, ['\\Seen'])
})

test('a sequence number above the last is a mistake, a uid is not', () => {
  const view = tracker(10, 20)
  const set = new NumberSet([[3, 3]])
  assert.equal(view.resolve({ set, uid: false }), undefined)
  assert.deepEqual(view.resolve({ set, uid: true }), [])
  assert.deepEqual(view.resolve({ set: new NumberSet([[500, STAR]]), uid: true }), [2])
  assert.deepEqual(tracker().resolve({ set: new NumberSet([[1, STAR]]), uid: false }), [])
  assert.deepEqual(tracker().resolve({ set: new NumberSet([[1, STAR]]), uid: true }), [])
})

test('a saved result forgets what is gone', () => {
  const view = tracker(10, 20, 30)
  view.save([10, 30])
  view.vanished([10])
  view.take(true)
  assert.deepEqual(view.resolve({ set: '$', uid: true }), [2])
})

type Step = readonly ['arrive'] | readonly ['vanish', number] | readonly ['take', boolean]

test('a client that believes every response never disagrees with the view', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant(['arrive'] as const),
    fc.tuple(fc.constant('vanish' as const), fc.nat(100)),
    fc.tuple(fc.constant('take' as const), fc.boolean()),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const view = new MailboxTracker([])
      let stored: number[] = []
      let client: (number | undefined)[] = []
      let uid = 0
      const hear = (updates: readonly UntaggedResponse[]): void => {
        for (const update of updates) {
          if (update.kind === 'expunge') client.splice(update.number - 1, 1)
          if (update.kind !== 'exists') continue
          assert.ok(update.number >= client.length, 'EXISTS never shrinks')
          while (client.length < update.number) client.push(undefined)
        }
        client = client.map((known, i) => known ?? view.row(i + 1).uid)
      }
      for (const [kind, value] of steps) {
        if (kind === 'arrive') {
          stored.push(++uid)
          view.changed([row(uid)])
        } else if (kind === 'vanish' && stored.length > 0) {
          const gone = stored[value % stored.length]!
          stored = stored.filter((other) => other !== gone)
          view.vanished([gone])
        } else if (kind === 'take') hear(view.take(value))
        assert.deepEqual(
          client,
          Array.from({ length: view.exists }, (_, i) => view.row(i + 1).uid),
        )
      }
      hear(view.take(true))
      assert.deepEqual(client, stored)
    }),
    { numRuns: 200 },
  )
})
