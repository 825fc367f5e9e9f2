import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { DeliveryId } from '../index.ts'
import { describeCollected } from './collected.ts'
import { describeOffice } from './office.ts'
import { describeOutbound } from './outbound.ts'
import { describeRecipients } from './recipients.ts'
import { Bench, envelope, toEachRecipient, type Setup } from './setup.ts'
import { describeWishes } from './wishes.ts'

export interface SpoolTraits {
  /** Messages come in the order of their acceptance. Not so where many wait out of memory. */
  readonly keepsOrder?: boolean
}

export function describeSpool(name: string, setup: Setup, { keepsOrder = true }: SpoolTraits = {}): void {
  describe(`${name} as a spool`, () => {
    let bench: Bench
    beforeEach(async () => {
      bench = await Bench.open(setup)
    })
    afterEach(() => bench.close())

    describe('accepting', () => {
      it('hands over what was accepted: envelope, prefix and octets', async () => {
        const text = `Subject: all of it\r\n\r\n${'0123456789'.repeat(30_000)}\r\n`
        const draft = bench.spool.begin(envelope('bob@example.org', 'carol@example.org'))
        for (let at = 0; at < text.length; at += 10_000)
          await draft.write(Buffer.from(text.slice(at, at + 10_000)))
        const queueId = await draft.commit(Buffer.from('Received: once\r\n'))
        const [message] = await bench.arrivals(1)
        assert.ok(message)
        assert.equal(queueId, draft.queueId)
        assert.equal(message.queueId, queueId)
        assert.equal(message.acceptedAt, bench.clock.now())
        assert.deepEqual(message.envelope, envelope('bob@example.org', 'carol@example.org'))
        assert.equal(message.prefix.toString(), 'Received: once\r\n')
        assert.equal(message.size, text.length)
        assert.equal((await bench.content.read(message.content)).toString(), text)
      })

      it('does not lose what only the content could tell', async () => {
        const draft = bench.spool.begin({ ...envelope('bob@example.org'), body: '7BIT' })
        await draft.commit(Buffer.from('Received: once\r\n'), {
          body: '8BITMIME',
          hops: 3,
          tlsOptional: true,
        })
        const [message] = await bench.arrivals(1)
        const { body, hops, tlsOptional, reversePath } = message!.envelope
        assert.deepEqual([body, hops, tlsOptional, reversePath], ['8BITMIME', 3, true, 'alice@example.com'])
      })

      it('names messages by sixteen characters that ascend', async () => {
        const ids = await Promise.all(Array.from({ length: 50 }, () => bench.accept()))
        for (const id of ids) assert.match(id, /^[0-9A-HJKMNP-TV-Z]{16}$/)
        assert.deepEqual(ids.toSorted(), ids)
        assert.equal(new Set(ids).size, 50)
      })

      it('enqueues nothing for an aborted draft', async () => {
        const draft = bench.spool.begin(envelope('bob@example.org'))
        await draft.write(Buffer.from('half a mess'))
        draft.abort()
        const queueId = await bench.accept()
        const arrived = await bench.arrivals(1)
        assert.deepEqual(
          arrived.map((message) => message.queueId),
          [queueId],
        )
        assert.equal(bench.spool.waiting, 1)
      })

      it('refuses when it is closed instead of promising', async () => {
        await bench.spool.close()
        await assert.rejects(bench.accept(), { name: 'SpoolError', fault: 'unavailable' })
      })
    })

    describe('routing', () => {
      it('gives each message to the router once, oldest first, in batches within the limit', async () => {
        const ids = []
        for (let n = 0; n < 25; n++) ids.push(await bench.accept())
        const batches: number[] = []
        const seen: string[] = []
        for await (const batch of bench.spool.arrivals(10, AbortSignal.timeout(10_000))) {
          batches.push(batch.length)
          seen.push(...batch.map((message) => message.queueId))
          await bench.spool.route(batch.map(toEachRecipient))
          if (seen.length >= 25) break
        }
        assert.deepEqual(keepsOrder ? seen : seen.toSorted(), ids)
        assert.ok(batches.every((length) => length <= 10))
      })

      it('gives messages to the next router when the first one left without routing them', async () => {
        const ids = [await bench.accept(), await bench.accept()]
        assert.equal((await bench.arrivals(2)).length, 2)
        assert.deepEqual(
          (await bench.arrivals(2)).map((message) => message.queueId),
          ids,
        )
      })

      it('makes no second set of deliveries when a message is routed twice', async () => {
        await bench.accept('x', 'bob@example.org', 'carol@example.org')
        const routed = (await bench.arrivals(1)).map(toEachRecipient)
        await bench.spool.route([...routed, ...routed])
        await bench.spool.route(routed)
        assert.equal((await bench.list({}, 10)).length, 2)
      })

      it('is done with a message whose recipients were all discarded', async () => {
        const queueId = await bench.accept()
        await bench.arrivals(1)
        await bench.spool.route([{ queueId, deliveries: [] }])
        assert.equal(bench.spool.waiting, 0)
        assert.deepEqual(await bench.states(), [])
      })

      it('wakes a router that waits', async () => {
        const waiting = bench.arrivals(1)
        const queueId = await bench.accept()
        assert.deepEqual(
          (await waiting).map((message) => message.queueId),
          [queueId],
        )
      })
    })

    describe('leasing', () => {
      it('gives a delivery to one holder only', async () => {
        for (let n = 0; n < 20; n++) await bench.accept()
        await bench.spool.route((await bench.arrivals(20)).map(toEachRecipient))
        const [one, other] = await Promise.all([bench.lease(10, 10), bench.lease(10, 10)])
        assert.equal(new Set([...one, ...other].map((delivery) => delivery.id)).size, 20)
        assert.ok(await bench.isNothingDue())
      })

      it('tells the holder all it needs', async () => {
        const delivery = await bench.leased()
        assert.equal(delivery.id, `${delivery.message.queueId}.1`)
        assert.deepEqual(delivery.nextHop, { kind: 'local' })
        assert.deepEqual(delivery.recipients, [{ address: 'bob@example.org', account: 'bob@example.org' }])
        assert.equal(delivery.attempts, 0)
        assert.equal(delivery.message.envelope.reversePath, 'alice@example.com')
      })

      it('makes a delivery that was handed back ready, without counting an attempt', async () => {
        const { id } = await bench.leased()
        bench.spool.giveBack([id, id, 'none.1' as DeliveryId])
        assert.deepEqual(await bench.states(), ['ready'])
        const [again] = await bench.lease(1)
        assert.equal(again?.id, id)
        assert.equal(again?.attempts, 0)
      })

      it('ends its loops when it is closed', async () => {
        const loops = Promise.all([
          count(bench.spool.arrivals(1, AbortSignal.timeout(10_000))),
          count(bench.spool.lease('local', 1, AbortSignal.timeout(10_000))),
        ])
        await bench.spool.close()
        assert.deepEqual(await loops, [0, 0])
      })
    })

    describe('settling', () => {
      it('is done with a message when its last delivery is', async () => {
        await bench.accept('x', 'bob@example.org', 'carol@example.org')
        await bench.spool.route((await bench.arrivals(1)).map(toEachRecipient))
        const [one, two] = await bench.lease(2)
        assert.ok(one && two)
        await bench.spool.settle([{ id: one.id, state: 'delivered' }])
        assert.equal(bench.spool.waiting, 1)
        await bench.spool.settle([{ id: two.id, state: 'delivered' }])
        assert.equal(bench.spool.waiting, 0)
        assert.deepEqual(await bench.states(), [])
      })

      it('ignores outcomes of what is not leased, so that a late one changes nothing', async () => {
        const { id } = await bench.leased()
        bench.spool.giveBack([id])
        await bench.spool.settle([
          { id, state: 'delivered' },
          { id: 'none.1' as DeliveryId, state: 'delivered' },
        ])
        assert.deepEqual(await bench.states(), ['ready'])
      })

      it('tries a deferred delivery again when its time has come, not before', async () => {
        const { id } = await bench.leased()
        const notBefore = bench.clock.now() + 60_000
        await bench.spool.settle([{ id, state: 'deferred', notBefore, reason: 'try later' }])
        assert.deepEqual(await bench.states(), ['deferred'])
        bench.clock.advance(59_999)
        assert.ok(await bench.isNothingDue())
        bench.clock.advance(1)
        const [again] = await bench.lease(1)
        assert.equal(again?.id, id)
        assert.equal(again?.attempts, 1)
        assert.equal(again?.message.prefix.toString(), 'Received: by test\r\n')
      })

      it('keeps a held delivery until it is released', async () => {
        const { id } = await bench.leased()
        await bench.spool.settle([{ id, state: 'held', reason: 'as a test' }])
        bench.clock.advance(10 * 86_400_000)
        assert.ok(await bench.isNothingDue())
        assert.deepEqual(await bench.change('release', [id]), [id])
        assert.deepEqual(
          (await bench.lease(1)).map((delivery) => delivery.id),
          [id],
        )
      })

      it('keeps a failed delivery as a dead letter until it is removed', async () => {
        const { id, message } = await bench.leased('a dead letter')
        await bench.spool.settle([{ id, state: 'failed', reason: '550 no' }])
        assert.equal(bench.spool.waiting, 0)
        const [summary] = await bench.list({ state: 'failed' }, 10)
        assert.equal(summary?.reason, '550 no')
        assert.deepEqual([...(await bench.spool.referenced(''))], [message.content])
        assert.deepEqual(await bench.change('remove', [id]), [id])
        assert.deepEqual(await bench.states(), [])
        assert.deepEqual([...(await bench.spool.referenced(''))], [])
      })

      it('delivers a dead letter that was released', async () => {
        const { id } = await bench.leased()
        await bench.spool.settle([{ id, state: 'failed', reason: '550 no' }])
        assert.deepEqual(await bench.change('release', [id]), [id])
        assert.equal(bench.spool.waiting, 1)
        assert.deepEqual(
          (await bench.lease(1)).map((delivery) => delivery.id),
          [id],
        )
        await bench.spool.settle([{ id, state: 'delivered' }])
        assert.deepEqual(await bench.states(), [])
      })
    })

    describeRecipients(() => bench)
    describeWishes(() => bench)
    describeOutbound(() => bench)
    describeCollected(() => bench)
    describeOffice(() => bench)

    describe('operating', () => {
      it('lists what waits, newest first, with what an operator asks for', async () => {
        const first = await bench.leased()
        await bench.spool.settle([
          { id: first.id, state: 'deferred', notBefore: bench.clock.now() + 1, reason: 'busy' },
        ])
        const second = await bench.accept('x', 'dan@example.org')
        const [newest, older] = await bench.list({}, 10)
        assert.equal(newest?.queueId, second)
        assert.equal(newest?.id, `${second}.0`)
        assert.deepEqual(newest?.recipients, ['dan@example.org'])
        assert.deepEqual(
          {
            state: older?.state,
            reason: older?.reason,
            attempts: older?.attempts,
            notBefore: older?.notBefore,
          },
          { state: 'deferred', reason: 'busy', attempts: 1, notBefore: bench.clock.now() + 1 },
        )
        assert.equal((await bench.list({}, 1)).length, 1)
        assert.equal((await bench.list({ state: 'deferred' }, 10)).length, 1)
      })

      it('removes what waits, but not what somebody is delivering', async () => {
        const { id } = await bench.leased()
        assert.deepEqual(await bench.change('remove', [id]), [])
        await bench.spool.settle([{ id, state: 'held', reason: 'as a test' }])
        assert.deepEqual(await bench.change('remove', [id]), [id])
        assert.equal(bench.spool.waiting, 0)
      })

      it('refers to contents until their messages are done', async () => {
        const { id, message } = await bench.leased()
        assert.deepEqual([...(await bench.spool.referenced(message.content))], [message.content])
        assert.deepEqual([...(await bench.spool.referenced(`${message.content}x`))], [])
        await bench.spool.settle([{ id, state: 'delivered' }])
        assert.deepEqual([...(await bench.spool.referenced(''))], [])
      })
    })
  })
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let found = 0
  for await (const _ of items) found += 1
  return found
}
