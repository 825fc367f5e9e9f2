import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Change, DeliveryFilter, DeliveryId, DeliverySummary, ShapeWish } from '../index.ts'
import { deferAll } from './outbound.ts'
import { toEachRecipient, type Bench } from './setup.ts'

/** What an operator sees of the queue, and does to it. */
export function describeOffice(the: () => Bench): void {
  const all = async (filter: DeliveryFilter, limit: number): Promise<DeliverySummary[]> => {
    const found: DeliverySummary[] = []
    let after: DeliveryId | undefined
    do {
      const page = await the().spool.list(filter, { limit, ...(after && { after }) })
      assert.ok(page.deliveries.length <= limit)
      found.push(...page.deliveries)
      after = page.next
    } while (after !== undefined)
    return found
  }
  const mixture = async (): Promise<void> => {
    for (let n = 0; n < 4; n++) {
      await the().sent([`user${n}@one.example`, `user${n}@two.example`], {
        reversePath: n === 0 ? '' : `Sender${n}@Example.com`,
      })
      the().clock.advance(1_000)
    }
    await deferAll(the(), 'one.example')
    await the().accept('x', 'dan@here.example')
  }

  describe('the queue as an operator sees it', () => {
    it('lists all of it once, newest first, whatever the pages', async () => {
      await mixture()
      const whole = await all({}, 100)
      assert.equal(whole.length, 9)
      assert.ok(whole[0]?.id.endsWith('.0'))
      assert.deepEqual(
        whole.map(({ queueId }) => queueId),
        whole
          .map(({ queueId }) => queueId)
          .toSorted()
          .toReversed(),
      )
      for (const limit of [1, 2, 4]) assert.deepEqual(await all({}, limit), whole)
    })

    const filters: readonly (readonly [string, DeliveryFilter | (() => DeliveryFilter), number])[] = [
      ['a destination', { destination: 'one.example' }, 4],
      ['a state', { state: 'deferred' }, 4],
      ['a destination and a state', { destination: 'two.example', state: 'ready' }, 4],
      ['a destination and a state that exclude each other', { destination: 'two.example', state: 'held' }, 0],
      ['a sender', { sender: 'sender1@EXAMPLE.com' }, 2],
      ["a sender's domain", { sender: '@example.COM' }, 7],
      ['the null sender', { sender: '<>' }, 2],
      ['a recipient', { recipient: 'USER2@one.example' }, 1],
      ["a recipient's domain", { recipient: '@two.example' }, 4],
      ['part of a reason', { reason: 'EXAMPLE is aw' }, 4],
      ['a time before', () => ({ acceptedBefore: the().clock.now() - 3_000 }), 4],
      ['a time after', () => ({ acceptedAfter: the().clock.now() - 1_000 }), 3],
      ['several conditions', { recipient: '@one.example', sender: '<>', state: 'deferred' }, 1],
    ]
    for (const [what, filter, count] of filters)
      it(`finds, and counts, by ${what}`, async () => {
        await mixture()
        const wanted = typeof filter === 'function' ? filter() : filter
        assert.equal((await all(wanted, 100)).length, count)
        assert.equal((await all(wanted, 1)).length, count)
        assert.equal(await the().spool.count(wanted), count)
      })

    it('finds by message and by delivery', async () => {
      await mixture()
      const [one, two] = await all({ destination: 'two.example' }, 10)
      const found = await all({ ids: [one!.queueId, two!.id, 'none', 'none.3'] }, 2)
      assert.deepEqual(
        found.map(({ id }) => id),
        [one!.id, `${one!.queueId}.1`, two!.id],
      )
    })

    it('shows all of one message, ended deliveries included, and nothing of one that is not here', async () => {
      const queueId = await the().sent(['a@one.example', 'b@two.example'])
      const [delivery] = await the().take('one.example')
      await the().spool.settle([{ id: delivery!.id, state: 'delivered' }])
      const view = await the().spool.show(queueId)
      assert.equal(view?.envelope.recipients.length, 2)
      assert.equal(view?.size, 1)
      assert.deepEqual(
        view?.deliveries.map(({ state, destination }) => [state, destination]),
        [
          ['delivered', 'one.example'],
          ['ready', 'two.example'],
        ],
      )
      assert.equal(await the().spool.show('0000000000000000' as typeof queueId), undefined)
    })

    it('counts by destination, state, hour and status, and forgets what has gone', async () => {
      await the().sent(['a@one.example'])
      await the().sent(['b@one.example'])
      await the().sent(['c@two.example'])
      const hour = Math.floor(the().clock.now() / 3_600_000)
      const [one] = await the().take('one.example', 1)
      const recipients = [{ state: 'deferred', reason: 'later', status: '4.2.1' }] as const
      const notBefore = the().clock.now() + 60_000
      await the().spool.settle([{ id: one!.id, state: 'mixed', recipients, notBefore }])
      await the().idle()
      const shape = (await the().spool.shape()).toSorted((a, b) =>
        a.destination + a.state < b.destination + b.state ? -1 : 1,
      )
      assert.deepEqual(shape, [
        {
          destination: 'one.example',
          state: 'deferred',
          hour,
          status: '4.2.1',
          deliveries: 1,
          octets: 1,
        },
        { destination: 'one.example', state: 'ready', hour, status: '', deliveries: 1, octets: 1 },
        { destination: 'two.example', state: 'ready', hour, status: '', deliveries: 1, octets: 1 },
      ])
      await the().steer({}, { kind: 'remove' })
      await the().idle()
      assert.deepEqual(await the().spool.shape(), [])
      assert.equal(await the().spool.count({}), 0)
    })
  })

  describe('a queue to many destinations', () => {
    it('tells by name of those with the most, of the others together, and of one that is asked for', async () => {
      for (const address of ['a@one.example', 'b@one.example', 'c@two.example', 'd@three.example'])
        await the().sent([address])
      await the().idle()
      await the().sent(['e@one.example'])
      await the().sent(['f@two.example'])
      await the().idle()
      const sizes = async (wish: ShapeWish): Promise<Record<string, number>> => {
        const found: Record<string, number> = {}
        for (const { destination, deliveries } of await the().spool.shape(wish))
          found[destination] = (found[destination] ?? 0) + deliveries
        return found
      }
      assert.deepEqual(await sizes({ destinations: 1 }), { 'one.example': 3, '*': 3 })
      assert.deepEqual(await sizes({}), { 'one.example': 3, 'two.example': 2, 'three.example': 1 })
      assert.deepEqual(await sizes({ destination: 'two.example' }), { 'two.example': 2 })
      assert.deepEqual(await sizes({ destination: 'none.example' }), {})
    })
  })

  describe('what an operator does to the queue', () => {
    it('holds a destination, and releases it', async () => {
      await mixture()
      await the().idle()
      const hold = { kind: 'hold', reason: 'maintenance' } as const
      const { deliveries, ...counts } = await the().steer({ destination: 'two.example' }, hold)
      assert.deepEqual(counts, { found: 4, changed: 4 })
      assert.deepEqual(
        deliveries.map(({ destination }) => destination),
        Array.from({ length: 4 }, () => 'two.example'),
      )
      const again = await the().steer({ destination: 'two.example' }, hold)
      assert.deepEqual(again, { found: 4, changed: 0, deliveries: [] })
      assert.deepEqual(await the().take('two.example'), [])
      const [held] = await the().list({ state: 'held' })
      assert.equal(held?.reason, 'maintenance')
      assert.equal((await the().steer({ state: 'held' }, { kind: 'release' })).changed, 4)
      assert.equal((await the().take('two.example')).length, 4)
    })

    it('retries what is deferred now, and urges its destination', async () => {
      await mixture()
      assert.equal((await the().steer({ state: 'deferred' }, { kind: 'retry' })).changed, 4)
      const told = await the().told()
      assert.ok(told.some(({ destination, isUrged }) => destination === 'one.example' && isUrged))
      assert.equal((await the().take('one.example')).length, 4)
    })

    it('removes for good, dead letters too, and lets the content go', async () => {
      await mixture()
      const [one] = await the().take('two.example', 1)
      await the().spool.settle([{ id: one!.id, state: 'failed', reason: '550 no' }])
      assert.equal((await the().steer({}, { kind: 'remove' })).changed, 9)
      assert.equal(the().spool.waiting, 0)
      assert.deepEqual(await all({}, 10), [])
      await the().idle()
      assert.deepEqual([...(await the().spool.referenced(''))], [])
    })

    it('sends another way what is rerouted', async () => {
      await mixture()
      await the().idle()
      const nextHop = { kind: 'route', name: 'backup' } as const
      const reroute = { kind: 'reroute', nextHop } as const
      assert.equal((await the().steer({ destination: 'one.example' }, reroute)).changed, 4)
      assert.equal((await the().steer({ destination: 'via backup' }, reroute)).changed, 0)
      assert.deepEqual(await the().take('one.example'), [])
      await the().idle()
      assert.equal(await the().spool.count({ destination: 'via backup' }), 4)
      assert.equal(await the().spool.count({ destination: 'one.example' }), 0)
      const taken = await the().take('via backup')
      assert.deepEqual(
        taken.map((delivery) => delivery.nextHop),
        [nextHop, nextHop, nextHop, nextHop],
      )
    })

    for (const kind of ['return', 'expire'] as const)
      it(`says to whoever leases it next that it has to ${kind}, at once and once`, async () => {
        await mixture()
        assert.equal((await the().steer({ destination: 'one.example' }, { kind })).changed, 4)
        assert.equal((await the().steer({ destination: 'one.example' }, { kind })).changed, 0)
        const told = await the().told()
        assert.ok(told.some(({ destination, isUrged }) => destination === 'one.example' && isUrged))
        const taken = await the().take('one.example')
        assert.deepEqual(
          taken.map(({ sentence }) => sentence),
          [kind, kind, kind, kind],
        )
      })

    const changes: readonly Change[] = [
      { kind: 'hold', reason: 'x' },
      { kind: 'release' },
      { kind: 'retry' },
      { kind: 'remove' },
      { kind: 'return' },
      { kind: 'expire' },
      { kind: 'reroute', nextHop: { kind: 'local' } },
    ]
    for (const change of changes)
      it(`leaves alone what is leased (${change.kind})`, async () => {
        await the().sent(['a@one.example'])
        const [delivery] = await the().take('one.example')
        await the().idle()
        assert.deepEqual(await the().steer({}, change), { found: 0, changed: 0, deliveries: [] })
        assert.equal(delivery?.sentence, undefined)
        await the().spool.settle([{ id: delivery!.id, state: 'delivered' }])
        assert.equal(the().spool.waiting, 0)
      })

    it('holds a message that nobody has routed yet, and releases it', async () => {
      const queueId = await the().accept()
      assert.equal((await the().steer({ ids: [queueId] }, { kind: 'hold', reason: 'look at it' })).changed, 1)
      const [held] = await the().list({ state: 'held' })
      assert.deepEqual([held?.id, held?.reason], [`${queueId}.0`, 'look at it'])
      const other = await the().accept()
      assert.deepEqual(
        (await the().arrivals(1)).map((message) => message.queueId),
        [other],
      )
      assert.equal((await the().steer({ ids: [queueId] }, { kind: 'release' })).changed, 1)
      const arrived = await the().arrivals(2)
      assert.deepEqual(arrived.map((message) => message.queueId).toSorted(), [queueId, other])
      await the().spool.route(arrived.map(toEachRecipient))
      assert.equal((await the().lease(2)).length, 2)
    })

    it('leaves alone what is being routed', async () => {
      const queueId = await the().accept()
      const iterator = the().spool.arrivals(1, AbortSignal.timeout(10_000))[Symbol.asyncIterator]()
      const { value } = await iterator.next()
      assert.equal((await the().steer({}, { kind: 'hold', reason: 'x' })).changed, 0)
      assert.equal((await the().steer({}, { kind: 'remove' })).changed, 0)
      await the().spool.route(value!.map(toEachRecipient))
      assert.equal((await the().lease(1))[0]?.message.queueId, queueId)
      await iterator.return?.()
    })

    it('changes nothing when it is aborted before it began', async () => {
      await mixture()
      for await (const _ of the().spool.change({}, { kind: 'remove' }, AbortSignal.abort()));
      assert.equal((await all({}, 100)).length, 9)
    })
  })
}
