import assert from 'node:assert/strict'

import { assertCounted, find, idOf, post, refuses, uidsIn, type Trial } from './scene.ts'

const gone = { flags: ['\\Deleted'] }

export function expunging(trial: Trial): void {
  trial('only what is marked goes', async ({ store }) => {
    await post(store, gone, {}, gone, gone)
    const id = await idOf(store)
    assert.deepEqual(await store.expunge(id, [3, 2, 9]), { vanished: [3], modseq: 6 })
    assert.deepEqual(await store.expunge(id), { vanished: [1, 4], modseq: 7 })
    assert.deepEqual(await store.expunge(id), { vanished: [], modseq: 7 })
    assert.deepEqual(await store.expunge(id, []), { vanished: [], modseq: 7 })
    assert.deepEqual(await uidsIn(store), [2])
    await assertCounted(store)
  })

  trial('a flag change and an expunge that are sent together are done in order', async ({ store }) => {
    await post(store, {})
    const id = await idOf(store)
    const [, { vanished }] = await Promise.all([
      store.changeFlags(id, [1], 'add', ['\\Deleted']),
      store.expunge(id),
    ])
    assert.deepEqual(vanished, [1])
  })

  trial('the uid of the last message is not used again when it is gone', async ({ store, reopen }) => {
    await post(store, {}, gone)
    await store.expunge(await idOf(store))
    const again = await reopen()
    const [appended] = await post(again, {})
    assert.equal(appended?.uid, 3)
  })
}

export function copying(trial: Trial): void {
  trial('copies get new uids in order and keep flags, date and octets', async ({ store }) => {
    await post(store, { flags: ['\\Seen', 'Work'] }, {}, { flags: ['\\Flagged'] })
    await post(store, { mailbox: 'Archive' })
    const id = await idOf(store)
    const copied = await store.copy(id, [3, 1, 77, 3], 'ann', 'Archive')
    const target = await find(store, 'Archive')
    assert.deepEqual(copied, {
      uidValidity: target.uidValidity,
      pairs: [
        [1, 2],
        [3, 3],
      ],
    })
    const [was, , other] = await store.fetch(id, [1, 2, 3])
    const [is, another] = await store.fetch(target.id, [2, 3])
    assert.deepEqual(
      [is, another],
      [
        { ...was, uid: 2, modseq: 3 },
        { ...other, uid: 3, modseq: 3 },
      ],
    )
    assert.deepEqual(await uidsIn(store), [1, 2, 3])
    await assertCounted(store, 'Archive')
  })

  trial('a message between those that were asked for is left alone', async ({ store }) => {
    await post(store, gone, gone, gone, gone)
    const id = await idOf(store)
    assert.deepEqual(
      (await store.fetch(id, [4, 1, 3])).map(({ uid }) => uid),
      [1, 3, 4],
    )
    await store.changeFlags(id, [1, 3, 4], 'add', ['\\Seen'])
    assert.equal((await find(store)).unseen, 1)
    assert.deepEqual((await store.copy(id, [1, 3, 4], 'ann', 'Trash')).pairs.length, 3)
    assert.deepEqual((await store.expunge(id, [1, 3, 4])).vanished, [1, 3, 4])
    assert.deepEqual(await uidsIn(store), [2])
  })

  trial('messages may be copied within their mailbox', async ({ store }) => {
    await post(store, {}, {})
    const { pairs } = await store.copy(await idOf(store), [1, 2], 'ann', 'inbox')
    assert.deepEqual(pairs, [
      [1, 3],
      [2, 4],
    ])
    await assertCounted(store)
  })

  trial('a copy of nothing moves nothing', async ({ store }) => {
    const { pairs } = await store.copy(await idOf(store), [5], 'ann', 'Archive')
    assert.deepEqual(pairs, [])
    const { highestModseq, uidNext } = await find(store, 'Archive')
    assert.deepEqual([highestModseq, uidNext], [1, 1])
  })

  trial('a copy into nowhere, or over the quota, leaves nothing', async ({ store }) => {
    await post(store, { size: 600 }, { size: 500 })
    const id = await idOf(store)
    await refuses(store.copy(id, [1], 'ann', 'None'), 'noMailbox')
    await store.setQuota('ann', 2000)
    await refuses(store.copy(id, [1, 2], 'ann', 'Archive'), 'overQuota')
    assert.deepEqual(await uidsIn(store, 'Archive'), [])
    await store.copy(id, [1], 'ann', 'Archive')
    assert.equal((await store.usage('ann'))?.octets, 1700)
  })

  trial('a copy outlives the message it was made of', async ({ store }) => {
    const prefix = Buffer.from('Received: once\r\n')
    await post(store, { flags: ['\\Deleted'], prefix })
    const id = await idOf(store)
    await store.copy(id, [1], 'ann', 'Archive')
    await store.expunge(id)
    const [copy] = await store.fetch(await idOf(store, 'Archive'), [1])
    assert.ok(copy?.prefix.equals(prefix))
  })

  trial('what is moved is never in both, and never in neither', async ({ store }) => {
    await post(store, {}, { flags: ['\\Seen', 'Work'] }, {})
    const before = await store.usage('ann')
    const id = await idOf(store)
    const { pairs } = await store.move(id, [2, 3, 8], 'ann', 'Archive')
    assert.deepEqual(pairs, [
      [2, 1],
      [3, 2],
    ])
    assert.deepEqual([await uidsIn(store), await uidsIn(store, 'Archive')], [[1], [1, 2]])
    assert.deepEqual(await store.usage('ann'), before)
    const { vanished, highestModseq } = await store.changesSince(id, 4)
    assert.deepEqual([vanished, highestModseq], [[2, 3], 5])
    const [moved] = await store.fetch(await idOf(store, 'Archive'), [1])
    assert.deepEqual(moved?.flags, ['\\Seen', 'Work'])
    await assertCounted(store)
    await assertCounted(store, 'Archive')
  })

  trial('a full account can still move', async ({ store }) => {
    await post(store, {})
    await store.setQuota('ann', 1)
    await store.move(await idOf(store), [1], 'ann', 'Trash')
    assert.deepEqual(await uidsIn(store, 'Trash'), [1])
  })

  trial('a move into nowhere moves nothing', async ({ store }) => {
    await post(store, {})
    await refuses(store.move(await idOf(store), [1], 'ann', 'None'), 'noMailbox')
    assert.deepEqual(await uidsIn(store), [1])
  })

  trial('a message moved there and back has a new uid', async ({ store }) => {
    await post(store, {})
    await store.move(await idOf(store), [1], 'ann', 'Trash')
    await store.move(await idOf(store, 'Trash'), [1], 'ann', 'INBOX')
    assert.deepEqual(await uidsIn(store), [2])
    const { vanished, changed } = await store.changesSince(await idOf(store), 2)
    assert.deepEqual([vanished, changed.map(({ uid }) => uid)], [[1], [2]])
  })

  trial('a message moved within its mailbox gets a new uid and is there once', async ({ store }) => {
    await post(store, {}, {})
    const { pairs } = await store.move(await idOf(store), [1], 'ann', 'INBOX')
    assert.deepEqual([pairs, await uidsIn(store)], [[[1, 3]], [2, 3]])
    const changes = await store.changesSince(await idOf(store), 3)
    assert.deepEqual([changes.vanished, changes.changed.map(({ uid }) => uid)], [[1], [3]])
    await assertCounted(store)
  })

  trial(
    'keywords that find no place in the target are left behind, the mail is not',
    async ({ store }) => {
      await post(store, { flags: ['A', 'B'] }, { mailbox: 'Archive', flags: ['C'] })
      await store.copy(await idOf(store), [1], 'ann', 'Archive')
      const [, copy] = await store.fetch(await idOf(store, 'Archive'), [1, 2])
      assert.deepEqual(copy?.flags, ['A'])
    },
    { keywordsPerMailbox: 2 },
  )
}
