import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'

import type { Publication } from '@cartero/bus/nats'

import type { QueueId } from '../ports.ts'
import { HandoverLine } from './handover-line.ts'
import { INTAKE_LIMITS } from './limits.ts'

/** A stream that acknowledges when it is told to. */
class SlowStream {
  readonly got: (Publication & { readonly settle: PromiseWithResolvers<void> })[] = []

  publish(publication: Publication): Promise<void> {
    const settle = Promise.withResolvers<void>()
    this.got.push({ ...publication, settle })
    return settle.promise
  }

  get sizes(): readonly number[] {
    return this.got.map(({ body }) => body.length)
  }
}

const messageOf = (size: number): { pieces: readonly Uint8Array[]; size: number } => ({
  pieces: [Buffer.alloc(size)],
  size,
})
const idOf = (n: number): QueueId => `${n}` as QueueId

describe('handovers', () => {
  const { underway, together, handover } = INTAKE_LIMITS

  test('go at once while few are underway, and share the next one else', async () => {
    const stream = new SlowStream()
    const line = new HandoverLine(stream, 'intake.main.mail')
    const all = Array.from({ length: underway + 10 }, (_, n) => line.handOver(idOf(n), messageOf(1)))
    assert.deepEqual(stream.sizes, Array(underway).fill(1))
    stream.got[0]!.settle.resolve()
    await all[0]
    await turn()
    assert.deepEqual(stream.sizes, [...Array(underway).fill(1), 10])
    assert.equal(stream.got[underway]!.id, `${underway}`, 'its id is that of the first in it')
  })

  test('are never larger than the broker takes, nor of more messages than a transaction should have', async () => {
    const stream = new SlowStream()
    const line = new HandoverLine(stream, 'intake.main.mail')
    const begun = Array.from({ length: underway }, (_, n) => line.handOver(idOf(n), messageOf(1)))
    void line.handOver(idOf(100), messageOf(handover - 1))
    void line.handOver(idOf(101), messageOf(2))
    for (let n = 0; n < together; n++) void line.handOver(idOf(200 + n), messageOf(1))
    for (let round = 0; round < 3; round++) {
      for (const { settle } of stream.got) settle.resolve()
      await Promise.all(begun)
      await turn()
    }
    assert.deepEqual(stream.sizes.slice(underway), [handover - 1, together + 1, 1])
  })

  test('that fail are told to all that shared them, and the next ones go', async () => {
    const stream = new SlowStream()
    const line = new HandoverLine(stream, 'intake.main.mail')
    const begun = Array.from({ length: underway }, (_, n) => line.handOver(idOf(n), messageOf(1)))
    const shared = [1, 2].map((n) => line.handOver(idOf(10 + n), messageOf(1)))
    for (const { settle } of stream.got.slice(0, underway)) settle.resolve()
    await Promise.all(begun)
    await turn()
    stream.got[underway]!.settle.reject(new Error('full'))
    const results = await Promise.allSettled(shared)
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    const next = line.handOver(idOf(20), messageOf(1))
    stream.got.at(-1)!.settle.resolve()
    await next
  })
})
