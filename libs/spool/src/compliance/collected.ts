import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Change, DeliveryFilter, UncollectedMail } from '../index.ts'
import { Listener } from './listener.ts'
import { deferAll } from './outbound.ts'
import { TERMS, type Bench } from './setup.ts'

const HOME = 'odmr home.test'
const CUSTOMER = { kind: 'odmr', domain: 'home.test' } as const

/** Mail that waits until customers come for it. */
export function describeCollected(the: () => Bench): void {
  const steer = (change: Change, filter: DeliveryFilter = { destination: HOME }) =>
    the().steer(filter, change)

  describe('mail that customers come for', () => {
    it('is told to nobody, whatever happens to it', async () => {
      await using listener = new Listener(the())
      await the().left(['a@home.test'], { priority: 4 })
      await the().left(['b@home.test'], { holdUntil: the().clock.now() + 60_000 })
      await the().idle()
      the().clock.advance(60_000)
      const [one] = await the().take(HOME, 1)
      the().spool.giveBack([one!.id])
      await the().take(HOME)
      the().clock.advance(TERMS.expiresIn)
      await deferAll(the(), HOME)
      assert.equal(await the().spool.urge(HOME), 2)
      await deferAll(the(), HOME)
      await the().idle()
      the().clock.advance(3_600_000)
      await deferAll(the(), HOME)
      const changes = [
        { kind: 'retry' },
        { kind: 'hold', reason: 'x' },
        { kind: 'release' },
        { kind: 'reroute', nextHop: { kind: 'odmr', domain: 'shop.test' } },
      ] as const
      for (const change of changes) assert.equal((await steer(change)).changed, 2, change.kind)
      await the().idle()
      assert.deepEqual(await listener.hear(the()), [])
      assert.equal((await the().take('odmr shop.test')).length, 2)
    })

    it('is not told to whoever begins to listen, as what goes elsewhere is', async () => {
      await the().left(['a@home.test'])
      await the().sent(['a@home.test'])
      await the().idle()
      assert.deepEqual(
        (await the().told()).map(({ destination }) => destination),
        ['home.test'],
      )
    })

    it('is given to whoever takes it for its domain, the urgent first and the oldest among equals', async () => {
      const first = await the().left(['a@home.test'])
      await the().left(['a@shop.test'])
      await the().sent(['a@home.test'])
      const second = await the().left(['b@home.test'])
      const urgent = await the().left(['c@home.test'], { priority: 3 })
      await the().idle()
      const third = await the().left(['d@home.test'])
      const taken = [...(await the().take(HOME, 3)), ...(await the().take(HOME, 3))]
      assert.deepEqual(
        taken.map(({ message }) => message.queueId),
        [urgent, first, second, third],
      )
      assert.deepEqual(
        taken.map(({ nextHop }) => nextHop),
        [CUSTOMER, CUSTOMER, CUSTOMER, CUSTOMER],
      )
    })

    it('keeps nothing waiting that we go elsewhere with, and comes whole, in portions', async () => {
      for (let n = 0; n < 60; n++) await the().left([`user${n}@home.test`])
      await the().idle()
      await the().sent(['a@live.example'])
      assert.equal((await the().take('live.example')).length, 1)
      const taken = new Set<string>()
      for (let got = 7; got === 7;) {
        const portion = await the().take(HOME, 7)
        for (const { id } of portion) taken.add(id)
        got = portion.length
      }
      assert.equal(taken.size, 60)
    })

    it('is ready again when a lease of it ends', async () => {
      await the().left(['a@home.test'])
      const [one] = await the().take(HOME)
      the().clock.advance(TERMS.expiresIn - 1)
      assert.deepEqual(await the().take(HOME), [])
      the().clock.advance(1)
      await the().idle()
      const [again] = await the().take(HOME)
      assert.deepEqual([again?.id, again?.attempts], [one!.id, 0])
    })

    it('does not come again before its time when it was deferred, but when somebody urges it', async () => {
      await the().left(['a@home.test'])
      await the().left(['b@home.test'], { holdUntil: the().clock.now() + 7_200_000 })
      await deferAll(the(), HOME)
      await the().idle()
      assert.deepEqual(await the().take(HOME), [])
      assert.equal(await the().spool.urge(HOME), 1)
      const taken = await the().take(HOME)
      assert.deepEqual(
        taken.map(({ reason }) => reason),
        [`${HOME} is away`],
      )
      await the().spool.settle(taken.map(({ id }) => ({ id, state: 'delivered' })))
      the().clock.advance(7_200_000)
      assert.equal((await the().take(HOME))[0]?.recipients[0]?.address, 'b@home.test')
    })

    it('is done beside what goes elsewhere, each for itself', async () => {
      await the().routed({}, ({ queueId }) => ({
        queueId,
        deliveries: [
          { nextHop: CUSTOMER, recipients: [{ address: 'a@home.test', account: '' }] },
          { nextHop: { kind: 'local' }, recipients: [{ address: 'b@here.example', account: 'b' }] },
          {
            nextHop: { kind: 'remote', domain: 'one.example' },
            recipients: [{ address: 'c@one.example', account: '' }],
          },
        ],
      }))
      await the().idle()
      for (const one of [...(await the().take('one.example')), ...(await the().lease(1))])
        await the().spool.settle([{ id: one.id, state: 'delivered' }])
      await the().idle()
      assert.equal(the().spool.waiting, 1)
      const [last] = await the().take(HOME)
      await the().spool.settle([{ id: last!.id, state: 'delivered' }])
      assert.equal(the().spool.waiting, 0)
    })
  })

  for (const [where, rest] of [
    ['in memory', async () => {}],
    ['when it has waited', () => the().idle()],
  ] as const)
    describe(`what an operator does to mail that customers come for, ${where}`, () => {
      for (const kind of ['return', 'expire'] as const)
        it(`makes it mail for the hosts of the domain, so that the relay is told and gives it back (${kind})`, async () => {
          await using listener = new Listener(the())
          await the().left(['a@home.test'])
          await the().left(['b@home.test'])
          await the().left(['c@shop.test'])
          await rest()
          assert.deepEqual(await listener.hear(the()), [])
          const change = kind === 'return' ? { kind, reason: 'not wanted' } : { kind }
          assert.equal((await steer(change)).changed, 2)
          assert.deepEqual(await listener.hear(the()), ['home.test!'])
          assert.deepEqual(await the().take(HOME), [])
          const taken = await the().take('home.test')
          assert.deepEqual(
            taken.map(({ nextHop, sentence, reason }) => [nextHop, sentence, reason]),
            taken.map(() => [
              { kind: 'remote', domain: 'home.test' },
              kind,
              kind === 'return' ? 'not wanted' : '',
            ]),
          )
          assert.equal(taken.length, 2)
          assert.equal(await the().spool.count({ destination: HOME }), 0)
          assert.equal((await the().take('odmr shop.test')).length, 1)
        })

      it('expires what is older, and leaves the rest', async () => {
        await the().left(['old@home.test'])
        const acceptedBefore = the().clock.now()
        the().clock.advance(3_600_000)
        const young = await the().left(['young@home.test'])
        await rest()
        const filter = { destination: HOME, acceptedBefore }
        assert.equal((await steer({ kind: 'expire' }, filter)).changed, 1)
        assert.equal((await the().take('home.test')).length, 1)
        assert.equal((await the().take(HOME))[0]?.message.queueId, young)
      })

      it('keeps it from its customer until it is released', async () => {
        await the().left(['a@home.test'])
        await rest()
        assert.equal((await steer({ kind: 'hold', reason: 'look at it' })).changed, 1)
        assert.deepEqual(await the().take(HOME), [])
        assert.equal((await steer({ kind: 'release' })).changed, 1)
        assert.equal((await the().take(HOME)).length, 1)
      })

      it('makes due what was deferred, and what its sender holds back', async () => {
        await the().left(['a@home.test'], { holdUntil: the().clock.now() + 3_600_000 })
        await the().left(['b@home.test'])
        await deferAll(the(), HOME)
        await rest()
        assert.equal((await steer({ kind: 'retry' })).changed, 2)
        assert.equal((await the().take(HOME)).length, 2)
      })

      it('removes it for good', async () => {
        await the().left(['a@home.test'])
        await rest()
        assert.equal((await steer({ kind: 'remove' })).changed, 1)
        assert.deepEqual(await the().take(HOME), [])
        assert.equal(the().spool.waiting, 0)
      })

      it('sends it elsewhere, and what was for elsewhere to a customer', async () => {
        await the().left(['a@home.test'])
        await rest()
        const backup = { kind: 'route', name: 'backup' } as const
        assert.equal((await steer({ kind: 'reroute', nextHop: backup })).changed, 1)
        assert.deepEqual(
          (await the().told()).map(({ destination }) => destination),
          ['via backup'],
        )
        await rest()
        const back = { kind: 'reroute', nextHop: CUSTOMER } as const
        assert.equal((await steer(back, { destination: 'via backup' })).changed, 1)
        assert.deepEqual(await the().take('via backup'), [])
        await rest()
        assert.deepEqual((await the().take(HOME))[0]?.nextHop, CUSTOMER)
      })

      it('lets a customer have what was to be given back, without the sentence', async () => {
        await the().left(['a@home.test'])
        await rest()
        await steer({ kind: 'return' })
        await rest()
        const back = { kind: 'reroute', nextHop: CUSTOMER } as const
        assert.equal((await steer(back, { destination: 'home.test' })).changed, 1)
        await rest()
        const [one] = await the().take(HOME)
        assert.deepEqual([one?.nextHop, one?.sentence], [CUSTOMER, undefined])
        assert.deepEqual(await the().take('home.test'), [])
      })
    })

  describe('mail that customers have not come for', () => {
    const uncollected = async (): Promise<readonly UncollectedMail[]> => {
      await the().idle()
      return await the().spool.uncollected()
    }

    it('is counted by domain, with its octets and the hour of the oldest', async () => {
      await the().sent(['x@elsewhere.example'])
      const oldestHour = Math.floor(the().clock.now() / 3_600_000)
      await the().left(['a@home.test'])
      the().clock.advance(3_600_000)
      await the().left(['b@home.test', 'c@shop.test'])
      await deferAll(the(), 'odmr shop.test')
      assert.deepEqual(await uncollected(), [
        { domain: 'home.test', deliveries: 2, octets: 2, oldestHour },
        { domain: 'shop.test', deliveries: 1, octets: 1, oldestHour: oldestHour + 1 },
      ])
    })

    it('is counted at once, before anything of it is recorded', async () => {
      const oldestHour = Math.floor(the().clock.now() / 3_600_000)
      await the().left(['a@home.test'])
      assert.deepEqual(await the().spool.uncollected(), [
        { domain: 'home.test', deliveries: 1, octets: 1, oldestHour },
      ])
    })

    it('counts as long as it waits for its customer, held or leased, and not as a dead letter, nor on its way elsewhere', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await the().left([`${name}@home.test`])
      const deliveries = async (): Promise<number> => (await uncollected())[0]?.deliveries ?? 0
      assert.equal(await deliveries(), 5)
      const [gone, dead, held] = await the().take(HOME, 3)
      assert.equal(await deliveries(), 5)
      await the().spool.settle([
        { id: gone!.id, state: 'delivered' },
        { id: dead!.id, state: 'failed', reason: 'no' },
        { id: held!.id, state: 'held', reason: 'look at it' },
      ])
      assert.equal(await deliveries(), 3)
      await steer({ kind: 'expire' }, { ids: [held!.id] })
      assert.equal(await deliveries(), 2)
      await steer({ kind: 'release' }, { ids: [dead!.id] })
      assert.equal(await deliveries(), 3)
      await steer({ kind: 'remove' })
      assert.deepEqual(await uncollected(), [])
    })

    it('is found, counted and shaped by its destination as any other', async () => {
      await the().left(['a@home.test'])
      await the().left(['b@home.test', 'c@shop.test'])
      await the().idle()
      const found = await the().list({ destination: HOME })
      assert.deepEqual(
        found.map(({ destination, state, recipients }) => [destination, state, recipients]),
        [
          [HOME, 'ready', ['b@home.test']],
          [HOME, 'ready', ['a@home.test']],
        ],
      )
      assert.equal(await the().spool.count({ destination: HOME, state: 'ready' }), 2)
      const cells = await the().spool.shape({ destination: HOME })
      assert.deepEqual(
        cells.map(({ destination, state, deliveries }) => [destination, state, deliveries]),
        [[HOME, 'ready', 2]],
      )
    })
  })
}
