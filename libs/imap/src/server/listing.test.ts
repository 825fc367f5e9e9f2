import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListCommand } from '../command/list.ts'
import { listing, subscribedListing } from './listing.ts'
import { ImapRefusal } from './refusal.ts'

const names = Array.from({ length: 10_000 }, (_, i) => `${'deep/'.repeat(30)}${i}`)
const mailboxes = names.map((name) => ({ name, subscribed: true, noSelect: false }))

function command(patterns: readonly string[], more: Partial<ListCommand> = {}): ListCommand {
  return { reference: '', patterns, select: [], return: [], status: [], extended: true, ...more }
}

const limit = (error: unknown): boolean => error instanceof ImapRefusal && error.code?.code === 'LIMIT'

test('wildcards without end over mailboxes without number do not stop everybody else', () => {
  const pattern = '%e'.repeat(1_000)
  assert.throws(() => listing(command([pattern]), mailboxes, []), limit)
  assert.throws(() => listing(command(names.map((_, i) => `*${i}`)), mailboxes, []), limit)
  assert.throws(() => subscribedListing(pattern, mailboxes, names), limit)
  assert.equal(listing(command([pattern]), mailboxes.slice(0, 100), []).length, 0)
})

test('what clients ask for is answered however many mailboxes there are', () => {
  assert.equal(listing(command(['*']), mailboxes, []).length, 10_000)
  assert.equal(listing(command(['%', 'INBOX/%', 'deep/%', 'deep/*7']), mailboxes, []).length, 1_000)
  const recursive = command(['*'], { select: ['SUBSCRIBED', 'RECURSIVEMATCH'] })
  assert.equal(listing(recursive, mailboxes, []).length, 10_000)
})
