import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { deferAll } from './outbound.ts'
import { toDomains, type Bench } from './setup.ts'

/** A spool that can be opened again. */
export interface Reopened {
  readonly bench: Bench
  /** As kill -9 leaves it. */
  crash(): Promise<void>
  restart(): Promise<void>
  /** Lets a checkpoint happen. */
  checkpoint(): Promise<void>
}

/** What of mail for elsewhere, and of an operator's changes, outlives the process. */
export function describeDurableOutbound(on: () => Reopened): void {
  const the = (): Bench => on().bench
  for (const [how, again] of [
    ['a crash', () => on().crash()],
    ['a restart', () => on().restart()],
  ] as const) {
    describe(`mail for elsewhere, over ${how}`, () => {
      it('tells of what waited, and gives it with all that is known of it', async () => {
        const nextHop = { kind: 'route', name: 'backup' } as const
        const recipients = [{ address: 'a@here.example', account: '', forward: 'b@one.example' }]
        const deliveries = [{ nextHop, recipients, sender: 'srs@here.example' }]
        await the().routed({ priority: 2 }, ({ queueId }) => ({ queueId, deliveries }))
        const [first] = await the().take('via backup')
        const outcome = { state: 'deferred', reason: 'busy', status: '4.2.1' } as const
        const notBefore = the().clock.now() + 60_000
        await the().spool.settle([{ id: first!.id, state: 'mixed', recipients: [outcome], notBefore }])
        await again()
        assert.deepEqual(await the().told(), [])
        the().clock.advance(60_000)
        assert.deepEqual(await the().told(), [{ destination: 'via backup', nextHop, isUrged: false }])
        const [second] = await the().take('via backup')
        assert.equal(second?.id, first?.id)
        assert.deepEqual(second?.recipients, recipients)
        assert.deepEqual([second?.sender, second?.attempts, second?.reason], ['srs@here.example', 1, 'busy'])
      })

      it('sends nothing again that one of several hosts has taken', async () => {
        await the().sent(['a@one.example', 'b@two.example', 'c@three.example'])
        const [one] = await the().take('one.example')
        await the().spool.settle([{ id: one!.id, state: 'delivered' }])
        const [two] = await the().take('two.example')
        await the().spool.settle([{ id: two!.id, state: 'delivered' }])
        await again()
        assert.deepEqual(
          (await the().told()).map(({ destination }) => destination),
          ['three.example'],
        )
        const [three] = await the().take('three.example')
        await the().spool.settle([{ id: three!.id, state: 'delivered' }])
        await again()
        assert.equal(the().spool.waiting, 0)
        assert.deepEqual(await the().told(), [])
      })

      it('sends again neither what was recorded before it was taken, nor what waits beside it', async () => {
        const older = await the().sent(['z@four.example'])
        await the().sent(['a@one.example'])
        await on().checkpoint()
        const [one] = await the().take('one.example')
        await the().spool.settle([{ id: one!.id, state: 'delivered' }])
        await again()
        assert.deepEqual(
          (await the().list({})).map(({ queueId }) => queueId),
          [older],
        )
        await on().checkpoint()
        assert.equal([...(await the().spool.referenced(''))].length, 1)
      })

      it('sends again what was taken, and not settled', async () => {
        await the().sent(['a@one.example'])
        const [one] = await the().take('one.example')
        await on().checkpoint()
        await again()
        assert.deepEqual(
          (await the().take('one.example')).map(({ id }) => id),
          [one!.id],
        )
      })

      it('remembers what an operator did', async () => {
        const held = await the().sent(['a@held.example'])
        const rerouted = await the().sent(['a@old.example'])
        const returned = await the().sent(['a@returned.example'])
        const expired = await the().sent(['a@expired.example'])
        const retried = await the().sent(['a@retried.example'])
        const removed = await the().sent(['a@removed.example'])
        const unrouted = await the().accept()
        await deferAll(the(), 'retried.example')
        const steer = (queueId: string, change: Parameters<Bench['steer']>[1]) =>
          the().steer({ ids: [queueId] }, change)
        await steer(held, { kind: 'hold', reason: 'a reason' })
        await steer(rerouted, { kind: 'reroute', nextHop: { kind: 'remote', domain: 'new.example' } })
        await steer(returned, { kind: 'return', reason: 'no more' })
        await steer(expired, { kind: 'expire' })
        await steer(retried, { kind: 'retry' })
        await steer(removed, { kind: 'remove' })
        await steer(unrouted, { kind: 'hold', reason: 'not yet' })
        await again()
        const found = await the().list({})
        assert.deepEqual(
          found.map((one) => [one.queueId, one.state, one.destination, one.sentence]),
          [
            [unrouted, 'held', '', undefined],
            [retried, 'ready', 'retried.example', undefined],
            [expired, 'ready', 'expired.example', 'expire'],
            [returned, 'ready', 'returned.example', 'return'],
            [rerouted, 'ready', 'new.example', undefined],
            [held, 'held', 'held.example', undefined],
          ],
        )
        assert.deepEqual([found[0]?.reason, found[5]?.reason], ['not yet', 'a reason'])
        assert.equal((await the().take('new.example'))[0]?.nextHop.kind, 'remote')
        assert.equal((await the().take('returned.example'))[0]?.sentence, 'return')
        await steer(unrouted, { kind: 'release' })
        assert.equal((await the().arrivals(1))[0]?.queueId, unrouted)
      })

      it('changes rows that are out of memory like those that are in it', async () => {
        for (let n = 0; n < 12; n++) await the().sent([`user${n}@one.example`])
        await deferAll(the(), 'one.example')
        await again()
        const filter = { destination: 'one.example' }
        const { waiting } = the().spool
        assert.equal((await the().steer(filter, { kind: 'hold', reason: 'x' })).changed, 12)
        assert.equal(await the().spool.count({ state: 'held' }), 12)
        assert.equal(the().spool.waiting, waiting)
        assert.equal((await the().steer(filter, { kind: 'release' })).changed, 12)
        const [one] = await the().take('one.example', 1)
        await the().spool.settle([{ id: one!.id, state: 'failed', reason: 'no' }])
        const nextHop = { kind: 'local' } as const
        assert.equal((await the().steer(filter, { kind: 'reroute', nextHop })).changed, 12)
        assert.equal((await the().lease(12)).length, 12)
        assert.equal(await the().spool.count(filter), 0)
      })

      it('brings back nothing that was removed', async () => {
        for (let n = 0; n < 5; n++) await the().sent([`user${n}@one.example`])
        await on().checkpoint()
        for (let n = 0; n < 5; n++) await the().sent([`user${n}@two.example`])
        await the().accept()
        await the().steer({}, { kind: 'remove' })
        await again()
        assert.equal(the().spool.waiting, 0)
        assert.deepEqual(await the().list({}), [])
      })
    })
  }

  it('counts leases that ran out, over a restart', async () => {
    await the().sent(['a@one.example'])
    for (let n = 0; n < 4; n++) {
      await the().take('one.example')
      the().clock.advance(600_000)
    }
    await on().restart()
    await the().take('one.example')
    the().clock.advance(600_000)
    assert.deepEqual(await the().states(), ['held'])
  })

  it('holds what was being sent each time the process ended', async () => {
    await the().sent(['a@one.example'])
    for (let n = 0; n < 5; n++) {
      const [summary] = await the().list({})
      if (summary?.id.endsWith('.0')) await the().spool.route((await the().arrivals(1)).map(toDomains))
      assert.equal((await the().take('one.example')).length, 1, `${n}`)
      await on().checkpoint()
      await on().crash()
    }
    assert.deepEqual(await the().take('one.example'), [])
    const [held] = await the().list({ state: 'held' })
    assert.match(held?.reason ?? '', /ended 5 times/)
    await the().change('release', [held!.id])
    assert.equal((await the().take('one.example')).length, 1)
  })
}
