import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'

import type { ContentId } from '@cartero/content'

import type { MailboxNews } from '../ports.ts'
import { find, idOf, post, refuses, uidsIn, type Trial } from './scene.ts'

const gone = { flags: ['\\Deleted'] }

export function catchingUp(trial: Trial): void {
  trial('changes since a modseq are what happened after it, in order of modseq', async ({ store }) => {
    await post(store, {}, gone, {})
    const id = await idOf(store)
    await store.changeFlags(id, [1], 'add', ['\\Seen'])
    await store.expunge(id)
    await post(store, {})
    assert.deepEqual(await store.changesSince(id, 4), {
      highestModseq: 7,
      uidNext: 5,
      changed: [
        { uid: 1, flags: ['\\Seen'], modseq: 5 },
        { uid: 4, flags: [], modseq: 7 },
      ],
      vanished: [2],
    })
    assert.deepEqual((await store.changesSince(id, 6)).vanished, [])
    assert.deepEqual(await store.changesSince(id, 7), {
      highestModseq: 7,
      uidNext: 5,
      changed: [],
      vanished: [],
    })
  })

  trial('changes since nothing are everything', async ({ store }) => {
    await post(store, {}, gone)
    const id = await idOf(store)
    await store.expunge(id)
    const { changed, vanished } = await store.changesSince(id, 0)
    assert.deepEqual([changed.map(({ uid }) => uid), vanished], [[1], [2]])
  })

  trial('a modseq from the future is no accident', async ({ store }) => {
    await post(store, {})
    const { changed, vanished } = await store.changesSince(await idOf(store), 2 ** 50)
    assert.deepEqual([changed, vanished], [[], []])
  })

  trial(
    'a client that was away too long is told of more than it knew, never of less',
    async ({ store }) => {
      await post(store, gone, gone, gone, {}, gone, gone)
      const id = await idOf(store)
      for (const uid of [1, 2, 3, 5]) await store.expunge(id, [uid])
      const { highestModseq } = await find(store)
      assert.deepEqual((await store.changesSince(id, highestModseq - 2)).vanished, [3, 5])
      assert.deepEqual((await store.changesSince(id, highestModseq - 3)).vanished, [1, 2, 3, 5])
      assert.deepEqual((await store.changesSince(id, 0)).vanished, [1, 2, 3, 5])
    },
    { rememberedExpunges: 2 },
  )

  trial(
    'one expunge of more than is remembered is told whole',
    async ({ store }) => {
      await post(store, {}, gone, gone, gone)
      const id = await idOf(store)
      await store.expunge(id)
      const { highestModseq } = await find(store)
      assert.deepEqual((await store.changesSince(id, highestModseq - 1)).vanished, [2, 3, 4])
      assert.deepEqual((await store.changesSince(id, highestModseq)).vanished, [])
    },
    { rememberedExpunges: 2 },
  )

  trial(
    'the modseq moves at append, flag change, expunge, copy and move, and never back',
    async ({ store }) => {
      const steps: number[] = []
      const note = async () => steps.push((await find(store)).highestModseq)
      const id = await idOf(store)
      await note()
      await post(store, {}, {})
      await note()
      await store.changeFlags(id, [1], 'add', ['\\Deleted'])
      await note()
      await store.copy(id, [1, 2], 'ann', 'INBOX')
      await note()
      await store.expunge(id)
      await note()
      await store.move(id, [2], 'ann', 'Trash')
      await note()
      assert.deepEqual(steps, [1, 3, 4, 5, 6, 7])
    },
  )
}

export function watching(trial: Trial): void {
  /** Gathers news until the named number of different ones was told. */
  const gather = () => {
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

  trial('a watcher is told of every kind of change, once for each turn', async ({ store }) => {
    const { told, listener, atLeast } = gather()
    store.watch('ann', listener, new AbortController().signal)
    const id = await idOf(store)
    await post(store, {}, {}, {})
    await atLeast(1)
    assert.deepEqual(told.splice(0), [{ account: 'ann', mailbox: id, kind: 'messages' }])
    for (const act of [
      () => store.changeFlags(id, [1], 'add', ['\\Deleted']),
      () => store.expunge(id),
      () => post(store, {}),
    ]) {
      await act()
      await atLeast(1)
      assert.deepEqual(told.splice(0), [{ account: 'ann', mailbox: id, kind: 'messages' }])
    }
    await store.move(id, [2], 'ann', 'Trash')
    const trash = await idOf(store, 'Trash')
    assert.deepEqual(new Set((await atLeast(2)).map(({ mailbox }) => mailbox)), new Set([id, trash]))
  })

  trial('a watcher is told of mailboxes that come, move and go', async ({ store }) => {
    const { told, listener, atLeast } = gather()
    store.watch('ann', listener, new AbortController().signal)
    const { id } = await store.createMailbox('ann', 'Box')
    await atLeast(1)
    await store.renameMailbox('ann', 'Box', 'Case')
    await atLeast(2)
    await store.deleteMailbox('ann', 'Case')
    await atLeast(3)
    const news = { account: 'ann', mailbox: id, kind: 'list' }
    assert.deepEqual(told, [news, news, news])
  })

  trial("a watcher is not told of others' mail, nor after its signal, nor of nothing", async ({ store }) => {
    const { told, listener } = gather()
    const { listener: other, atLeast } = gather()
    const controller = new AbortController()
    const aborted = gather()
    store.watch('ann', listener, new AbortController().signal)
    store.watch('ann', aborted.listener, controller.signal)
    store.watch('ann', aborted.listener, controller.signal)
    store.watch('ben', other, new AbortController().signal)
    controller.abort()
    await store.expunge(await idOf(store))
    await store.changeFlags(await idOf(store), [1], 'add', ['\\Seen'])
    await post(store, { account: 'ben' })
    await atLeast(1)
    await turn()
    assert.deepEqual(told, [])
    await post(store, {})
    await turn()
    await turn()
    assert.deepEqual([told.length, aborted.told.length], [1, 0])
  })

  trial('what a watcher is told of is there to be read', async ({ store }) => {
    const { promise, resolve } = Promise.withResolvers<number[]>()
    store.watch('ann', () => resolve(uidsIn(store)), new AbortController().signal)
    await post(store, {})
    assert.deepEqual(await promise, [1])
  })
}

export function referring(trial: Trial): void {
  const list = (ids: readonly string[]) => ids as ContentId[]

  trial('contents are referred to until the last message with them is gone', async ({ store }) => {
    const [a, b, c] = list(['s1-a', 's1-b', 's2-c'])
    await post(
      store,
      { content: a as ContentId, ...gone },
      { content: b as ContentId },
      { content: c as ContentId, account: 'ben' },
    )
    const id = await idOf(store)
    await store.copy(id, [1], 'ann', 'Trash')
    await store.expunge(id)
    assert.deepEqual([...(await store.referenced('s1-'))].toSorted(), [a, b])
    await store.deleteMailbox('ann', 'Trash')
    assert.deepEqual([...(await store.referenced('s1-'))], [b])
    assert.deepEqual([...(await store.referenced(''))].toSorted(), [b, c])
    await store.removeAccount('ben')
    assert.deepEqual([...(await store.referenced(''))], [b])
  })

  trial('a prefix is no pattern', async ({ store }) => {
    const ids = list(['a%c', 'abc', 'a_c', 'A%c', 'b'])
    await post(store, ...ids.map((content) => ({ content })))
    assert.deepEqual([...(await store.referenced('a%'))], ['a%c'])
    assert.deepEqual([...(await store.referenced('a_'))], ['a_c'])
  })

  trial('content that is in many messages is named once', async ({ store }) => {
    const content = 'same' as ContentId
    await post(store, { content }, { content }, { content, account: 'ben' })
    assert.deepEqual([...(await store.referenced('sa'))], ['same'])
  })
}

export function closing(trial: Trial): void {
  trial('a closed store refuses instead of hanging', async ({ store }) => {
    const id = await idOf(store)
    await store.close()
    await refuses(store.open(id), 'unavailable')
    await refuses(store.append([]), 'unavailable')
    await store.close()
  })
}
