import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { DeliveryId, RecipientOutcome } from '../index.ts'
import { Listener } from './listener.ts'
import { TERMS, toElsewhere, type Bench } from './setup.ts'

/** Mail for elsewhere, by destination. */
export function describeOutbound(the: () => Bench): void {
  describe('mail for elsewhere', () => {
    it('tells each destination once, also one that nobody takes anything for', async () => {
      await using listener = new Listener(the())
      await the().sent(['a@one.example'])
      await the().sent(['b@one.example', 'c@two.example'])
      assert.deepEqual(await listener.hear(the()), ['one.example', 'two.example'])
      await the().sent(['d@one.example'])
      assert.deepEqual(await listener.hear(the()), [])
    })

    it('tells a destination again when something becomes due after all of it was taken', async () => {
      await using listener = new Listener(the())
      await the().sent(['a@one.example'])
      await listener.hear(the())
      const [first] = await the().take('one.example')
      await the().sent(['b@one.example'])
      assert.deepEqual(await listener.hear(the()), ['one.example'])
      await the().take('one.example')
      the().spool.giveBack([first!.id])
      assert.deepEqual(await listener.hear(the()), ['one.example'])
    })

    it('tells whoever begins to listen of all that is due, and of nothing that is not', async () => {
      await the().sent(['a@one.example'])
      await the().sent(['a@later.example'], { holdUntil: the().clock.now() + 60_000 })
      await the().routed({})
      assert.deepEqual(
        (await the().told()).map(({ destination, nextHop }) => [destination, nextHop]),
        [['one.example', { kind: 'remote', domain: 'one.example' }]],
      )
      the().clock.advance(60_000)
      const told = (await the().told()).map(({ destination }) => destination)
      assert.deepEqual(told.toSorted(), ['later.example', 'one.example'])
    })

    it('tells of the urgent first, then of what has waited longest', async () => {
      const due = the().clock.now() + 60_000
      for (const [domain, wait] of [
        ['third', 2_000],
        ['second', 1_000],
        ['fourth', 3_000],
      ] as const)
        await the().sent([`a@${domain}.example`], { holdUntil: due + wait })
      await the().sent(['a@first.example'], { holdUntil: due + 4_000, priority: 5 })
      the().clock.advance(2_000)
      await the().settled()
      the().clock.advance(70_000)
      await the().settled()
      assert.deepEqual(
        (await the().told()).map(({ destination }) => destination),
        ['first', 'second', 'third', 'fourth'].map((domain) => `${domain}.example`),
      )
    })

    it('names a way by its route', async () => {
      const route = { kind: 'route', name: 'smarthost' } as const
      await the().routed({}, ({ queueId }) => ({
        queueId,
        deliveries: [{ nextHop: route, recipients: [{ address: 'a@one.example', account: '' }] }],
      }))
      const [told] = await the().told()
      assert.deepEqual(told, { destination: 'via smarthost', nextHop: route, isUrged: false })
      assert.equal((await the().take('via smarthost')).length, 1)
    })

    it('takes for one destination only, the urgent first and the oldest among equals, within the limit', async () => {
      const first = await the().sent(['a@one.example'])
      await the().sent(['a@two.example'])
      const second = await the().sent(['a@one.example'])
      const urgent = await the().sent(['a@one.example'], { priority: 3 })
      const taken = [...(await the().take('one.example', 2)), ...(await the().take('one.example', 2))]
      assert.deepEqual(
        taken.map(({ message }) => message.queueId),
        [urgent, first, second],
      )
      assert.deepEqual(await the().take('one.example'), [])
      assert.deepEqual(await the().take('none.example'), [])
    })

    it('gives what comes back before what is newer', async () => {
      const first = await the().sent(['a@one.example'])
      const [delivery] = await the().take('one.example')
      await the().sent(['a@one.example'])
      the().spool.giveBack([delivery!.id])
      assert.equal((await the().take('one.example', 1))[0]?.message.queueId, first)
    })

    it('leases nothing twice', async () => {
      for (let n = 0; n < 30; n++) await the().sent([`user${n}@one.example`])
      const taken = await Promise.all(Array.from({ length: 6 }, () => the().take('one.example', 7)))
      assert.equal(new Set(taken.flat().map(({ id }) => id)).size, 30)
      assert.equal(taken.flat().length, 30)
    })

    it('keeps one destination that nobody takes anything for from keeping others waiting', async () => {
      for (let n = 0; n < 60; n++) await the().sent([`user${n}@dead.example`])
      the().clock.advance(60_000)
      await the().sent(['a@live.example'])
      assert.equal((await the().take('live.example')).length, 1)
      assert.ok((await the().told()).some(({ destination }) => destination === 'dead.example'))
      let taken = 0
      for (let got = 1; got > 0; taken += got) got = (await the().take('dead.example', 10)).length
      assert.equal(taken, 60)
    })

    it('tells when what was deferred is due, and gives it with what is known of it', async () => {
      await using listener = new Listener(the())
      await the().sent(['a@one.example', 'b@one.example'])
      await listener.hear(the())
      const [delivery] = await the().take('one.example')
      const notBefore = the().clock.now() + 60_000
      const deferred: RecipientOutcome = { state: 'deferred', reason: 'greylisted', status: '4.7.1' }
      await the().spool.settle([
        { id: delivery!.id, state: 'mixed', recipients: [{ state: 'relayed' }, deferred], notBefore },
      ])
      const [summary] = await the().list({ state: 'deferred' })
      assert.deepEqual([summary?.status, summary?.destination], ['4.7.1', 'one.example'])
      the().clock.advance(59_999)
      assert.deepEqual(await listener.hear(the()), [])
      assert.deepEqual(await the().take('one.example'), [])
      the().clock.advance(1)
      assert.deepEqual(await listener.hear(the()), ['one.example'])
      const [again] = await the().take('one.example')
      assert.equal(again?.id, delivery?.id)
      assert.equal(again?.reason, 'greylisted')
      assert.deepEqual(again?.recipients, [{ address: 'b@one.example', account: '' }])
    })

    it('tells of what becomes due while something else of its destination is under way', async () => {
      await using listener = new Listener(the())
      await the().sent(['a@one.example'])
      await the().sent(['b@one.example'])
      const [slow, quick] = await the().take('one.example')
      await listener.hear(the())
      const notBefore = the().clock.now() + 60_000
      await the().spool.settle([{ id: quick!.id, state: 'deferred', notBefore, reason: 'busy' }])
      the().clock.advance(5_000)
      await the().list({}, 1)
      await the().take('one.example')
      the().clock.advance(55_000)
      assert.deepEqual(await listener.hear(the()), ['one.example'])
      await the().spool.settle([{ id: slow!.id, state: 'delivered' }])
      assert.equal((await the().take('one.example'))[0]?.id, quick?.id)
    })

    it('makes everything due for a destination that is urged, and says so', async () => {
      for (const address of ['a@one.example', 'b@one.example', 'c@two.example']) await the().sent([address])
      await the().sent(['d@one.example'], { holdUntil: the().clock.now() + 3_600_000 })
      for (const destination of ['one.example', 'two.example']) await deferAll(the(), destination)
      await using listener = new Listener(the())
      assert.deepEqual(await listener.hear(the()), [])
      assert.equal(await the().spool.urge('one.example'), 2)
      assert.deepEqual(await listener.hear(the()), ['one.example!'])
      assert.equal((await the().take('one.example')).length, 2)
      assert.equal(await the().spool.urge('none.example'), 0)
    })

    it('carries what a delivery needs on its way: sender, forward, sentence', async () => {
      const recipients = [{ address: 'a@here.example', account: '', forward: 'b@one.example' }]
      const nextHop = { kind: 'remote', domain: 'one.example' } as const
      const deliveries = [{ nextHop, recipients, sender: 'srs@here.example' }]
      const queueId = await the().routed({}, (message) => ({ queueId: message.queueId, deliveries }))
      await deferAll(the(), 'one.example')
      await the().steer({ ids: [queueId] }, { kind: 'return', reason: 'not wanted' })
      const [delivery] = await the().take('one.example')
      assert.deepEqual(delivery?.recipients, recipients)
      assert.equal(delivery?.sender, 'srs@here.example')
      assert.equal(delivery?.sentence, 'return')
      assert.equal(delivery?.reason, 'not wanted')
    })

    it('counts no attempt where an operator has decided', async () => {
      const queueId = await the().sent(['a@one.example'])
      await the().steer({ ids: [queueId] }, { kind: 'return' })
      await deferAll(the(), 'one.example')
      assert.deepEqual(
        (await the().list({})).map(({ attempts }) => attempts),
        [0],
      )
    })

    it('holds from the start what the router wants held', async () => {
      await the().routed({}, (message) => ({
        ...toElsewhere(message),
        deliveries: toElsewhere(message).deliveries.map((one) => ({ ...one, held: 'by a rule' })),
      }))
      assert.deepEqual(await the().take(), [])
      const [held] = await the().list({ state: 'held' })
      assert.equal(held?.reason, 'by a rule')
      await the().change('release', [held.id])
      assert.equal((await the().take()).length, 1)
    })
  })

  describe('leases that end', () => {
    it('makes ready again what was not settled in time, without counting an attempt; a later settlement is void', async () => {
      await using listener = new Listener(the())
      await the().sent(['a@one.example'])
      await listener.hear(the())
      const [delivery] = await the().take('one.example')
      the().clock.advance(TERMS.expiresIn - 1)
      assert.deepEqual(await the().take('one.example'), [])
      the().clock.advance(1)
      await the().spool.settle([{ id: delivery!.id, state: 'failed', reason: 'too late' }])
      assert.deepEqual(await the().states(), ['ready'])
      assert.deepEqual(await listener.hear(the()), ['one.example'])
      const [again] = await the().take('one.example')
      assert.equal(again?.id, delivery?.id)
      assert.equal(again?.attempts, 0)
    })

    it('holds what nobody brings to an end, with its reason', async () => {
      await the().sent(['a@one.example'])
      for (let n = 0; n < 5; n++) {
        assert.equal((await the().take('one.example')).length, 1, `${n}`)
        the().clock.advance(TERMS.expiresIn)
      }
      assert.deepEqual(await the().take('one.example'), [])
      const [held] = await the().list({ state: 'held' })
      assert.match(held?.reason ?? '', /ran out 5 times/)
      await the().change('release', [held!.id])
      assert.equal((await the().take('one.example')).length, 1)
    })

    it('forgets how often a lease ran out when an attempt comes to an end', async () => {
      await the().sent(['a@one.example'])
      const lapse = async (times: number): Promise<void> => {
        for (let n = 0; n < times; n++) {
          assert.equal((await the().take('one.example')).length, 1)
          the().clock.advance(TERMS.expiresIn)
        }
      }
      await lapse(4)
      await deferAll(the(), 'one.example')
      the().clock.advance(3_600_000)
      await lapse(4)
      assert.deepEqual(await the().states(), ['ready'])
    })

    it('ends no lease before its time because another of the same take was settled', async () => {
      await the().sent(['a@one.example'])
      await the().sent(['b@one.example'])
      const [one, other] = await the().take('one.example')
      the().clock.advance(TERMS.expiresIn - 1)
      await the().spool.settle([{ id: one!.id, state: 'delivered' }])
      assert.deepEqual(await the().take('one.example'), [])
      await the().spool.settle([
        { id: 'none.1' as DeliveryId, state: 'delivered' },
        { id: other!.id, state: 'delivered' },
      ])
      assert.equal(the().spool.waiting, 0)
    })
  })
}

/** Everything for a destination was tried, and waits for an hour. */
export async function deferAll(the: Bench, destination: string): Promise<void> {
  const notBefore = the.clock.now() + 3_600_000
  const taken = await the.take(destination, 1_000)
  await the.spool.settle(
    taken.map(({ id }) => ({ id, state: 'deferred', notBefore, reason: `${destination} is away` })),
  )
}
