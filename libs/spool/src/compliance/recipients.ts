import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { DEAD_LETTER_RETENTION_MS, type Delivery, type RecipientOutcome } from '../index.ts'
import { toAll, type Bench } from './setup.ts'

/** To each recipient of a delivery its own end. */
export function describeRecipients(the: () => Bench): void {
  describe('recipients that end differently', () => {
    const ended = async (...recipients: RecipientOutcome[]): Promise<Delivery> => {
      const addresses = recipients.map((_, n) => ({ address: `user${n}@example.org` }))
      await the().routed({ recipients: addresses }, toAll)
      const [delivery] = await the().lease(1)
      assert.ok(delivery)
      const notBefore = the().clock.now() + 60_000
      await the().spool.settle([{ id: delivery.id, state: 'mixed', recipients, notBefore }])
      return delivery
    }

    it('is done with a message when each recipient is delivered to, relayed to or given back', async () => {
      await ended({ state: 'delivered' }, { state: 'relayed' }, { state: 'returned' })
      assert.equal(the().spool.waiting, 0)
      assert.deepEqual(await the().states(), [])
    })

    it('tries again only those that are deferred, and keeps what was said of them', async () => {
      const { id } = await ended(
        { state: 'delivered' },
        { state: 'deferred', reason: 'busy' },
        { state: 'deferred', reason: 'full', told: 'delay' },
      )
      the().clock.advance(59_999)
      assert.ok(await the().isNothingDue())
      the().clock.advance(1)
      const [again] = await the().lease(1)
      assert.equal(again?.id, id)
      assert.equal(again?.attempts, 1)
      assert.deepEqual(
        again?.recipients.map(({ address, told }) => [address, told]),
        [
          ['user1@example.org', undefined],
          ['user2@example.org', 'delay'],
        ],
      )
    })

    it('tries again what nothing was said of', async () => {
      await the().routed({ recipients: [{ address: 'a' }, { address: 'b' }] }, toAll)
      const [delivery] = await the().lease(1)
      const recipients = [{ state: 'delivered' as const }]
      await the().spool.settle([{ id: delivery!.id, state: 'mixed', recipients, notBefore: 0 }])
      assert.deepEqual((await the().list({}, 1))[0]?.recipients, ['b'])
    })

    it('keeps dead letters by their reason while the others are tried again', async () => {
      const { id } = await ended(
        { state: 'failed', reason: 'one' },
        { state: 'deferred', reason: 'busy' },
        { state: 'failed', reason: 'two' },
        { state: 'failed', reason: 'one' },
      )
      const summaries = await the().list({}, 10)
      assert.deepEqual(
        summaries.map(({ state, reason, recipients }) => [state, reason, recipients.length]),
        [
          ['failed', 'two', 1],
          ['failed', 'one', 2],
          ['deferred', 'busy', 1],
        ],
      )
      assert.equal(summaries.at(-1)?.id, id)
      assert.equal(new Set(summaries.map((summary) => summary.id)).size, 3)
    })

    it('delivers a dead letter of one recipient that was released, and nothing else again', async () => {
      const { id } = await ended({ state: 'delivered' }, { state: 'failed', reason: 'no' })
      assert.deepEqual(await the().change('release', [id]), [id])
      const [again] = await the().lease(1)
      assert.deepEqual(
        again?.recipients.map(({ address }) => address),
        ['user1@example.org'],
      )
      await the().spool.settle([{ id, state: 'delivered' }])
      assert.deepEqual(await the().states(), [])
    })

    it('keeps a dead letter for its time, and tells until when', async () => {
      await ended({ state: 'expired', reason: 'too late' })
      const [dead] = await the().list({}, 1)
      assert.equal(dead?.keptUntil, the().clock.now() + DEAD_LETTER_RETENTION_MS)
      assert.equal(dead?.notBefore, undefined)
      the().clock.advance(DEAD_LETTER_RETENTION_MS - 1)
      assert.deepEqual(await the().states(), ['expired'])
      for (let round = 0; round < 2; round++) {
        the().clock.advance(5_000)
        await the().settled()
      }
      assert.deepEqual(await the().states(), [])
      assert.deepEqual([...(await the().spool.referenced(''))], [])
    })
  })
}
