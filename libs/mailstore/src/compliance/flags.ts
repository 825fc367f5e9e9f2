import assert from 'node:assert/strict'

import type { MailStore } from '../ports.ts'
import { assertCounted, find, idOf, post, refuses, type Trial } from './scene.ts'

async function flagsOf(store: MailStore, uid: number): Promise<readonly string[]> {
  const [message] = await store.fetch(await idOf(store), [uid])
  return message?.flags ?? ['gone']
}

export function flags(trial: Trial): void {
  trial('flags are added, removed and replaced', async ({ store }) => {
    await post(store, { flags: ['\\Flagged'] })
    const id = await idOf(store)
    await store.changeFlags(id, [1], 'add', ['\\Seen', '\\Flagged'])
    assert.deepEqual(await flagsOf(store, 1), ['\\Flagged', '\\Seen'])
    await store.changeFlags(id, [1], 'remove', ['\\SEEN', '\\Draft'])
    assert.deepEqual(await flagsOf(store, 1), ['\\Flagged'])
    await store.changeFlags(id, [1], 'replace', ['\\Answered', 'Work'])
    assert.deepEqual(await flagsOf(store, 1), ['\\Answered', 'Work'])
    await store.changeFlags(id, [1], 'replace', [])
    assert.deepEqual(await flagsOf(store, 1), [])
    await assertCounted(store)
  })

  trial('the counters follow \\Seen through every change', async ({ store }) => {
    await post(store, {}, { flags: ['\\Seen'] }, {})
    const id = await idOf(store)
    for (const [uids, change, given] of [
      [[1, 2, 3], 'add', ['\\Seen']],
      [[1, 2], 'replace', ['\\Flagged']],
      [[2, 3], 'remove', ['\\Seen', '\\Flagged']],
      [[2], 'add', ['\\Seen']],
    ] as const) {
      await store.changeFlags(id, uids, change, given)
      await assertCounted(store)
    }
    assert.equal((await find(store)).unseen, 2)
  })

  trial('the rows of a change ascend, once each, without those that are gone', async ({ store }) => {
    await post(store, {}, {}, {})
    const { changed, refused } = await store.changeFlags(await idOf(store), [3, 9, 1, 3, 0], 'add', [
      '\\Seen',
    ])
    assert.deepEqual(changed, [
      { uid: 1, flags: ['\\Seen'], modseq: 5 },
      { uid: 3, flags: ['\\Seen'], modseq: 5 },
    ])
    assert.deepEqual(refused, [])
  })

  trial('a change that changes nothing moves no modseq', async ({ store }) => {
    await post(store, { flags: ['\\Seen', 'Work'] })
    const id = await idOf(store)
    const { changed } = await store.changeFlags(id, [1], 'add', ['\\Seen', 'work'])
    assert.deepEqual(changed, [{ uid: 1, flags: ['\\Seen', 'Work'], modseq: 2 }])
    await store.changeFlags(id, [1], 'replace', ['WORK', '\\Seen'])
    await store.changeFlags(id, [7], 'replace', [])
    assert.equal((await find(store)).highestModseq, 2)
  })

  trial('one change moves the modseq once, and only of those it changes', async ({ store }) => {
    await post(store, {}, { flags: ['\\Seen'] }, {})
    const { changed } = await store.changeFlags(await idOf(store), [1, 2, 3], 'add', ['\\Seen'])
    assert.deepEqual(
      changed.map(({ modseq }) => modseq),
      [5, 3, 5],
    )
    assert.equal((await find(store)).highestModseq, 5)
  })

  // RFC 7162 §3.1.3: UNCHANGEDSINCE
  trial(
    'two clients that change one message conditionally do not overwrite each other',
    async ({ store }) => {
      await post(store, {}, {})
      const id = await idOf(store)
      const first = await store.changeFlags(id, [1, 2], 'add', ['\\Flagged'], { unchangedSince: 2 })
      assert.deepEqual([first.changed.map(({ uid }) => uid), first.refused], [[1], [2]])
      const second = await store.changeFlags(id, [1], 'replace', [], { unchangedSince: 2 })
      assert.deepEqual([second.changed, second.refused], [[], [1]])
      assert.deepEqual(await flagsOf(store, 1), ['\\Flagged'])
      const none = await store.changeFlags(id, [1, 2], 'add', ['\\Seen'], { unchangedSince: 0 })
      assert.deepEqual(none.refused, [1, 2])
      await assertCounted(store)
    },
  )

  trial('\\Recent and flags that nobody defined cannot be set', async ({ store }) => {
    await post(store, {
      flags: ['\\Recent', '\\Nonsense', '\\*', 'two words', '', 'par(en', '\u00fcber', '\\Seen'],
    })
    assert.deepEqual(await flagsOf(store, 1), ['\\Seen'])
    await store.changeFlags(await idOf(store), [1], 'add', ['\\Recent', '\\Else', 'a b'])
    assert.deepEqual(await flagsOf(store, 1), ['\\Seen'])
    assert.deepEqual((await find(store)).keywords, [])
  })

  trial(
    'a keyword is one keyword however it is spelled, as first spelled in the mailbox',
    async ({ store }) => {
      await post(store, { flags: ['$Forwarded', '$FORWARDED'] }, { flags: ['$forwarded', 'Work'] })
      assert.deepEqual(await flagsOf(store, 2), ['$Forwarded', 'Work'])
      assert.deepEqual((await find(store)).keywords, ['$Forwarded', 'Work'])
      await store.changeFlags(await idOf(store), [1, 2], 'remove', ['$forwardeD'])
      assert.deepEqual([await flagsOf(store, 1), await flagsOf(store, 2)], [[], ['Work']])
    },
  )

  trial("a message's keywords stand in the mailbox's order, however they were set", async ({ store }) => {
    await post(store, { flags: ['A', 'B'] }, { flags: ['C', 'B', 'A'] })
    await store.changeFlags(await idOf(store), [1], 'replace', ['c', 'a'])
    assert.deepEqual(
      [await flagsOf(store, 1), await flagsOf(store, 2)],
      [
        ['A', 'C'],
        ['A', 'B', 'C'],
      ],
    )
  })

  trial(
    'keywords end at their limit: mail is taken without them, STORE is refused',
    async ({ store }) => {
      await post(store, { flags: ['A', 'B', 'C', '\\Seen'] })
      assert.deepEqual(await flagsOf(store, 1), ['\\Seen', 'A', 'B'])
      const id = await idOf(store)
      await refuses(store.changeFlags(id, [1], 'add', ['C', '\\Flagged']), 'limit')
      assert.deepEqual(await flagsOf(store, 1), ['\\Seen', 'A', 'B'])
      await store.changeFlags(id, [1], 'remove', ['C', 'B'])
      await store.changeFlags(id, [1], 'add', ['C'])
      assert.deepEqual(await flagsOf(store, 1), ['\\Seen', 'A', 'C'])
      assert.deepEqual((await find(store)).keywords, ['A', 'C'])
    },
    { keywordsPerMailbox: 2 },
  )

  trial(
    'a keyword that is too long is dropped',
    async ({ store }) => {
      await post(store, { flags: ['12345', '1234'] })
      assert.deepEqual(await flagsOf(store, 1), ['1234'])
    },
    { keywordOctets: 4 },
  )

  trial('\\Recent is given to one session only', async ({ store }) => {
    await post(store, {}, {})
    const id = await idOf(store)
    assert.deepEqual((await store.open(id)).recent, [1, 2])
    assert.equal((await find(store)).recent, 2)
    const claimed = await store.open(id, { claimRecent: true })
    assert.deepEqual([claimed.recent, claimed.mailbox.recent], [[1, 2], 0])
    assert.deepEqual((await store.open(id, { claimRecent: true })).recent, [])
    await post(store, {})
    const [first, second] = await Promise.all([
      store.open(id, { claimRecent: true }),
      store.open(id, { claimRecent: true }),
    ])
    assert.deepEqual([first.recent, second.recent], [[3], []])
    assert.equal(first.mailbox.highestModseq, 4)
  })

  trial('a recent message that is expunged is not counted', async ({ store }) => {
    await post(store, { flags: ['\\Deleted'] })
    const id = await idOf(store)
    await store.open(id, { claimRecent: true })
    await post(store, { flags: ['\\Deleted'] }, {})
    await store.expunge(id)
    assert.deepEqual((await store.open(id)).recent, [3])
    await assertCounted(store)
  })
}
