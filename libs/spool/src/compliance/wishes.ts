import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { toElsewhere, type Bench } from './setup.ts'

/** What an envelope asks of the queue. */
export function describeWishes(the: () => Bench): void {
  describe('what the envelope asks for', () => {
    it('holds a message back for as long as its sender wants', async () => {
      const holdUntil = the().clock.now() + 3_600_000
      await the().routed({ holdUntil })
      const [summary] = await the().list({}, 1)
      assert.equal(summary?.state, 'deferred')
      assert.equal(summary?.notBefore, holdUntil)
      the().clock.advance(3_599_999)
      assert.ok(await the().isNothingDue())
      the().clock.advance(1)
      const [delivery] = await the().lease(1)
      assert.equal(delivery?.attempts, 0)
    })

    it('does not hold back what was to be sent at a time that is over', async () => {
      await the().routed({ holdUntil: the().clock.now() - 1 })
      assert.equal((await the().lease(1)).length, 1)
    })

    it('sends what is held back when an operator releases it', async () => {
      const queueId = await the().routed({ holdUntil: the().clock.now() + 3_600_000 })
      const [summary] = await the().list({}, 1)
      await the().change('retry', [summary!.id])
      assert.equal((await the().lease(1))[0]?.message.queueId, queueId)
    })

    it('gives out urgent deliveries first, and equals in their order', async () => {
      const normal = [await the().routed({}), await the().routed({ priority: 0 })]
      const urgent = [await the().routed({ priority: 9 }), await the().routed({ priority: 9 })]
      const bulk = await the().routed({ priority: -3 })
      const leased = [...(await the().lease(2, 2)), ...(await the().lease(3, 3))]
      assert.deepEqual(
        leased.map(({ message }) => message.queueId),
        [...urgent, ...normal, bulk],
      )
    })

    for (const mode of ['return', 'notify'] as const)
      it(`has a delivery looked at when the time it had is over (${mode}), however long it was deferred`, async () => {
        const at = the().clock.now() + 60_000
        await the().routed({ deliverBy: { at, mode, trace: false } })
        const [delivery] = await the().lease(1)
        const notBefore = the().clock.now() + 3_600_000
        await the().spool.settle([{ id: delivery!.id, state: 'deferred', notBefore, reason: 'busy' }])
        the().clock.advance(59_999)
        assert.ok(await the().isNothingDue())
        the().clock.advance(1)
        const [late] = await the().lease(1)
        assert.equal(late?.id, delivery?.id)
        await the().spool.settle([{ id: late!.id, state: 'deferred', notBefore, reason: 'busy' }])
        assert.ok(await the().isNothingDue())
      })

    it('gives what is for other hosts to those who ask for it only', async () => {
      const queueId = await the().routed({}, toElsewhere)
      assert.ok(await the().isNothingDue())
      const [delivery] = await the().take()
      assert.equal(delivery?.message.queueId, queueId)
      assert.deepEqual(delivery?.nextHop, { kind: 'remote', domain: 'example.org' })
      await the().spool.settle([{ id: delivery.id, state: 'delivered' }])
      assert.equal(the().spool.waiting, 0)
    })
  })
}
