// Turns of customers over the spool in memory and the one on disk.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { MemoryContentLog } from '@cartero/content/memory'
import type { Spool } from '@cartero/spool'
import { EmbeddedSpool } from '@cartero/spool/embedded'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'
import { MOST_CUT_OFF, MOST_DEFERRED, MOST_REFUSED_IN_A_ROW, MOST_TURNS } from '../../src/turns/limits.ts'
import { LEASE_MS, STOCK_AGE_MS } from '../../src/relay/limits.ts'
import { COMPLETE, FACTS, TurnStage, deferred, refused, take, taken } from './turn-stage.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-turns-'))
const worker = new SqlWorker()
after(async () => {
  await worker.close()
  await rm(root, { recursive: true, force: true })
})

const MINUTE = 60_000
const DAY = 86_400_000
const statesOf = (all: readonly { state: string }[]): string => all.map(({ state }) => state).join(' ')

for (const kind of ['memory', 'disk'] as const) {
  const opened = async (options: ConstructorParameters<typeof TurnStage>[0] = {}): Promise<TurnStage> => {
    if (kind === 'memory') return new TurnStage(options)
    const [content, clock] = [new MemoryContentLog(), new ManualClock()]
    const file = join(root, `${Math.random()}.db`)
    const spool = await EmbeddedSpool.open({ log: content, sql: worker, file, clock })
    return new TurnStage({ ...options, spool, content, clock })
  }

  describe(`a turn, with the spool ${kind === 'memory' ? 'in memory' : 'on disk'}`, () => {
    it('is nothing where nothing waits, and mail that goes elsewhere is none of it', async () => {
      const stage = await opened()
      assert.deepEqual(await stage.begin(['home.test']), { kind: 'nothing' })
      await stage.wait('shop.test')
      assert.deepEqual(await stage.begin(['home.test']), { kind: 'nothing' })
      assert.equal(stage.lineOf('turn.refused')?.['level'], 'debug')
      assert.equal((await stage.waiting('shop.test'))[0]!.state, 'ready')
    })

    it('gives out what waits, domain by domain, and nothing of it stays', async () => {
      const stage = await opened()
      await stage.wait('home.test', 250)
      await stage.wait('cabin.test', 3)
      await stage.wait('shop.test', 1)
      const turn = await stage.turn('home.test', 'cabin.test')
      assert.equal(turn.waiting, 253)
      assert.equal((await take(turn)).length, 253)
      await turn.end(COMPLETE)
      assert.deepEqual(await stage.waiting('home.test'), [])
      assert.deepEqual(await stage.waiting('cabin.test'), [])
      assert.equal((await stage.waiting('shop.test')).length, 1)
    })

    it('is one at a time for each domain, and for all of them or none', async () => {
      const stage = await opened()
      for (const domain of ['home.test', 'cabin.test', 'shop.test']) await stage.wait(domain)
      const turn = await stage.turn('home.test', 'cabin.test')
      assert.deepEqual(await stage.begin(['home.test']), { kind: 'busy' })
      assert.deepEqual(await stage.begin(['shop.test', 'cabin.test']), { kind: 'busy' })
      assert.equal(stage.lineOf('turn.refused')?.['reason'], 'busy')
      const other = await stage.turn('shop.test')
      await other.end()
      await turn.end()
      const again = await stage.turn('cabin.test', 'home.test')
      assert.equal((await take(again)).length, 2)
      await again.end()
    })

    it('leaves what was not confirmed, as if it had never been out, wherever the customer drops', async () => {
      const stage = await opened()
      await stage.wait('home.test', 10)
      const before = (await stage.waiting('home.test')).map(({ id }) => id)
      const turn = await stage.turn('home.test')
      await take(turn, taken, 4)
      // One is back from a connection that broke before it began, two are still on their way.
      turn.giveBack(turn.next()!)
      const late = turn.next()!
      turn.next()
      await turn.end({ kind: 'lost', reason: 'home.test: connection lost' })
      turn.done(late, taken(late), FACTS)
      const left = await stage.waiting('home.test')
      assert.deepEqual(
        left.map(({ id }) => id),
        before.slice(4),
      )
      assert.ok(left.every(({ state, attempts }) => state === 'ready' && attempts === 0))
      assert.equal((await take(await stage.turn('home.test'))).length, 6)
    })

    it('keeps what the customer defers for later, with his words, and goes on with the rest', async () => {
      const stage = await opened()
      await stage.wait('home.test', 3)
      const turn = await stage.turn('home.test')
      let n = 0
      assert.equal((await take(turn, (delivery) => (n++ === 1 ? deferred : taken)(delivery))).length, 3)
      await turn.end(COMPLETE)
      const [left, ...others] = await stage.waiting('home.test')
      assert.deepEqual(others, [])
      assert.equal(left!.state, 'deferred')
      assert.equal(left!.attempts, 1)
      assert.match(left!.reason!, /452 4\.2\.2 mailbox full/)
      assert.deepEqual(await stage.begin(['home.test']), { kind: 'nothing' })
      stage.clock.advance(MINUTE)
      assert.deepEqual(await take(await stage.turn('home.test')), [left!.id])
      assert.deepEqual(stage.told, [])
    })

    it('does not offer twice what was deferred, however long it lasts', async () => {
      const stage = await opened()
      await stage.wait('home.test', 120)
      const turn = await stage.turn('home.test')
      const given = await take(
        turn,
        (delivery) => (delivery.id.endsWith('7.1') ? deferred : taken)(delivery),
        60,
      )
      for (let minute = 0; minute < 3; minute++) {
        stage.clock.advance(MINUTE)
        await new Promise(setImmediate)
      }
      given.push(...(await take(turn, taken)))
      assert.equal(new Set(given).size, given.length)
      await turn.end(COMPLETE)
      const left = await stage.waiting('home.test')
      assert.equal(given.length, 120)
      assert.deepEqual(
        statesOf(left)
          .replaceAll(/deferred|ready/g, '')
          .trim(),
        '',
      )
    })

    it('gives back to its sender what the customer does not want, in the customer\u2019s words', async () => {
      const stage = await opened()
      await stage.wait('home.test', 2)
      const turn = await stage.turn('home.test')
      let n = 0
      await take(turn, (delivery) => (n++ === 0 ? refused : taken)(delivery))
      await turn.end(COMPLETE)
      assert.deepEqual(await stage.waiting('home.test'), [])
      const [{ entries }] = stage.told as [(typeof stage.told)[number]]
      assert.equal(entries[0]!.action, 'failed')
      assert.deepEqual(entries[0]!.remote, { host: 'home.test', reply: '550 5.1.1 nobody of that name' })
      const line = stage.lineOf('message.returned')!
      assert.equal(line['sid'], 'S1')
      assert.equal(line['destination'], 'odmr home.test')
    })

    it('MOST_REFUSED_IN_A_ROW: is over when the customer can take nothing at all, and the rest is not tried', async () => {
      const stage = await opened()
      await stage.wait('home.test', MOST_REFUSED_IN_A_ROW + 30)
      const turn = await stage.turn('home.test')
      assert.equal((await take(turn, deferred)).length, MOST_REFUSED_IN_A_ROW)
      await turn.end(COMPLETE)
      const left = await stage.waiting('home.test')
      assert.equal(left.filter(({ attempts }) => attempts === 0).length, 30)
    })

    it('begins again at once with what a broken connection left undecided, but not for ever', async () => {
      const stage = await opened()
      await stage.wait('home.test')
      for (let time = 1; time <= MOST_CUT_OFF; time++) {
        const turn = await stage.turn('home.test')
        const delivery = turn.next()!
        turn.done(delivery, deferred(delivery), { ...FACTS, isCutOff: true })
        await turn.end({ kind: 'lost' })
        stage.clock.advance(1)
      }
      assert.deepEqual(await stage.begin(['home.test']), { kind: 'nothing' })
      stage.clock.advance(MINUTE)
      assert.equal((await stage.begin(['home.test'])).kind, 'begun')
    })

    it('never gives anything up, however often and for how long it is deferred', async () => {
      const stage = await opened({ settings: { keep: 90 * DAY } })
      await stage.wait('home.test')
      for (let day = 0; day < 8; day++) {
        stage.clock.advance(5 * DAY)
        const turn = await stage.turn('home.test')
        await take(turn, deferred)
        await turn.end(COMPLETE)
      }
      const [left] = await stage.waiting('home.test')
      assert.equal(left!.attempts, 8)
      assert.deepEqual(stage.told, [])
    })

    it('returns what its sender wants back by now, and does not offer it', async () => {
      const stage = await opened()
      const deliverBy = { at: stage.clock.now() + MINUTE, mode: 'return', trace: false } as const
      await stage.wait('home.test', 1, { deliverBy })
      await stage.wait('home.test', 1)
      stage.clock.advance(2 * MINUTE)
      const turn = await stage.turn('home.test')
      assert.equal((await take(turn)).length, 1)
      await turn.end(COMPLETE)
      assert.equal(stage.told[0]!.entries[0]!.status, '5.4.7')
      assert.deepEqual(await stage.waiting('home.test'), [])
    })

    it('ends only when all that came of it is in the spool', async () => {
      const stage = await opened()
      await stage.wait('home.test', 2)
      const settle = stage.spool.settle.bind(stage.spool)
      const writing = Promise.withResolvers<void>()
      stage.spool.settle = (outcomes) => writing.promise.then(() => settle(outcomes))
      const turn = await stage.turn('home.test')
      await take(turn)
      let isOver = false
      const ending = turn.end(COMPLETE).then(() => (isOver = true))
      for (let n = 0; n < 20; n++) await new Promise(setImmediate)
      assert.deepEqual([isOver, await stage.begin(['home.test'])], [false, { kind: 'busy' }])
      writing.resolve()
      await ending
      assert.deepEqual(await stage.begin(['home.test']), { kind: 'nothing' })
    })

    it('tells what it was, and each message with its facts', async () => {
      const stage = await opened()
      await stage.wait('home.test', 2)
      const turn = await stage.turn('home.test')
      assert.deepEqual(stage.lineOf('turn.began')?.['waiting'], 2)
      await take(turn, taken, 1)
      stage.clock.advance(1_500)
      await take(turn, deferred, 1)
      await turn.end({ kind: 'lost', reason: 'home.test: connection lost' })
      const {
        sid,
        account,
        peer,
        domains,
        how,
        reason,
        messages,
        octets,
        deferred: later,
        failed,
        ms,
      } = {
        ...stage.lineOf('turn.ended'),
      } as Record<string, unknown>
      assert.deepEqual(
        { sid, account, peer, domains, how, reason, messages, octets, later, failed, ms },
        {
          sid: 'S1',
          account: 'fetch@edge.test',
          peer: '192.0.2.7',
          domains: ['home.test'],
          how: 'lost',
          reason: 'home.test: connection lost',
          messages: 1,
          octets: 25,
          later: 1,
          failed: 0,
          ms: 1_500,
        },
      )
      const line = stage.lineOf('message.relayed')!
      assert.deepEqual(
        [line['sid'], line['account'], line['peer'], line['host'], line['reply']],
        ['S1', 'fetch@edge.test', '192.0.2.7', 'home.test', '250 2.0.0 taken'],
      )
      assert.equal(stage.lineOf('message.deferred')!['status'], '4.2.2')
    })

    it('gives nothing new out when the system leaves, and is waited for', async () => {
      const stage = await opened()
      await stage.wait('home.test', 3)
      const turn = await stage.turn('home.test')
      await take(turn, taken, 1)
      const out = turn.next()!
      const patience = new AbortController()
      const drained = stage.collection.drain(patience.signal)
      assert.deepEqual([turn.next(), await turn.more()], [undefined, false])
      await assert.rejects(stage.begin(['shop.test']), { name: 'SpoolError', fault: 'unavailable' })
      turn.done(out, taken(out), FACTS)
      await turn.end(COMPLETE)
      await drained
      assert.equal((await stage.waiting('home.test')).length, 1)
    })

    it('is ended by us when nobody else does it in time', async () => {
      const stage = await opened()
      await stage.wait('home.test', 3)
      const turn = await stage.turn('home.test')
      turn.next()
      await stage.collection.drain(AbortSignal.abort())
      assert.equal(statesOf(await stage.waiting('home.test')), 'ready ready ready')
      assert.equal(stage.lineOf('turn.ended')?.['how'], 'stopped')
    })
  })
}

describe('turns', () => {
  it('are none while the spool cannot tell, and nobody is locked out for it', async () => {
    const stage = new TurnStage()
    await stage.wait('home.test')
    const give = stage.spool.take.bind(stage.spool)
    stage.spool.take = () => Promise.reject(new Error('disk failure'))
    await assert.rejects(stage.begin(['home.test']), /disk failure/)
    stage.spool.take = give
    assert.equal((await stage.begin(['home.test'])).kind, 'begun')
  })

  it('end, with what was settled, when the spool fails in the middle', async () => {
    const stage = new TurnStage()
    await stage.wait('home.test', 150)
    const turn = await stage.turn('home.test')
    stage.spool.take = () => Promise.reject(new Error('disk failure'))
    const { length } = await take(turn)
    await turn.end(COMPLETE)
    assert.ok(length < 150)
    assert.equal((await stage.waiting('home.test')).length, 150 - length)
    assert.ok(stage.lineOf('turn.notTaken'))
  })

  it('leave nothing leased whoever asked has gone meanwhile', async () => {
    const stage = new TurnStage()
    await stage.wait('home.test')
    const gone = new AbortController()
    const request = { account: 'fetch@edge.test', domains: ['home.test'], sid: 'S', peer: '192.0.2.7' }
    const beginning = stage.collection.turns.begin(request, gone.signal)
    gone.abort()
    await assert.rejects(beginning, { name: 'AbortError' })
    assert.equal((await stage.begin(['home.test'])).kind, 'begun')
    assert.equal(stage.lineOf('turn.ended'), undefined)
  })

  it('survive a restart in the middle: what was confirmed is gone, all else is there', async () => {
    const [content, clock] = [new MemoryContentLog(), new ManualClock()]
    const file = join(root, 'restart.db')
    const open = (): Promise<Spool> => EmbeddedSpool.open({ log: content, sql: worker, file, clock })
    const stage = new TurnStage({ spool: await open(), content, clock })
    await stage.wait('home.test', 6)
    const turn = await stage.turn('home.test')
    await take(turn, taken, 2)
    turn.next()
    // Two are settled, one is on its way, three are at hand.
    for (let n = 0; n < 1_000 && (await stage.waiting('home.test')).length > 4; n++)
      await new Promise(setImmediate)
    await stage.spool.close()
    const after = new TurnStage({ spool: await open(), content, clock })
    assert.equal(statesOf(await after.waiting('home.test')), 'ready ready ready ready')
    assert.equal((await take(await after.turn('home.test'))).length, 4)
  })

  it('MOST_TURNS: no more customers than that at once, and the next one may when one has left', async () => {
    const stage = new TurnStage()
    const domains = Array.from({ length: MOST_TURNS + 1 }, (_, n) => `d${n}.test`)
    for (const domain of domains) await stage.wait(domain)
    const turns = []
    for (const domain of domains.slice(1)) turns.push(await stage.turn(domain))
    await assert.rejects(stage.begin([domains[0]!]), { name: 'SpoolError', fault: 'unavailable' })
    await turns[0]!.end()
    assert.equal((await stage.begin([domains[0]!])).kind, 'begun')
    await stage.collection.drain(AbortSignal.abort())
  })

  it('MOST_DEFERRED: a customer who defers without end is offered no more', async () => {
    const stage = new TurnStage()
    await stage.wait('home.test', MOST_DEFERRED + MOST_DEFERRED / 10)
    const turn = await stage.turn('home.test')
    let [n, later] = [0, 0]
    await take(turn, (delivery) => {
      if (n++ % 50 === 0) return taken(delivery)
      later += 1
      return deferred(delivery)
    })
    await turn.end(COMPLETE)
    assert.equal(later, MOST_DEFERRED)
  })

  it('take anew what was at hand for long, so that its lease outlasts its transaction', async () => {
    const stage = new TurnStage()
    await stage.wait('home.test', 2)
    const turn = await stage.turn('home.test')
    await take(turn, taken, 1)
    while ((await stage.waiting('home.test')).length > 1) await new Promise(setImmediate)
    stage.clock.advance(STOCK_AGE_MS + 1)
    const late = turn.next() ?? ((await turn.more()) ? turn.next()! : assert.fail('nothing comes again'))
    stage.clock.advance(LEASE_MS - STOCK_AGE_MS)
    turn.done(late, taken(late), FACTS)
    await turn.end(COMPLETE)
    assert.deepEqual(await stage.waiting('home.test'), [])
  })
})
