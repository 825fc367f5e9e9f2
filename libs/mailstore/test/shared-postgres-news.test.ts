import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import type { NewsBoard } from '@cartero/bus'
import { LocalNews } from '@cartero/bus/memory'
import type { MailboxNews } from '@cartero/mailstore'
import { CATCH_UP_INTERVAL, NEWS_SHARDS, newsSubject } from '@cartero/mailstore/postgres'
import { POSTGRES_LACKS } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { numbered } from './numbered.ts'
import { forgetful, inboxOf, range, sharedPostgres } from './shared-postgres.ts'

describe('news of a mailstore in Postgres', { skip: POSTGRES_LACKS }, () => {
  const { process } = sharedPostgres()

  /** Gathers news until so many were told. */
  function gather() {
    const told: MailboxNews[] = []
    const events = new EventTarget()
    const listener = (news: MailboxNews) => {
      told.push(news)
      events.dispatchEvent(new Event('news'))
    }
    const atLeast = async (count: number) => {
      while (told.length < count) await once(events, 'news')
      return told
    }
    return { told, listener, atLeast }
  }

  test('IMAP in another process hears of mail, flags and mailboxes', { timeout: 20_000 }, async () => {
    const news = new LocalNews()
    const [mda, imap] = [await process({ news }), await process({ news })]
    await mda.provision('ann')
    const { id } = await inboxOf(mda)
    const { told, listener, atLeast } = gather()
    imap.watch('ann', listener, new AbortController().signal)
    await mda.append([numbered(1), numbered(2)])
    await atLeast(1)
    assert.deepEqual(told, [{ account: 'ann', mailbox: id, kind: 'messages' }])
    await mda.changeFlags(id, [1], 'add', ['\\Seen'])
    await atLeast(2)
    const box = await mda.createMailbox('ann', 'Box')
    await atLeast(3)
    assert.deepEqual(told.at(-1), { account: 'ann', mailbox: box.id, kind: 'list' })
  })

  test('a process listens for its own sessions only, and no longer than they last', async () => {
    const heard = new Set<string>()
    const board: NewsBoard = {
      tell: () => undefined,
      hear: (subject, _, signal) => {
        heard.add(subject)
        signal.addEventListener('abort', () => heard.delete(subject))
      },
    }
    const imap = await process({ news: board })
    const sessions = [new AbortController(), new AbortController()]
    for (const { signal } of sessions) imap.watch('ann', () => undefined, signal)
    assert.deepEqual([...heard], [newsSubject('ann')])
    sessions[0]!.abort()
    assert.equal(heard.size, 1)
    sessions[1]!.abort()
    assert.equal(heard.size, 0)
  })

  test('a delivery to many accounts is told in small bodies', async () => {
    const told: [subject: string, octets: number][] = []
    const board: NewsBoard = {
      tell: (subject, body) => void told.push([subject, body?.length ?? 0]),
      hear: () => undefined,
    }
    const mda = await process({ news: board })
    const accounts = range(0, 200).map((n) => `user${n}`)
    await Promise.all(accounts.map((account) => mda.provision(account)))
    told.length = 0
    await mda.append(accounts.flatMap((account) => range(0, 3).map((n) => ({ ...numbered(n), account }))))
    assert.ok(told.every(([subject, octets]) => /^mailbox\.\d+$/.test(subject) && octets <= 1_000))
    assert.ok(told.length > NEWS_SHARDS / 2 && told.length <= 2 * NEWS_SHARDS)
  })

  test(
    'what no news told of is found by the next look, and nobody is told of nothing',
    { timeout: 20_000 },
    async () => {
      const clock = new ManualClock()
      const [mda, imap] = [await process({ news: forgetful }), await process({ news: forgetful, clock })]
      await mda.provision('ann')
      await mda.provision('ben')
      const { id } = await inboxOf(mda)
      const [ann, ben] = [gather(), gather()]
      imap.watch('ann', ann.listener, new AbortController().signal)
      imap.watch('ben', ben.listener, new AbortController().signal)
      const look = async () => {
        clock.advance(CATCH_UP_INTERVAL)
        // The look is a question to the database: this one is answered after it, as it has to wait for a connection in no case.
        for (const _ of range(0, 20)) await imap.usage('ann')
        await turn()
      }
      // Who has just come is told once, whatever he knows.
      await look()
      await ann.atLeast(1)
      await ben.atLeast(1)
      ann.told.length = ben.told.length = 0
      await mda.append([numbered(1)])
      await look()
      await ann.atLeast(1)
      assert.ok(ann.told.some(({ mailbox, kind }) => mailbox === id && kind === 'messages'))
      assert.deepEqual(ben.told, [])
      ann.told.length = 0
      await look()
      assert.deepEqual(ann.told, [])
      const { id: trash } = await inboxOf(mda, 'ann', 'Trash')
      await mda.deleteMailbox('ann', 'Trash')
      await look()
      await ann.atLeast(1)
      assert.ok(ann.told.some(({ mailbox, kind }) => mailbox === trash && kind === 'list'))
    },
  )

  test('what others say on our subjects does no harm', { timeout: 20_000 }, async () => {
    const news = new LocalNews()
    const [mda, imap] = [await process({ news }), await process({ news })]
    await mda.provision('ann')
    const { listener, atLeast, told } = gather()
    imap.watch('ann', listener, new AbortController().signal)
    for (const body of ['', 'null', '{"by":1}', '{"by":"x","news":[1,[]]}', '{"by":"x","news":{}}'])
      news.tell(newsSubject('ann'), Buffer.from(body))
    await mda.append([numbered(1)])
    await atLeast(1)
    assert.equal(told.length, 1)
  })
})
