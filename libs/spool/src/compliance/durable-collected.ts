import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { deferAll } from './outbound.ts'
import { type Reopened } from './durable-outbound.ts'
import type { Bench } from './setup.ts'

const HOME = 'odmr home.test'

/** What of mail that customers come for outlives the process. */
export function describeDurableCollected(on: () => Reopened): void {
  const the = (): Bench => on().bench
  for (const [how, again] of [
    ['a crash', () => on().crash()],
    ['a restart', () => on().restart()],
  ] as const)
    describe(`mail that customers come for, over ${how}`, () => {
      it('is ready again when it was leased, and nobody is told', async () => {
        const first = await the().left(['a@home.test'])
        const second = await the().left(['b@home.test'])
        const [given] = await the().take(HOME)
        await on().checkpoint()
        await again()
        assert.deepEqual(await the().told(), [])
        assert.deepEqual(
          (await the().take(HOME)).map(({ message, attempts }) => [message.queueId, attempts]),
          [
            [first, 0],
            [second, 0],
          ],
        )
        assert.equal(given?.message.queueId, first)
      })

      it('does not come again when its customer has confirmed it', async () => {
        await the().left(['a@home.test'])
        const second = await the().left(['b@home.test'])
        await on().checkpoint()
        const [first] = await the().take(HOME, 1)
        await the().spool.settle([{ id: first!.id, state: 'delivered' }])
        await again()
        assert.deepEqual(
          (await the().take(HOME)).map(({ message }) => message.queueId),
          [second],
        )
      })

      it('waits until its time when it was deferred in a turn', async () => {
        await the().left(['a@home.test'])
        await deferAll(the(), HOME)
        await again()
        assert.deepEqual(await the().take(HOME), [])
        the().clock.advance(3_600_000)
        assert.deepEqual(await the().told(), [])
        assert.equal((await the().take(HOME))[0]?.attempts, 1)
      })

      it('is still to be given back when that was decided', async () => {
        await the().left(['a@home.test'])
        await the().left(['b@home.test'])
        await on().checkpoint()
        await the().left(['c@home.test'])
        assert.equal((await the().steer({ destination: HOME }, { kind: 'expire' })).changed, 3)
        await again()
        assert.deepEqual(
          (await the().told()).map(({ destination }) => destination),
          ['home.test'],
        )
        assert.deepEqual(
          (await the().take('home.test')).map(({ sentence, nextHop }) => [sentence, nextHop.kind]),
          Array.from({ length: 3 }, () => ['expire', 'remote']),
        )
        assert.deepEqual(await the().take(HOME), [])
      })

      it('is counted as before', async () => {
        for (let n = 0; n < 5; n++) await the().left([`user${n}@home.test`, `user${n}@shop.test`])
        const [one] = await the().take(HOME, 1)
        await the().spool.settle([{ id: one!.id, state: 'delivered' }])
        await on().checkpoint()
        const before = await the().spool.uncollected()
        assert.deepEqual(
          before.map(({ domain, deliveries }) => [domain, deliveries]),
          [
            ['home.test', 4],
            ['shop.test', 5],
          ],
        )
        await again()
        assert.deepEqual(await the().spool.uncollected(), before)
      })
    })
}
