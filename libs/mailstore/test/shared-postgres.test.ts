import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'

import type { ContentId } from '@cartero/content'
import { MailStoreError, type AppendOutcome } from '@cartero/mailstore'
import { openPostgresMailStore, type PostgresMailStore } from '@cartero/mailstore/postgres'
import { Postgres, statement } from '@cartero/sql/postgres'
import { POSTGRES_LACKS } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

import { numbered } from './numbered.ts'
import { forgetful, inboxOf, range, sharedPostgres } from './shared-postgres.ts'

const appendedIn = (outcomes: readonly AppendOutcome[]) =>
  outcomes.flatMap((outcome) => (outcome.kind === 'appended' ? [outcome] : []))

describe('processes that share a mailstore in Postgres', { skip: POSTGRES_LACKS }, () => {
  const place = sharedPostgres()
  const { process } = place

  test('two that append to one mailbox at once share no uid, and append nothing twice', async () => {
    const stores = await Promise.all([process(), process()])
    await Promise.all(stores.map((store) => store.provision('ann')))
    const outcomes = await Promise.all(
      stores.flatMap((store) =>
        range(0, 20).map((batch) =>
          store.append(range(10 * batch, 10 * batch + 10).map((number) => numbered(number))),
        ),
      ),
    )
    const appended = appendedIn(outcomes.flat())
    assert.equal(appended.length, 200)
    assert.deepEqual(
      appended.map(({ uid }) => uid).toSorted((a, b) => a - b),
      range(1, 201),
    )
    for (const batch of outcomes) {
      const uids = appendedIn(batch).map(({ uid }) => uid)
      assert.deepEqual(
        uids,
        uids.toSorted((a, b) => a - b),
      )
    }
    const { messages, uidNext, highestModseq } = await inboxOf(stores[0])
    assert.deepEqual([messages, uidNext, highestModseq], [200, 201, 201])
  })

  test('who reads while others append never sees a uid appear below one that he has seen', async () => {
    const [one, two, reader] = await Promise.all([process(), process(), process()])
    await one.provision('ann')
    const { id } = await inboxOf(reader)
    const over = new AbortController()
    const appends = Promise.all(
      [one, two].map(async (store, nth) => {
        for (const batch of range(0, 25))
          await store.append([numbered(1000 * nth + 2 * batch), numbered(1000 * nth + 2 * batch + 1)])
      }),
    ).finally(() => over.abort())
    let [modseq, highest, looks] = [1, 0, 0]
    while (!over.signal.aborted) {
      const changes = await reader.changesSince(id, modseq)
      const uids = changes.changed.map(({ uid }) => uid)
      assert.deepEqual(uids, range(highest + 1, highest + 1 + uids.length))
      assert.equal(changes.uidNext, highest + 1 + uids.length)
      ;[modseq, highest, looks] = [changes.highestModseq, changes.uidNext - 1, looks + 1]
    }
    await appends
    assert.ok(looks > 2)
    assert.equal((await inboxOf(reader)).messages, 100)
  })

  test('two that deliver into many accounts in opposite orders do not lock each other out', async () => {
    const stores = await Promise.all([process(), process()])
    const accounts = range(0, 20).map((n) => `user${n}`)
    await Promise.all(accounts.map((account) => stores[0].provision(account)))
    const batches = [accounts, accounts.toReversed()]
    const outcomes = await Promise.all(
      stores.flatMap((store, nth) =>
        range(0, 10).map((round) =>
          store.append(
            batches[nth]!.map((account) => ({
              ...numbered(round),
              account,
              idempotencyKey: `${nth} ${round}`,
            })),
          ),
        ),
      ),
    )
    assert.equal(appendedIn(outcomes.flat()).length, 400)
  })

  test('copies and moves in opposite directions do not lock each other out', async () => {
    const stores = await Promise.all([process(), process()])
    await stores[0].provision('ann')
    await stores[0].append(range(0, 20).map((number) => numbered(number)))
    await stores[0].append(range(20, 40).map((number) => ({ ...numbered(number), mailbox: 'Archive' })))
    const [inbox, archive] = [await inboxOf(stores[0]), await inboxOf(stores[0], 'ann', 'Archive')]
    await Promise.all(
      range(1, 21).flatMap((uid) => [
        stores[0].copy(inbox.id, [uid], 'ann', 'Archive'),
        stores[1].copy(archive.id, [uid], 'ann', 'INBOX'),
        stores[0].move(archive.id, [uid], 'ann', 'INBOX'),
        stores[1].move(inbox.id, [uid], 'ann', 'Archive'),
      ]),
    )
    const usage = await stores[0].usage('ann')
    const held = await Promise.all(['INBOX', 'Archive'].map((name) => inboxOf(stores[1], 'ann', name)))
    assert.equal(usage?.messages, held[0]!.messages + held[1]!.messages)
    assert.ok(usage.messages > 40)
  })

  test('two that deliver to one account do not exceed its quota together', async () => {
    const stores = await Promise.all([process(), process()])
    await stores[0].provision('ann')
    await stores[0].setQuota('ann', 1_000)
    const letters = range(0, 30).map((number) => ({ ...numbered(number), size: 90 }))
    const outcomes = await Promise.all(
      letters.map((each, at) =>
        stores[at % 2]!.append([{ ...each, mailbox: at % 3 === 0 ? 'Junk' : 'INBOX' }]),
      ),
    )
    assert.equal(appendedIn(outcomes.flat()).length, 11)
    assert.equal((await stores[0].usage('ann'))?.octets, 990)
  })

  test('two that make the same account, or the same mailbox, make it once', async () => {
    const stores = await Promise.all([process(), process()])
    await Promise.all([...stores, ...stores].map((store) => store.provision('ann')))
    assert.equal((await stores[0].mailboxes('ann')).length, 6)
    const outcomes = await Promise.all(
      range(0, 10).map((number) =>
        stores[number % 2]!.append([{ ...numbered(number), mailbox: 'Lists/nodejs', create: true }]),
      ),
    )
    assert.equal(new Set(appendedIn(outcomes.flat()).map(({ mailbox }) => mailbox)).size, 1)
    assert.equal((await stores[0].mailboxes('ann')).length, 8)
  })

  test('an account that is removed while mail comes for it is removed whole', async () => {
    const stores = await Promise.all([process(), process()])
    await stores[0].provision('ann')
    const appends = range(0, 20).map((number) => stores[0].append([numbered(number)]))
    await stores[1].removeAccount('ann')
    await Promise.all(appends)
    assert.deepEqual(await stores[0].mailboxes('ann'), [])
    assert.deepEqual(await stores[0].append([numbered(50)]), [{ kind: 'noAccount' }])
  })

  test('who asks by the id of a mailbox that another process told of is answered', async () => {
    const [one, two] = [await process(), await process()]
    await one.provision('ann')
    const { id } = await inboxOf(one)
    await one.append([numbered(1)])
    const flagged = await two.changeFlags(id, [1], 'add', ['\\Deleted'])
    assert.equal(flagged.changed.length, 1)
    assert.deepEqual((await two.expunge(id)).vanished, [1])
    await assert.rejects(two.open(id + 1_000_000), { fault: 'noMailbox' })
  })

  test('keys that have expired are pruned on the way, and those that live are not', async () => {
    const clock = new ManualClock()
    const store = await process({ clock, limits: { keyLifetime: 1_000 } })
    await store.provision('ann')
    await store.append(range(0, 600).map((number) => numbered(number)))
    clock.advance(2_000)
    await store.append(range(600, 1_200).map((number) => numbered(number)))
    const [, database] = place.opened[0]!
    const left = statement('SELECT COUNT(*)::int AS count FROM delivered')
    const count = async () => (await database.rows<{ count: number }>(left))[0]?.count ?? 0
    for (let patience = 0; patience < 500 && (await count()) > 600; patience++) await turn()
    assert.equal(await count(), 600)
    assert.deepEqual(await store.append([numbered(700)]), [{ kind: 'duplicate' }])
  })

  test(
    'a server that is killed and comes back has what was answered, and takes the rest with its key',
    { timeout: 60_000 },
    async () => {
      const [one, two] = [await process(), await process()]
      await one.provision('ann')
      const answered = new Map<number, number>()
      const open = new Set(range(0, 600))
      let failures = 0
      const deliver = async (store: PostgresMailStore, mine: (number: number) => boolean) => {
        for (;;) {
          const batch = [...open].filter(mine).slice(0, 5)
          if (batch.length === 0) return
          try {
            const outcomes = await store.append(batch.map((number) => numbered(number)))
            for (const [at, outcome] of outcomes.entries()) {
              const number = batch[at]!
              open.delete(number)
              if (outcome.kind === 'appended') answered.set(number, outcome.uid)
              else assert.equal(outcome.kind, 'duplicate')
            }
          } catch (error) {
            assert.ok(error instanceof MailStoreError && error.fault === 'unavailable', String(error))
            failures++
            await turn()
          }
        }
      }
      const delivering = Promise.all([
        deliver(one, (number) => number % 2 === 0),
        deliver(two, (number) => number % 2 === 1),
      ])
      for (const left of [400, 150]) {
        while (open.size > left) await turn()
        await place.server.kill()
        await place.server.resume()
      }
      await delivering
      assert.ok(failures > 0)
      const { mailbox, rows } = await one.open((await inboxOf(one)).id)
      assert.equal(rows.length, 600)
      const messages = await one.fetch(
        mailbox.id,
        rows.map(({ uid }) => uid),
      )
      assert.equal(new Set(messages.map(({ content }) => content)).size, 600)
      const contents = new Map(messages.map(({ uid, content }) => [uid, content]))
      for (const [number, uid] of answered) assert.equal(contents.get(uid), `letter-${number}` as ContentId)
    },
  )

  test('a mailstore that nobody migrated is refused in words', async () => {
    const database = new Postgres({ url: place.server.url, schema: 'nothing_here' })
    await assert.rejects(openPostgresMailStore({ database, news: forgetful }), /cartero migrate/)
    await database.close()
  })
})
