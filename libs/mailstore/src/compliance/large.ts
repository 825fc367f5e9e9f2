import assert from 'node:assert/strict'

import { assertCounted, find, idOf, letter, uidsIn, type Trial } from './scene.ts'

/** More than an adapter will hold at a time. */
const many = 4_500

const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1)

export function large(trial: Trial): void {
  trial('a large mailbox is changed, copied into itself and emptied as one', async ({ store }) => {
    await store.append(upTo(many).map(() => letter({ prefix: Buffer.alloc(0) })))
    const id = await idOf(store)
    const { changed } = await store.changeFlags(id, upTo(2 * many), 'add', ['\\Seen', 'Work'])
    assert.deepEqual([changed.length, new Set(changed.map(({ modseq }) => modseq)).size], [many, 1])
    const { pairs } = await store.copy(id, upTo(2 * many), 'ann', 'INBOX')
    assert.deepEqual([pairs.length, pairs.at(-1)], [many, [many, 2 * many]])
    const moved = await store.move(id, upTo(3 * many), 'ann', 'Trash')
    assert.deepEqual([moved.pairs.length, await uidsIn(store)], [2 * many, []])
    const { vanished } = await store.changesSince(id, 0)
    assert.deepEqual(vanished, upTo(2 * many))
    const trash = await idOf(store, 'Trash')
    await store.changeFlags(trash, upTo(2 * many), 'replace', ['\\Deleted'])
    const before = (await find(store, 'Trash')).highestModseq
    const gone = await store.expunge(trash)
    assert.deepEqual([gone.vanished.length, gone.modseq], [2 * many, before + 1])
    await assertCounted(store)
    await assertCounted(store, 'Trash')
  })

  trial('a large mailbox is deleted as one', async ({ store }) => {
    await store.createMailbox('ann', 'Box')
    await store.append(upTo(many).map(() => letter({ mailbox: 'Box', prefix: Buffer.alloc(0) })))
    await store.deleteMailbox('ann', 'Box')
    assert.equal((await store.usage('ann'))?.messages, 0)
    assert.deepEqual([...(await store.referenced(''))], [])
  })

  trial('what is fetched may be more than fits into one answer', async ({ store }) => {
    const prefixes = upTo(150).map((n) => Buffer.alloc(100_000, n))
    await store.append(prefixes.map((prefix) => letter({ prefix })))
    const messages = await store.fetch(await idOf(store), upTo(200))
    assert.deepEqual(
      messages.map(({ uid }) => uid),
      upTo(150),
    )
    assert.ok(messages.every(({ prefix }, at) => prefixes[at]?.equals(prefix)))
  })
}
