import assert from 'node:assert/strict'

import { assertCounted, find, idOf, letter, namesOf, post, refuses, uidsIn, type Trial } from './scene.ts'

export function accounts(trial: Trial): void {
  trial('an account starts with INBOX and its special uses, subscribed', async ({ store }) => {
    const mailboxes = await store.mailboxes('ann')
    assert.deepEqual(
      mailboxes.map(({ name, specialUse, subscribed }) => [name, specialUse, subscribed]),
      [
        ['INBOX', undefined, true],
        ['Archive', '\\Archive', true],
        ['Drafts', '\\Drafts', true],
        ['Junk', '\\Junk', true],
        ['Sent', '\\Sent', true],
        ['Trash', '\\Trash', true],
      ],
    )
  })

  trial('an empty mailbox has a modseq, a UIDVALIDITY and a UIDNEXT that are not zero', async ({ store }) => {
    for (const mailbox of await store.mailboxes('ann')) {
      assert.deepEqual([mailbox.uidNext, mailbox.highestModseq, mailbox.messages], [1, 1, 0])
      assert.ok(mailbox.uidValidity > 0 && mailbox.uidValidity < 2 ** 32)
    }
  })

  trial('provisioning twice changes nothing', async ({ store }) => {
    await post(store, {})
    const before = await store.mailboxes('ann')
    await store.provision('ann')
    assert.deepEqual(await store.mailboxes('ann'), before)
  })

  trial('provisioning does not make a second Sent when the user renamed his', async ({ store }) => {
    await store.renameMailbox('ann', 'Sent', 'Gesendet')
    await store.provision('ann')
    assert.equal(await store.mailbox('ann', 'Sent'), undefined)
    assert.equal((await find(store, 'Gesendet')).specialUse, '\\Sent')
  })

  trial('an account that was never provisioned has nothing', async ({ store }) => {
    assert.deepEqual(await store.mailboxes('nobody'), [])
    assert.equal(await store.usage('nobody'), undefined)
    assert.deepEqual(await store.subscriptions('nobody'), [])
    await refuses(store.createMailbox('nobody', 'Box'), 'noMailbox')
    await refuses(store.setQuota('nobody', 1), 'noMailbox')
    await store.removeAccount('nobody')
  })

  trial('a removed account leaves nothing, and takes nothing of others along', async ({ store }) => {
    await post(store, {}, { account: 'ben' })
    const mailbox = await idOf(store)
    await store.removeAccount('ann')
    assert.deepEqual(await store.mailboxes('ann'), [])
    await refuses(store.open(mailbox), 'noMailbox')
    assert.deepEqual((await store.append([letter()]))[0], { kind: 'noAccount' })
    assert.deepEqual(await uidsIn(store, 'INBOX', 'ben'), [1])
  })

  trial('an account made anew is not taken for its predecessor', async ({ store }) => {
    const before = await find(store)
    await store.setQuota('ann', 1)
    await store.removeAccount('ann')
    await store.provision('ann')
    const after = await find(store)
    assert.notEqual(after.id, before.id)
    assert.ok(after.uidValidity > before.uidValidity)
    assert.deepEqual(await store.usage('ann'), { octets: 0, messages: 0, quota: 0 })
  })

  trial("nobody sees or reaches another account's mailboxes", async ({ store }) => {
    await store.createMailbox('ben', 'Secret')
    await post(store, { account: 'ben', mailbox: 'Secret' }, {})
    const secret = await idOf(store, 'Secret', 'ben')
    const mine = await idOf(store)
    assert.equal(await store.mailbox('ann', 'Secret'), undefined)
    assert.ok(!(await namesOf(store)).includes('Secret'))
    await refuses(store.deleteMailbox('ann', 'Secret'), 'noMailbox')
    await refuses(store.renameMailbox('ann', 'Secret', 'Mine'), 'noMailbox')
    await refuses(store.subscribe('ann', 'Secret', true), 'noMailbox')
    await refuses(store.copy(mine, [1], 'ann', 'Secret'), 'noMailbox')
    await refuses(store.move(mine, [1], 'ann', 'Secret'), 'noMailbox')
    await refuses(store.copy(secret, [1], 'ann', 'INBOX'), 'noMailbox')
    await refuses(store.move(secret, [1], 'ann', 'INBOX'), 'noMailbox')
    await refuses(store.copy(mine, [1], 'ben', 'Secret'), 'noMailbox')
    assert.deepEqual(await uidsIn(store, 'Secret', 'ben'), [1])
  })
}

export function mailboxes(trial: Trial): void {
  trial('a mailbox is created with its missing parents', async ({ store }) => {
    const made = await store.createMailbox('ann', 'a/b/c')
    assert.deepEqual(
      [made.name, made.noSelect, made.subscribed, made.specialUse],
      ['a/b/c', false, false, undefined],
    )
    assert.deepEqual((await namesOf(store)).slice(-3), ['a', 'a/b', 'a/b/c'])
    await refuses(store.createMailbox('ann', 'a/b'), 'exists')
    await refuses(store.createMailbox('ann', 'inbox'), 'exists')
  })

  trial('names differ by case, but INBOX does not, at the top level only', async ({ store }) => {
    await store.createMailbox('ann', 'box')
    await store.createMailbox('ann', 'Box')
    assert.equal((await store.createMailbox('ann', 'iNBoX/Sub')).name, 'INBOX/Sub')
    assert.equal((await store.createMailbox('ann', 'box/inbox')).name, 'box/inbox')
    assert.equal((await store.createMailbox('ann', 'INBOXES')).name, 'INBOXES')
    assert.equal((await store.mailbox('ann', 'inbox/Sub'))?.name, 'INBOX/Sub')
    assert.equal(await store.mailbox('ann', 'inbox/sub'), undefined)
  })

  trial('one name in two forms of Unicode is one mailbox', async ({ store }) => {
    await store.createMailbox('ann', 'Entwu\u0308rfe')
    await refuses(store.createMailbox('ann', 'Entw\u00fcrfe'), 'exists')
    assert.equal((await find(store, 'Entwu\u0308rfe')).name, 'Entw\u00fcrfe')
  })

  for (const name of [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    'a\u0000',
    'a\nb',
    'a\u0085b',
    'a\u2028',
    '\ud800',
    'a/\u007f',
  ]) {
    trial(`no mailbox is called ${JSON.stringify(name)}`, async ({ store }) => {
      const before = await namesOf(store)
      await refuses(store.createMailbox('ann', name), 'notAllowed')
      await refuses(store.renameMailbox('ann', 'Sent', name), 'notAllowed')
      await refuses(store.deleteMailbox('ann', name), 'noMailbox')
      assert.equal(await store.mailbox('ann', name), undefined)
      assert.deepEqual(await namesOf(store), before)
    })
  }

  trial('hierarchy that only looks like a path or a pattern is only a name', async ({ store }) => {
    for (const name of ['..', '../ben/INBOX', "x' OR 1=1 --", 'a%', 'a_', 'a*', 'a%/child']) {
      await store.createMailbox('ann', name)
      assert.equal((await find(store, name)).name, name)
    }
    await store.createMailbox('ann', 'ab/child')
    await store.renameMailbox('ann', 'a%', 'c%')
    await store.deleteMailbox('ann', 'a_')
    await find(store, 'ab/child')
    await find(store, 'c%/child')
  })

  trial(
    'a name that is too long or too deep is refused, also when a rename would make it so',
    async ({ store }) => {
      await store.createMailbox('ann', 'x'.repeat(20))
      await store.createMailbox('ann', '1/2/3')
      await refuses(store.createMailbox('ann', 'x'.repeat(21)), 'notAllowed')
      await refuses(store.createMailbox('ann', '\u00fc'.repeat(11)), 'notAllowed')
      await refuses(store.createMailbox('ann', '1/2/3/4'), 'notAllowed')
      await refuses(store.renameMailbox('ann', '1', 'a/1'), 'notAllowed')
      await refuses(store.renameMailbox('ann', '1', 'y'.repeat(18)), 'notAllowed')
      assert.equal(await store.mailbox('ann', 'a'), undefined)
      await find(store, '1/2/3')
    },
    { nameOctets: 20, nameLevels: 3 },
  )

  trial(
    'CREATE in a loop ends at the limit, parents counted',
    async ({ store }) => {
      await refuses(store.createMailbox('ann', 'a/b/c'), 'limit')
      await store.createMailbox('ann', 'a/b')
      await refuses(store.createMailbox('ann', 'c'), 'limit')
      await refuses(store.renameMailbox('ann', 'Sent', 'x/Sent'), 'limit')
      await refuses(store.renameMailbox('ann', 'INBOX', 'Old'), 'limit')
      await store.createMailbox('ben', 'c')
      assert.equal((await namesOf(store)).length, 8)
    },
    { mailboxesPerAccount: 8 },
  )

  trial('a special use belongs to one mailbox', async ({ store }) => {
    await refuses(store.createMailbox('ann', 'Spam', '\\Junk'), 'notAllowed')
    await store.deleteMailbox('ann', 'Junk')
    assert.equal((await store.createMailbox('ann', 'Spam', '\\Junk')).specialUse, '\\Junk')
    assert.equal((await store.createMailbox('ann', 'Everything', '\\All')).specialUse, '\\All')
  })

  trial('what was deleted is gone, messages and all, and its id is never used again', async ({ store }) => {
    await store.createMailbox('ann', 'Box')
    await post(store, { mailbox: 'Box' })
    const before = await find(store, 'Box')
    await store.deleteMailbox('ann', 'Box')
    assert.equal(await store.mailbox('ann', 'Box'), undefined)
    assert.deepEqual(await store.usage('ann'), { octets: 0, messages: 0, quota: 0 })
    const after = await store.createMailbox('ann', 'Box')
    assert.ok(after.id !== before.id && after.uidValidity > before.uidValidity)
    assert.deepEqual(await uidsIn(store, 'Box'), [])
    await refuses(store.open(before.id), 'noMailbox')
  })

  trial('a session whose mailbox was deleted is told so by every method', async ({ store }) => {
    const { id } = await store.createMailbox('ann', 'Box')
    await store.deleteMailbox('ann', 'Box')
    await refuses(store.open(id), 'noMailbox')
    await refuses(store.fetch(id, [1]), 'noMailbox')
    await refuses(store.changeFlags(id, [1], 'add', ['\\Seen']), 'noMailbox')
    await refuses(store.expunge(id), 'noMailbox')
    await refuses(store.copy(id, [1], 'ann', 'INBOX'), 'noMailbox')
    await refuses(store.move(id, [1], 'ann', 'INBOX'), 'noMailbox')
    await refuses(store.changesSince(id, 0), 'noMailbox')
  })

  trial('INBOX cannot be deleted', async ({ store }) => {
    await refuses(store.deleteMailbox('ann', 'inbox'), 'notAllowed')
    await refuses(store.deleteMailbox('ann', 'None'), 'noMailbox')
  })

  trial('a deleted mailbox with children stays as a name that cannot be selected', async ({ store }) => {
    await store.createMailbox('ann', 'a/b')
    await post(store, { mailbox: 'a' })
    const before = await find(store, 'a')
    await store.deleteMailbox('ann', 'a')
    const after = await find(store, 'a')
    assert.deepEqual([after.noSelect, after.messages, after.size], [true, 0, 0])
    await refuses(store.open(before.id), 'noMailbox')
    await refuses(store.open(after.id), 'noMailbox')
    assert.deepEqual((await store.append([letter({ mailbox: 'a' })]))[0], { kind: 'noMailbox' })
    await post(store, {})
    await refuses(store.copy(await idOf(store), [1], 'ann', 'a'), 'noMailbox')
    await refuses(store.deleteMailbox('ann', 'a'), 'notAllowed')
    await find(store, 'a/b')
    await store.deleteMailbox('ann', 'a/b')
    await store.deleteMailbox('ann', 'a')
    assert.equal(await store.mailbox('ann', 'a'), undefined)
  })

  trial(
    'a name that cannot be selected becomes a mailbox again, with a new UIDVALIDITY',
    async ({ store }) => {
      await store.createMailbox('ann', 'a/b')
      const before = await find(store, 'a')
      await store.deleteMailbox('ann', 'a')
      const after = await store.createMailbox('ann', 'a')
      assert.ok(!after.noSelect && after.uidValidity > before.uidValidity)
      await store.deleteMailbox('ann', 'a')
      const [appended] = await post(store, { mailbox: 'a', create: true })
      assert.ok(appended && appended.uidValidity > after.uidValidity)
      await find(store, 'a/b')
    },
  )

  trial(
    'a rename keeps the messages, the uids and the UIDVALIDITY, and takes the children along',
    async ({ store }) => {
      await store.createMailbox('ann', 'a/b/c')
      await store.createMailbox('ann', 'ab')
      await post(store, { mailbox: 'a/b/c' }, { mailbox: 'a' })
      const before = [await find(store, 'a'), await find(store, 'a/b/c')]
      await store.renameMailbox('ann', 'a', 'x/y')
      const after = [await find(store, 'x/y'), await find(store, 'x/y/b/c')]
      assert.deepEqual(
        after.map(({ name: _, ...rest }) => rest),
        before.map(({ name: _, ...rest }) => rest),
      )
      assert.deepEqual((await namesOf(store)).slice(-5), ['ab', 'x', 'x/y', 'x/y/b', 'x/y/b/c'])
    },
  )

  trial('a rename onto what is there, or into itself, or of nothing, is refused', async ({ store }) => {
    await store.createMailbox('ann', 'a/b')
    await refuses(store.renameMailbox('ann', 'a', 'Sent'), 'exists')
    await refuses(store.renameMailbox('ann', 'a', 'a'), 'exists')
    await refuses(store.renameMailbox('ann', 'a', 'inbox'), 'exists')
    await refuses(store.renameMailbox('ann', 'a', 'a/c'), 'notAllowed')
    await refuses(store.renameMailbox('ann', 'None', 'b'), 'noMailbox')
    await store.renameMailbox('ann', 'a/b', 'b')
    await find(store, 'a')
  })

  trial('INBOX renamed moves its messages and stays, and so do its children', async ({ store }) => {
    await store.createMailbox('ann', 'INBOX/Sub')
    await post(store, { flags: ['\\Seen', 'Work'] }, {}, {})
    await store.changeFlags(await idOf(store), [2], 'add', ['\\Deleted'])
    await store.expunge(await idOf(store))
    const before = await find(store)
    await store.renameMailbox('ann', 'INBOX', 'Old/2026')
    const after = await find(store)
    assert.deepEqual([after.id, after.uidValidity, after.uidNext], [before.id, before.uidValidity, 4])
    assert.deepEqual([after.messages, after.unseen, after.size], [0, 0, 0])
    assert.ok(after.highestModseq > before.highestModseq)
    const old = await store.open(await idOf(store, 'Old/2026'))
    assert.deepEqual(
      old.rows.map(({ uid, flags }) => [uid, flags]),
      [
        [1, ['\\Seen', 'Work']],
        [2, []],
      ],
    )
    await find(store, 'INBOX/Sub')
    await assertCounted(store)
    await assertCounted(store, 'Old/2026')
  })

  trial('a subscription belongs to the name and outlives the mailbox', async ({ store }) => {
    await store.createMailbox('ann', 'Box')
    await store.subscribe('ann', 'Box', true)
    await store.subscribe('ann', 'Box', true)
    await store.subscribe('ann', 'inbox', false)
    await store.deleteMailbox('ann', 'Box')
    assert.deepEqual(await store.subscriptions('ann'), ['Archive', 'Box', 'Drafts', 'Junk', 'Sent', 'Trash'])
    assert.equal((await store.createMailbox('ann', 'Box')).subscribed, true)
    await store.deleteMailbox('ann', 'Box')
    await store.subscribe('ann', 'Box', false)
    await store.subscribe('ann', 'Never', false)
    await refuses(store.subscribe('ann', 'Box', true), 'noMailbox')
    assert.equal((await find(store)).subscribed, false)
  })

  trial(
    'SUBSCRIBE in a loop ends at the limit',
    async ({ store }) => {
      await store.createMailbox('ann', 'a')
      await store.createMailbox('ann', 'b')
      await store.subscribe('ann', 'a', true)
      await store.subscribe('ann', 'a', true)
      await refuses(store.subscribe('ann', 'b', true), 'limit')
    },
    { subscriptionsPerAccount: 7 },
  )
}
