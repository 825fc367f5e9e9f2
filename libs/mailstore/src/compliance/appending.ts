import assert from 'node:assert/strict'

import { assertCounted, find, idOf, letter, namesOf, post, refuses, uidsIn, type Trial } from './scene.ts'

const kinds = (outcomes: readonly { kind: string }[]) => outcomes.map(({ kind }) => kind)

export function appending(trial: Trial): void {
  trial('what was appended comes back as it was given', async ({ store }) => {
    const given = letter({ flags: ['\\seen', '$Forwarded', '\\Draft'], internalDate: 981_173_106_000 })
    await store.append([given])
    const [message] = await store.fetch(await idOf(store), [1])
    assert.ok(message)
    assert.deepEqual([...message.flags].toSorted(), ['$Forwarded', '\\Draft', '\\Seen'])
    assert.deepEqual(message.index, given.index)
    assert.ok(Buffer.isBuffer(message.prefix) && message.prefix.equals(given.prefix))
    assert.deepEqual(
      [message.content, message.size, message.internalDate],
      [given.content, given.size, given.internalDate],
    )
  })

  trial('octets of a prefix are not taken for text', async ({ store }) => {
    const prefixes = [Buffer.alloc(0), Buffer.from([0, 255, 128, 13, 10]), Buffer.alloc(70_000, 200)]
    await post(store, ...prefixes.map((prefix) => ({ prefix })))
    const messages = await store.fetch(await idOf(store), [1, 2, 3])
    assert.deepEqual(
      messages.map(({ prefix }) => prefix),
      prefixes,
    )
  })

  trial('uids and modseqs of one batch ascend without a gap or repetition', async ({ store }) => {
    const first = await post(store, {}, { mailbox: 'Junk' }, {}, {})
    const second = await post(store, {})
    assert.deepEqual(
      [...first, ...second].map(({ uid, modseq }) => [uid, modseq]),
      [
        [1, 2],
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
      ],
    )
    const { uidNext, highestModseq } = await find(store)
    assert.deepEqual([uidNext, highestModseq], [5, 5])
    await assertCounted(store)
  })

  trial('appends made at once never share a uid', async ({ store }) => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => post(store, {})))
    const uids = outcomes.flat().map(({ uid }) => uid)
    assert.deepEqual(
      uids,
      Array.from({ length: 50 }, (_, at) => at + 1),
    )
  })

  trial('an open between appends sees each message once', async ({ store }) => {
    const mailbox = await idOf(store)
    const racing = [post(store, {}), store.open(mailbox), post(store, {}, {}), store.open(mailbox)] as const
    const [, one, , all] = await Promise.all(racing)
    assert.deepEqual([one.rows.length, all.rows.map(({ uid }) => uid)], [1, [1, 2, 3]])
  })

  trial('one refusal does not touch the others', async ({ store }) => {
    const outcomes = await store.append([
      letter(),
      letter({ mailbox: 'None' }),
      letter({ account: 'nobody' }),
      letter({ mailbox: 'a//b', create: true }),
      letter(),
    ])
    assert.deepEqual(kinds(outcomes), ['appended', 'noMailbox', 'noAccount', 'noMailbox', 'appended'])
    assert.deepEqual(await uidsIn(store), [1, 2])
  })

  trial('all or nothing keeps nothing when the last is refused', async ({ store }) => {
    const batch = [letter(), letter({ mailbox: 'New/Box', create: true }), letter({ mailbox: 'None' })]
    const outcomes = await store.append(batch, { allOrNothing: true })
    assert.deepEqual(kinds(outcomes), ['noMailbox', 'noMailbox', 'noMailbox'])
    const { uidNext, highestModseq, messages } = await find(store)
    assert.deepEqual([uidNext, highestModseq, messages], [1, 1, 0])
    assert.equal(await store.mailbox('ann', 'New'), undefined)
  })

  trial('a key of a batch that was all undone is not taken for used', async ({ store }) => {
    const keyed = letter({ idempotencyKey: 'k' })
    await store.append([keyed, letter({ mailbox: 'None' })], { allOrNothing: true })
    assert.deepEqual(kinds(await store.append([keyed], { allOrNothing: true })), ['appended'])
  })

  trial('all or nothing appends all, and a duplicate is no refusal', async ({ store }) => {
    await post(store, { idempotencyKey: 'k' })
    const batch = [
      letter(),
      letter({ idempotencyKey: 'k' }),
      letter({ idempotencyKey: 'n' }),
      letter({ idempotencyKey: 'n' }),
    ]
    const outcomes = await store.append(batch, { allOrNothing: true })
    assert.deepEqual(kinds(outcomes), ['appended', 'duplicate', 'appended', 'duplicate'])
  })

  trial('all or nothing counts the quota over the whole batch', async ({ store }) => {
    await store.setQuota('ann', 5000)
    const half = { size: 2501 }
    const outcomes = await store.append([letter(half), letter(half)], { allOrNothing: true })
    assert.deepEqual(kinds(outcomes), ['overQuota', 'overQuota'])
    assert.equal((await store.usage('ann'))?.octets, 0)
  })

  trial('a mailbox is created, with its parents, only when asked for', async ({ store }) => {
    assert.deepEqual(kinds(await store.append([letter({ mailbox: 'Lists/nodejs' })])), ['noMailbox'])
    await post(store, { mailbox: 'Lists/nodejs', create: true }, { mailbox: 'Lists/nodejs', create: true })
    assert.deepEqual(await uidsIn(store, 'Lists/nodejs'), [1, 2])
    assert.deepEqual(await uidsIn(store, 'Lists'), [])
  })

  trial('INBOX is found however it is spelled', async ({ store }) => {
    await post(store, { mailbox: 'inbox' }, { mailbox: 'InBox' })
    assert.deepEqual(await uidsIn(store), [1, 2])
  })

  trial('an account over its quota refuses, and takes again what fits', async ({ store }) => {
    await store.setQuota('ann', 1000)
    const outcomes = await store.append([600, 401, 400, 1].map((size) => letter({ size })))
    assert.deepEqual(kinds(outcomes), ['appended', 'overQuota', 'appended', 'overQuota'])
    assert.deepEqual(await store.usage('ann'), { octets: 1000, messages: 2, quota: 1000 })
    await store.setQuota('ann', 0)
    await post(store, {})
    assert.deepEqual(kinds(await store.append([letter({ account: 'ben' })])), ['appended'])
  })

  trial(
    'uids do not wrap around',
    async ({ store }) => {
      const outcomes = await store.append([letter(), letter(), letter()])
      assert.deepEqual(kinds(outcomes), ['appended', 'appended', 'overQuota'])
      const { id, uidNext } = await find(store)
      assert.equal(uidNext, 3)
      await post(store, { mailbox: 'Sent' })
      await refuses(store.copy(await idOf(store, 'Sent'), [1], 'ann', 'INBOX'), 'overQuota')
      await refuses(store.move(id, [1], 'ann', 'INBOX'), 'overQuota')
      const all = await store.append([letter({ mailbox: 'Sent' }), letter({ mailbox: 'Sent' })], {
        allOrNothing: true,
      })
      assert.deepEqual(kinds(all), ['overQuota', 'overQuota'])
    },
    { lastUid: 2 },
  )

  trial(
    'CREATE by append stops at the limit of mailboxes',
    async ({ store }) => {
      const outcomes = await store.append([
        letter({ mailbox: 'a/b', create: true }),
        letter({ mailbox: 'a', create: true }),
        letter({ mailbox: 'b', create: true }),
      ])
      assert.deepEqual(kinds(outcomes), ['noMailbox', 'appended', 'noMailbox'])
      assert.equal((await namesOf(store)).length, 7)
    },
    { mailboxesPerAccount: 7 },
  )

  trial('an empty batch is no work', async ({ store }) => {
    assert.deepEqual(await store.append([]), [])
    assert.deepEqual(await store.append([], { allOrNothing: true }), [])
  })
}

export function delivering(trial: Trial): void {
  trial('a delivery that is repeated is there once', async ({ store }) => {
    const keyed = letter({ idempotencyKey: 'd1' })
    const outcomes = await store.append([keyed, letter({ idempotencyKey: 'd2' }), keyed])
    assert.deepEqual(kinds(outcomes), ['appended', 'appended', 'duplicate'])
    assert.deepEqual(kinds(await store.append([keyed])), ['duplicate'])
    assert.deepEqual(await uidsIn(store), [1, 2])
  })

  trial('a delivery that is repeated after it was expunged does not come back', async ({ store }) => {
    await post(store, { idempotencyKey: 'd1', flags: ['\\Deleted'] })
    await store.expunge(await idOf(store))
    assert.deepEqual(kinds(await store.append([letter({ idempotencyKey: 'd1' })])), ['duplicate'])
    assert.deepEqual(await uidsIn(store), [])
  })

  trial(
    'a delivery that is repeated is a duplicate in whatever mailbox, but not in another account',
    async ({ store }) => {
      await post(store, { idempotencyKey: 'd1' })
      const outcomes = await store.append([
        letter({ idempotencyKey: 'd1', mailbox: 'Junk' }),
        letter({ idempotencyKey: 'd1', mailbox: 'None' }),
        letter({ idempotencyKey: 'd1', account: 'ben' }),
      ])
      assert.deepEqual(kinds(outcomes), ['duplicate', 'duplicate', 'appended'])
    },
  )

  trial('a refused delivery may be tried again with its key', async ({ store }) => {
    const keyed = letter({ idempotencyKey: 'd1', mailbox: 'Later' })
    assert.deepEqual(kinds(await store.append([keyed])), ['noMailbox'])
    await store.createMailbox('ann', 'Later')
    assert.deepEqual(kinds(await store.append([keyed])), ['appended'])
  })

  trial('keys are kept for seven days, and not for ever', async ({ store, clock }) => {
    const day = 24 * 60 * 60 * 1000
    const keyed = letter({ idempotencyKey: 'd1' })
    await store.append([keyed])
    clock.time += 7 * day
    assert.deepEqual(kinds(await store.append([keyed])), ['duplicate'])
    clock.time += 2 * day
    assert.deepEqual(kinds(await store.append([keyed])), ['appended'])
  })

  trial('a key used by a removed account stays used', async ({ store }) => {
    const keyed = letter({ idempotencyKey: 'd1' })
    await store.append([keyed])
    await store.removeAccount('ann')
    await store.provision('ann')
    assert.deepEqual(kinds(await store.append([keyed])), ['duplicate'])
  })

  trial('a restart loses nothing and repeats nothing', async ({ store, reopen }) => {
    const keyed = letter({ idempotencyKey: 'd1', flags: ['$Label1'] })
    await store.append([keyed, letter()])
    await store.subscribe('ann', 'INBOX', false)
    const before = await store.mailboxes('ann')
    const again = await reopen()

    assert.deepEqual(await again.mailboxes('ann'), before)
    assert.deepEqual(kinds(await again.append([keyed, letter()])), ['duplicate', 'appended'])
    assert.deepEqual(await uidsIn(again), [1, 2, 3])
  })
}
