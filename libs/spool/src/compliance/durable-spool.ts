import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { ContentStore } from '@cartero/content'
import { ManualClock } from '@cartero/wire'

import type { Delivery, Spool } from '../index.ts'
import { DEAD_LETTER_RETENTION_MS } from '../index.ts'
import { describeDurableCollected } from './durable-collected.ts'
import { describeDurableOutbound } from './durable-outbound.ts'
import { Bench, toAll, toEachRecipient, toElsewhere } from './setup.ts'

/** A place where spools can be opened one after the other; what one leaves behind, the next one finds. */
export interface SpoolPlace {
  /** Opens the spool over `content`. The one before was closed, or was left as kill -9 leaves it. */
  open(clock: ManualClock): Promise<{ readonly spool: Spool; readonly content: ContentStore }>
  remove(): Promise<void>
}

/** For spools that outlive their process. */
export function describeDurableSpool(name: string, setup: () => Promise<SpoolPlace>): void {
  describe(`${name} as a durable spool`, () => {
    let place: SpoolPlace
    let bench: Bench
    let clock = new ManualClock()
    const open = () => Bench.open(() => place.open(clock), clock)
    beforeEach(async () => {
      place = await setup()
      bench = await open()
    })
    afterEach(async () => {
      await bench.spool.close()
      await place.remove()
    })

    async function restart(): Promise<void> {
      await bench.spool.close()
      bench = await open()
    }

    /** The next process finds what this one has made durable, and nothing else. */
    async function crash(): Promise<void> {
      // The time of the one that crashed stands still.
      clock = new ManualClock(clock.now())
      bench = await open()
    }

    /** Lets a checkpoint happen. */
    async function checkpoint(): Promise<void> {
      clock.advance(5_000)
      await bench.settled()
    }

    describeDurableOutbound(() => ({ bench, crash, restart, checkpoint }))
    describeDurableCollected(() => ({ bench, crash, restart, checkpoint }))

    for (const [how, again] of [
      ['a crash', crash],
      ['a restart', restart],
    ] as const) {
      it(`has what was accepted after ${how}, octet for octet`, async () => {
        const ids = []
        for (let n = 0; n < 30; n++) ids.push(await bench.accept(`message ${n}`, `user${n}@example.org`))
        await again()
        assert.equal(bench.spool.waiting, 30)
        const arrived = await bench.arrivals(30)
        assert.deepEqual(arrived.map((message) => message.queueId).toSorted(), ids)
        for (const message of arrived) {
          const n = ids.indexOf(message.queueId)
          assert.equal((await bench.content.read(message.content)).toString(), `message ${n}`)
          assert.equal(message.envelope.recipients[0]?.address, `user${n}@example.org`)
          assert.equal(message.prefix.toString(), 'Received: by test\r\n')
        }
      })

      it(`keeps a deferred delivery deferred over ${how}`, async () => {
        const { id } = await bench.leased()
        const notBefore = clock.now() + 3_600_000
        await bench.spool.settle([{ id, state: 'deferred', notBefore, reason: 'busy' }])
        await again()
        assert.ok(await bench.isNothingDue())
        const [summary] = await bench.list({}, 10)
        assert.deepEqual(
          {
            id: summary?.id,
            state: summary?.state,
            attempts: summary?.attempts,
            notBefore: summary?.notBefore,
          },
          { id, state: 'deferred', attempts: 1, notBefore },
        )
        clock.advance(3_600_000)
        assert.equal((await bench.lease(1))[0]?.id, id)
      })

      it(`keeps held and failed deliveries over ${how}`, async () => {
        const held = await bench.leased('held')
        const failed = await bench.leased('failed')
        await bench.spool.settle([
          { id: held.id, state: 'held', reason: 'as a test' },
          { id: failed.id, state: 'failed', reason: '550 no' },
        ])
        await again()
        assert.deepEqual(await bench.states(), ['failed', 'held'])
        assert.equal(bench.spool.waiting, 1)
        await bench.change('release', [held.id])
        assert.equal((await bench.lease(1))[0]?.id, held.id)
      })

      it(`does not forget one delivery of a message because the other is deferred, over ${how}`, async () => {
        await bench.accept('x', 'bob@example.org', 'carol@example.org')
        await bench.spool.route((await bench.arrivals(1)).map(toEachRecipient))
        const [one, two] = await bench.lease(2)
        assert.ok(one && two)
        await bench.spool.settle([
          { id: one.id, state: 'deferred', notBefore: clock.now() + 1_000_000, reason: 'busy' },
        ])
        await again()
        assert.equal((await bench.lease(1))[0]?.id, two.id)
        await bench.spool.settle([{ id: two.id, state: 'delivered' }])
        clock.advance(1_000_000)
        assert.equal((await bench.lease(1))[0]?.id, one.id)
      })

      it(`hands out what was leased again after ${how}, under the same delivery id`, async () => {
        const { id } = await bench.leased()
        await checkpoint()
        await again()
        assert.equal((await redelivered(bench))?.id, id)
      })
    }

    for (const [how, again] of [
      ['a crash', crash],
      ['a restart', restart],
    ] as const) {
      it(`tries only those recipients again that were not settled, over ${how}`, async () => {
        await bench.routed({ recipients: ['a', 'b', 'c'].map((address) => ({ address })) }, toAll)
        const [delivery] = await bench.lease(1)
        assert.ok(delivery)
        const notBefore = clock.now() + 60_000
        const recipients = [
          { state: 'delivered' },
          { state: 'deferred', reason: 'busy', told: 'delay' },
          { state: 'failed', reason: 'nobody to tell' },
        ] as const
        await bench.spool.settle([{ id: delivery.id, state: 'mixed', recipients, notBefore }])
        await again()
        assert.deepEqual(await bench.states(), ['failed', 'deferred'])
        clock.advance(60_000)
        const [retried] = await bench.lease(1)
        assert.equal(retried?.id, delivery.id)
        assert.deepEqual(retried?.recipients, [{ address: 'b', account: 'b', told: 'delay' }])
        assert.equal(retried?.reason, 'busy')
      })

      it(`keeps back what its sender wants sent later, over ${how}`, async () => {
        await bench.routed({ holdUntil: clock.now() + 3_600_000 })
        await checkpoint()
        await again()
        assert.ok(await bench.isNothingDue())
        clock.advance(3_600_000)
        assert.equal((await bench.lease(1)).length, 1)
      })

      it(`gives the urgent first of what waited, over ${how}`, async () => {
        const normal = [await bench.routed({}), await bench.routed({})]
        const urgent = await bench.routed({ priority: 4 })
        const bulk = await bench.routed({ priority: -4 })
        const last = await bench.routed({})
        await checkpoint()
        await again()
        const leased = await bench.lease(5, 5)
        assert.deepEqual(
          leased.map(({ message }) => message.queueId),
          [urgent, ...normal, last, bulk],
        )
      })

      it(`does not send again what another host has taken, over ${how}`, async () => {
        await bench.routed({}, toElsewhere)
        const [delivery] = await bench.take()
        assert.ok(delivery)
        await bench.spool.settle([{ id: delivery.id, state: 'delivered' }])
        await again()
        assert.equal(bench.spool.waiting, 0)
        assert.deepEqual(await bench.states(), [])
        await checkpoint()
        assert.deepEqual([...(await bench.spool.referenced(''))], [])
      })

      it(`forgets a dead letter when its time is over, over ${how}`, async () => {
        const { id } = await bench.leased()
        await bench.spool.settle([{ id, state: 'failed', reason: '550 no' }])
        await again()
        clock.advance(DEAD_LETTER_RETENTION_MS - 1_000)
        assert.deepEqual(await bench.states(), ['failed'])
        clock.advance(2_000)
        await checkpoint()
        await checkpoint()
        assert.deepEqual(await bench.states(), [])
        assert.deepEqual([...(await bench.spool.referenced(''))], [])
      })
    }

    it('forgets what another host has taken when nothing can bring it back any more', async () => {
      await bench.routed({}, toElsewhere)
      const [delivery] = await bench.take()
      await bench.spool.settle([{ id: delivery!.id, state: 'delivered' }])
      await checkpoint()
      await checkpoint()
      assert.deepEqual([...(await bench.spool.referenced(''))], [])
    })

    it('does not deliver again after a restart what was delivered before it', async () => {
      const { id } = await bench.leased()
      await bench.spool.settle([{ id, state: 'delivered' }])
      await restart()
      assert.equal(bench.spool.waiting, 0)
      assert.deepEqual(await bench.states(), [])
    })

    it('does not deliver again after a crash what was delivered before the last checkpoint', async () => {
      const { id } = await bench.leased()
      await bench.spool.settle([{ id, state: 'delivered' }])
      await checkpoint()
      await crash()
      assert.equal(bench.spool.waiting, 0)
    })

    it('delivers under the same id, if at all, what was delivered just before a crash', async () => {
      const { id } = await bench.leased()
      await bench.spool.settle([{ id, state: 'delivered' }])
      await crash()
      if (bench.spool.waiting > 0) assert.equal((await redelivered(bench))?.id, id)
      else assert.deepEqual(await bench.states(), [])
    })

    it('forgets a recorded message that is done', async () => {
      const { id } = await bench.leased()
      await checkpoint()
      await bench.spool.settle([{ id, state: 'delivered' }])
      await checkpoint()
      await crash()
      assert.deepEqual(await bench.states(), [])
      assert.deepEqual([...(await bench.spool.referenced(''))], [])
    })

    it('refers to what it would deliver after a crash', async () => {
      const { message } = await bench.leased()
      assert.deepEqual([...(await bench.spool.referenced(message.content))], [message.content])
      await checkpoint()
      assert.deepEqual([...(await bench.spool.referenced(message.content))], [message.content])
      await crash()
      assert.deepEqual([...(await bench.spool.referenced(message.content))], [message.content])
    })

    it('holds what was being delivered each time the process ended, and nothing else', async () => {
      const patient = await bench.leased('patient')
      const notBefore = clock.now() + 3_600_000
      await bench.spool.settle([{ id: patient.id, state: 'deferred', notBefore, reason: 'busy' }])
      const poison = (await bench.leased('poison')).message.queueId
      for (let n = 1; n <= 5; n++) {
        await checkpoint()
        await crash()
        if (n < 5) assert.equal((await redelivered(bench))?.message.queueId, poison)
      }
      const [held] = await bench.list({ state: 'held' }, 10)
      assert.equal(held?.queueId, poison)
      assert.match(held?.reason ?? '', /ended 5 times/)
      assert.ok(await bench.isNothingDue())
      clock.advance(3_600_000)
      assert.equal((await bench.lease(1))[0]?.id, patient.id)
    })
  })
}

/** After a crash a message may have to be routed again. */
async function redelivered(bench: Bench): Promise<Delivery | undefined> {
  const [summary] = await bench.list({}, 1)
  if (summary?.id.endsWith('.0')) await bench.spool.route((await bench.arrivals(1)).map(toEachRecipient))
  return (await bench.lease(1))[0]
}
