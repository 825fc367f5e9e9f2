import assert from 'node:assert/strict'
import { test } from 'node:test'

import { openMemoryDirectory } from '@cartero/directory/memory'

import { unreadyForMail } from './unready-for-mail.ts'

test('mail is not fetched before somebody can have it, since it would go back to its senders', async () => {
  const directory = openMemoryDirectory()
  const of = (...domains: string[]) => unreadyForMail(directory, domains)
  assert.match((await of())!, /account add/)
  await directory.AddDomain({ domain: { name: 'home.test', catchAll: '', postmaster: '' } })
  assert.match((await of('home.test'))!, /account add/)
  const account = { address: 'you@home.test', disabled: false, quota: 0n }
  await directory.AddAccount({ account, password: 'long enough' })
  assert.equal(await of('home.test'), undefined)
  assert.equal(await of(), undefined)
  assert.match((await of('home.test', 'shop.test'))!, /domain add shop\.test/)
})
