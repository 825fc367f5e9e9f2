// What waits for customers does not wait for ever, nor without bound, nor without a word.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sentenceOf } from '@cartero/spool/notices'
import { COLLECTIONS_AGE_MS, COUNTERS_AGE_MS, NOTICE_PAUSE_MS, SWEEP_MS } from '../../src/turns/limits.ts'
import { COMPLETE, deferred, LETTER, SIGNAL, take, TurnStage } from './turn-stage.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A stage whose keeper looks as time goes by. */
class KeptStage extends TurnStage {
  readonly #over = new AbortController()
  #running: Promise<void> = Promise.resolve()

  async start(): Promise<void> {
    this.#running = this.collection.run(this.#over.signal)
    await this.quiet()
  }

  async quiet(): Promise<void> {
    for (let n = 0; n < 40; n++) await new Promise(setImmediate)
  }

  /** The keeper looks once an hour at most. */
  async pass(milliseconds: number, step = HOUR): Promise<void> {
    for (let left = milliseconds; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left))
      await this.quiet()
    }
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#running
    await this.spool.close()
  }

  /** Letters to contacts, as they were written. */
  async letters(): Promise<string[]> {
    const { deliveries } = await this.spool.list({ sender: '<>' }, { limit: 10 })
    const views = await Promise.all(deliveries.map(({ queueId }) => this.spool.show(queueId)))
    return await Promise.all(views.map(async (view) => (await this.content.read(view!.content)).toString()))
  }
}

async function kept(settings: ConstructorParameters<typeof TurnStage>[0] = {}): Promise<KeptStage> {
  const stage = new KeptStage(settings)
  await stage.customer('home.test')
  return stage
}

describe('mail that nobody comes for', () => {
  it('goes back to its sender when its time is over, in words that say where it was, and not before', async () => {
    const stage = await kept({ settings: { keep: 30 * DAY } })
    await stage.wait('home.test')
    await stage.start()
    await stage.pass(30 * DAY - HOUR)
    assert.equal((await stage.waiting('home.test')).length, 1)
    await stage.pass(2 * HOUR)
    assert.deepEqual(await stage.waiting('home.test'), [])
    const [delivery] = await stage.spool.take('home.test', 1, { owner: 'relay', expiresIn: DAY })
    assert.deepEqual(sentenceOf(delivery!), {
      kind: 'failed',
      status: '5.4.7',
      reason:
        'it could not be delivered for too long; the server of home.test has not collected it in 30 days',
      isUnattempted: true,
    })
    assert.deepEqual([stage.lineOf('mta.collected.expired')?.['deliveries']], [1])
    await stage.stop()
  })

  it('has the time that was agreed with its customer, and the younger stays', async () => {
    const stage = await kept({ settings: { keep: 30 * DAY } })
    await stage.customer('cabin.test', { keepSeconds: 12n * 3_600n })
    await stage.wait('home.test')
    await stage.wait('cabin.test')
    await stage.start()
    await stage.pass(11 * HOUR)
    await stage.wait('cabin.test')
    await stage.pass(2 * HOUR)
    assert.equal((await stage.waiting('cabin.test')).length, 1)
    assert.equal((await stage.waiting('home.test')).length, 1)
    const [delivery] = await stage.spool.take('cabin.test', 5, { owner: 'relay', expiresIn: DAY })
    assert.match(sentenceOf(delivery!)!.reason, /has not collected it in 12 hours$/)
    await stage.stop()
  })

  it('goes back too when the customer keeps deferring it', async () => {
    const stage = await kept({ settings: { keep: 2 * DAY } })
    await stage.wait('home.test')
    await stage.start()
    await stage.pass(47 * HOUR)
    const turn = await stage.turn('home.test')
    await take(turn, deferred)
    await turn.end(COMPLETE)
    await stage.pass(2 * HOUR)
    assert.deepEqual(await stage.waiting('home.test'), [])
    await stage.stop()
  })

  it('is not counted as old for the time that its sender held it back', async () => {
    const stage = await kept({ settings: { keep: 2 * DAY } })
    await stage.wait('home.test', 1, { holdUntil: stage.clock.now() + 3 * DAY })
    await stage.start()
    await stage.pass(4 * DAY)
    assert.equal((await stage.waiting('home.test')).length, 1)
    await stage.pass(DAY + 2 * HOUR)
    assert.deepEqual(await stage.waiting('home.test'), [])
    await stage.stop()
  })

  it('stays where an operator holds it, and while it is on its way to the customer', async () => {
    const stage = await kept({ settings: { keep: DAY } })
    await stage.wait('home.test', 2)
    const [first] = await stage.waiting('home.test')
    for await (const _ of stage.spool.change(
      { ids: [first!.id] },
      { kind: 'hold', reason: 'court' },
      SIGNAL,
    ));
    await stage.start()
    await stage.pass(DAY - HOUR)
    const turn = await stage.turn('home.test')
    turn.next()
    await stage.pass(2 * HOUR)
    const states = (await stage.waiting('home.test')).map(({ state }) => state)
    assert.deepEqual(states, ['held', 'leased'])
    await turn.end()
    await stage.pass(HOUR)
    assert.deepEqual(
      (await stage.waiting('home.test')).map(({ state }) => state),
      ['held'],
    )
    await stage.stop()
  })

  it('is looked for only when counters say that something is old enough, and once an hour then', async () => {
    const stage = await kept({ settings: { keep: DAY } })
    await stage.wait('home.test')
    let looks = 0
    const list = stage.spool.list.bind(stage.spool)
    await stage.start()
    stage.spool.list = (filter, page) => {
      looks += 1
      return list(filter, page)
    }
    await stage.pass(DAY - HOUR, SWEEP_MS)
    assert.equal(looks, 0)
    const turn = await stage.turn('home.test')
    turn.next()
    await stage.pass(2 * HOUR, SWEEP_MS)
    // Ready ones and deferred ones, in each of the two hours; a lease lasts for three.
    assert.equal(looks, 4)
    await turn.end()
    await stage.stop()
  })

  it('goes back even when its domain has no customer any more', async () => {
    const stage = await kept({ settings: { keep: DAY } })
    await stage.wait('gone.test')
    await stage.start()
    await stage.pass(DAY + HOUR)
    assert.deepEqual(await stage.waiting('gone.test'), [])
    await stage.stop()
  })

  it('is counted for the operator, all customers together', async () => {
    const stage = await kept()
    await stage.wait('home.test', 3)
    await stage.wait('cabin.test', 1)
    await stage.start()
    const { text } = await stage.metrics.exposition()
    assert.match(text, /^cartero_mta_collected_deliveries 4$/m)
    assert.match(text, new RegExp(`^cartero_mta_collected_bytes ${4 * LETTER.length}$`, 'm'))
    assert.match(text, /^cartero_mta_collected_domains 2$/m)
    await stage.stop()
  })

  it('is kept on when the spool or the directory fails at a look, and seen to at the next', async () => {
    const stage = await kept({ settings: { keep: DAY } })
    await stage.wait('home.test')
    await stage.pass(DAY + HOUR)
    const uncollected = stage.spool.uncollected.bind(stage.spool)
    stage.spool.uncollected = () => Promise.reject(new Error('disk failure'))
    await stage.start()
    assert.ok(stage.lineOf('mta.collected.uncounted'))
    stage.spool.uncollected = uncollected
    await stage.pass(SWEEP_MS)
    assert.deepEqual(await stage.waiting('home.test'), [])
    await stage.stop()
  })
})

describe('room for more', () => {
  it('ends with the quota of a domain, and is there again when the customer has been here', async () => {
    const stage = await kept({ settings: { quota: 2 * LETTER.length } })
    await stage.customer('cabin.test', { quota: 1_000_000n })
    const { room } = stage.collection
    await stage.wait('home.test')
    await stage.wait('cabin.test', 5)
    assert.equal(await room.hasRoom('home.test'), true)
    await stage.wait('home.test')
    stage.clock.advance(COUNTERS_AGE_MS)
    assert.equal(await room.hasRoom('home.test'), false)
    assert.equal(await room.hasRoom('cabin.test'), true)
    await take(await stage.turn('home.test'))
    for (let n = 0; n < 10; n++) await new Promise(setImmediate)
    stage.clock.advance(COUNTERS_AGE_MS)
    assert.equal(await room.hasRoom('home.test'), true)
  })

  it('is answered at once, without a question for each recipient', async () => {
    const stage = await kept()
    let questions = 0
    const uncollected = stage.spool.uncollected.bind(stage.spool)
    stage.spool.uncollected = () => {
      questions += 1
      return uncollected()
    }
    const { room } = stage.collection
    await Promise.all(Array.from({ length: 50 }, async () => await room.hasRoom('home.test')))
    for (let n = 0; n < 50; n++) assert.equal(room.hasRoom('home.test'), true)
    assert.equal(questions, 1)
  })

  it('is what the directory says now, not what it said at the start', async () => {
    const stage = await kept()
    const { room } = stage.collection
    await stage.wait('home.test', 3)
    assert.equal(await room.hasRoom('home.test'), true)
    await stage.customer('home.test', { quota: BigInt(2 * LETTER.length) })
    stage.clock.advance(COLLECTIONS_AGE_MS)
    assert.equal(await room.hasRoom('home.test'), false)
  })

  it('is there when nothing can be counted: mail is not refused for a question that failed', async () => {
    const stage = await kept({ settings: { quota: 1 } })
    stage.spool.uncollected = () => Promise.reject(new Error('disk failure'))
    assert.equal(await stage.collection.room.hasRoom('home.test'), true)
    assert.ok(stage.lineOf('mta.collected.uncounted'))
  })
})

describe('the contact of a customer', () => {
  const contact = 'root@far.test'
  const notifyAfter = { messages: 3, octets: 0, age: 0 }

  it('is told that much waits, since when, and how to fetch it', async () => {
    const stage = await kept({ settings: { notifyAfter } })
    await stage.customer('home.test', { contact })
    await stage.wait('home.test', 3)
    await stage.start()
    const [letter, ...others] = await stage.letters()
    assert.deepEqual(others, [])
    assert.match(letter!, /^To: <root@far\.test>\r$/m)
    assert.match(letter!, /^Subject: Mail for home\.test is waiting to be fetched\r$/m)
    assert.match(letter!, /^Auto-Submitted: auto-generated\r$/m)
    assert.match(letter!, /^ {2}Messages: {6}3\r$/m)
    assert.match(letter!, /^ {2}Oldest since: {2}2026-01-01 00:00 UTC\r$/m)
    assert.match(letter!, /calls mx\.edge\.test on port 366/)
    assert.match(letter!, /logs in as fetch@edge\.test/)
    assert.match(letter!, /within 30 days goes back/)
    const { deliveries } = await stage.spool.list({ sender: '<>' }, { limit: 1 })
    assert.deepEqual(deliveries[0]!.recipients, [contact])
    assert.equal(stage.lineOf('notice.sent')?.['to'], contact)
    await stage.stop()
  })

  it('is told once, and again only when there was less in between, a day later at the earliest', async () => {
    const stage = await kept({ settings: { notifyAfter } })
    await stage.customer('home.test', { contact })
    await stage.wait('home.test', 3)
    await stage.start()
    await stage.pass(3 * DAY)
    assert.equal((await stage.letters()).length, 1)
    for (const expected of [2, 2, 3]) {
      const turn = await stage.turn('home.test')
      await take(turn)
      await turn.end(COMPLETE)
      await stage.pass(2 * SWEEP_MS, SWEEP_MS)
      await stage.wait('home.test', 3)
      await stage.pass(expected === 3 ? NOTICE_PAUSE_MS : 2 * SWEEP_MS, SWEEP_MS * 10)
      assert.equal((await stage.letters()).length, expected)
    }
    await stage.stop()
  })

  it('is told when the oldest has waited for long, or when it is many octets; 0 is never', async () => {
    for (const [wish, waited] of [
      [{ messages: 0, octets: 0, age: 2 * DAY }, 2 * DAY + HOUR],
      [{ messages: 0, octets: 2 * LETTER.length, age: 0 }, SWEEP_MS],
    ] as const) {
      const stage = await kept({ settings: { notifyAfter: wish } })
      await stage.customer('home.test', { contact })
      await stage.wait('home.test')
      await stage.start()
      assert.equal((await stage.letters()).length, 0)
      if (wish.octets > 0) await stage.wait('home.test')
      await stage.pass(waited)
      assert.equal((await stage.letters()).length, 1)
      await stage.stop()
    }
    const stage = await kept({ settings: { notifyAfter: { messages: 0, octets: 0, age: 0 } } })
    await stage.customer('home.test', { contact })
    await stage.wait('home.test', 50)
    await stage.start()
    await stage.pass(20 * DAY)
    assert.equal((await stage.letters()).length, 0)
    await stage.stop()
  })

  it('is told at the next look when it could not be written', async () => {
    const stage = await kept({ settings: { notifyAfter } })
    await stage.customer('home.test', { contact })
    await stage.wait('home.test', 3)
    const begin = stage.spool.begin.bind(stage.spool)
    stage.spool.begin = () => {
      throw new Error('disk failure')
    }
    await stage.start()
    assert.equal((await stage.letters()).length, 0)
    stage.spool.begin = begin
    await stage.pass(SWEEP_MS)
    assert.equal((await stage.letters()).length, 1)
    await stage.stop()
  })
})
