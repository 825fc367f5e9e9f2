import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { Journal, JourneyEvent } from '../index.ts'

/** Makes an empty journal for one test; the suite closes it. */
export type Setup = () => Promise<Journal>

const AT = Date.UTC(2026, 0, 1)
const signal = AbortSignal.timeout(60_000)

export function describeJournal(name: string, setup: Setup): void {
  describe(`${name} as a journal`, () => {
    let journal: Journal
    beforeEach(async () => {
      journal = await setup()
    })
    afterEach(() => journal.close())

    const names = async (key: string, limit = 100): Promise<string[]> =>
      (await journal.find({ key, limit }, signal)).map(({ event }) => event)

    it('gives back an event as it was told', async () => {
      const told = event('message.relayed', {
        qid: 'Q1',
        to: 'bob@example.org',
        reply: '250 2.0.0 Ok',
        delay: 0.2,
      })
      journal.tell(told)
      assert.deepEqual(await journal.find({ key: 'Q1', limit: 10 }, signal), [told])
    })

    it('finds by every key, at once', async () => {
      const fields = {
        qid: '01K3MQ7RT9V4XB2C',
        about: '01K3MQ7RT9V4XB2A',
        msgid: '<One.Two@example.org>',
        from: 'Alice@Example.org',
        to: ['bob@example.net', 'Carol@example.net'],
        peer: '2001:db8::7',
      }
      journal.tell(event('message.received', fields))
      for (const key of [fields.qid, fields.about, fields.msgid, fields.from, ...fields.to, fields.peer])
        assert.deepEqual(await names(key), ['message.received'], key)
    })

    it('finds an address and a Message-ID however they are written', async () => {
      journal.tell(event('message.received', { msgid: '<One@example.org>', from: 'Ärger@bücher.example' }))
      for (const key of ['one@EXAMPLE.org', '<One@example.org>', ' <ärger@BÜCHER.example> '])
        assert.deepEqual(await names(key), ['message.received'], key)
    })

    it('finds nothing that only looks like it, and nothing for no key', async () => {
      journal.tell(
        event('message.received', { from: '', to: ['bob@example.org', ''], helo: 'alice@example.org' }),
      )
      for (const key of ['ob@example.org', 'bob@example.or', 'alice@example.org', '', '<>'])
        assert.deepEqual(await names(key), [], key)
    })

    it('tells an event once that bears a key twice', async () => {
      journal.tell(
        event('message.received', { from: 'a@example.org', to: ['a@example.org', 'A@example.org'] }),
      )
      assert.deepEqual(await names('a@example.org'), ['message.received'])
    })

    it('tells the oldest first, and of too many the newest', async () => {
      for (let i = 0; i < 50; i++) journal.tell(event(`message.n${i}`, { to: 'bob@example.org' }, AT + i))
      assert.deepEqual(await names('bob@example.org', 3), ['message.n47', 'message.n48', 'message.n49'])
      assert.equal((await names('bob@example.org')).length, 50)
    })

    it('leaves out what was before the time that is asked about', async () => {
      for (let i = 0; i < 5; i++) journal.tell(event(`message.n${i}`, { qid: 'Q' }, AT + i))
      const found = await journal.find({ key: 'Q', since: AT + 3, limit: 10 }, signal)
      assert.deepEqual(
        found.map(({ at }) => at),
        [AT + 3, AT + 4],
      )
    })

    it('keeps values that would end a line, or steer a terminal, as they are', async () => {
      const hostile =
        'a\n{"at":1,"event":"forged","agent":"","fields":{}}\r\n\u0000\u001b[2J\u009b\u2028\ud800"\\@example.org'
      journal.tell(event('message.rejected', { to: hostile, helo: hostile }))
      const [found] = await journal.find({ key: hostile, limit: 10 }, signal)
      assert.equal(found?.fields['to'], hostile)
      assert.deepEqual(await names('forged'), [])
    })

    it('takes what it cannot keep without a word, and counts it', async () => {
      const loop: Record<string, unknown> = { qid: 'Q' }
      loop['loop'] = loop
      journal.tell(event('message.circular', loop))
      journal.tell(event('message.big', { qid: 'Q', size: 1n }))
      journal.tell(event('message.good', { qid: 'Q' }))
      assert.deepEqual(await names('Q'), ['message.good'])
      assert.equal(journal.dropped, 2)
    })

    it('keeps a hundred tellers apart', async () => {
      const tellers = Array.from({ length: 100 }, async (_, teller) => {
        for (let i = 0; i < 20; i++) {
          journal.tell(event(`message.n${i}`, { qid: `Q${teller}`, to: ['all@example.org'] }))
          if (i % 7 === teller % 7) await new Promise(setImmediate)
        }
      })
      await Promise.all(tellers)
      const expected = Array.from({ length: 20 }, (_, i) => `message.n${i}`)
      for (let teller = 0; teller < 100; teller++) assert.deepEqual(await names(`q${teller}`), expected)
      assert.equal((await names('all@example.org', 5_000)).length, 2_000)
      assert.equal(journal.dropped, 0)
    })

    it('gives up a search when nobody waits for it', async () => {
      journal.tell(event('message.received', { qid: 'Q' }))
      await assert.rejects(journal.find({ key: 'Q', limit: 1 }, AbortSignal.abort(new Error('gone'))), /gone/)
    })

    it('counts what it is told when it is closed', async () => {
      await journal.close()
      journal.tell(event('message.received', { qid: 'Q' }))
      assert.equal(journal.dropped, 1)
    })
  })
}

function event(name: string, fields: JourneyEvent['fields'], at: number = AT): JourneyEvent {
  return { at, event: name, agent: 'mta', fields }
}
