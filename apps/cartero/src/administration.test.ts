import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AddressBans } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { MemoryMailStore } from '@cartero/mailstore/memory'
import { systemClock } from '@cartero/wire'

import { administration } from './administration.ts'

const ACCOUNT = { address: 'Tim@Example.ORG', disabled: false, quota: 1_000_000, password: 'correct horse' }
const OWNER = 'tim@example.org'

async function setUp() {
  const stores = {
    directory: openMemoryDirectory(),
    mailStore: new MemoryMailStore(),
    bans: new AddressBans(systemClock),
  }
  const verbs = administration(() => stores)
  await verbs['domain.add']({ name: 'example.org', catchAll: '', postmaster: '' })
  await verbs['account.add'](ACCOUNT)
  return { verbs, usage: () => stores.mailStore.usage(OWNER) }
}

test('a quota that was given is kept by the mailstore, however the address was written', async () => {
  const { verbs, usage } = await setUp()
  assert.equal((await usage())?.quota, 1_000_000)
  assert.deepEqual(await verbs['account.list']({ domain: '' }), [
    { address: OWNER, disabled: false, quota: 1_000_000 },
  ])
})

test('an account that is removed leaves no mailboxes behind, unless they are kept', async () => {
  const { verbs, usage } = await setUp()
  await verbs['account.remove']({ address: ACCOUNT.address, keepMail: true })
  assert.ok(await usage())
  await verbs['account.add'](ACCOUNT)
  await verbs['account.remove']({ address: ACCOUNT.address, keepMail: false })
  assert.equal(await usage(), undefined)
})

test('mailboxes that were kept are not held to the quota of the account before', async () => {
  const { verbs, usage } = await setUp()
  await verbs['account.remove']({ address: OWNER, keepMail: true })
  await verbs['account.add']({ ...ACCOUNT, quota: 0 })
  assert.equal((await usage())?.quota, 0)
})

test('an account that is refused changes nothing in the mailboxes of the one that is there', async () => {
  const { verbs, usage } = await setUp()
  await assert.rejects(verbs['account.add']({ ...ACCOUNT, quota: 5 }), {
    name: 'ControlError',
    fault: 'failure',
  })
  assert.equal((await usage())?.quota, 1_000_000)
})
