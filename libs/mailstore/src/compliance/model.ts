import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ContentId } from '@cartero/content'
import fc from 'fast-check'

import { createMemoryMailStore } from '../memory/index.ts'
import {
  MailStoreError,
  type AccountId,
  type FlagChange,
  type Mailbox,
  type MailStore,
  type NewMessage,
} from '../ports.ts'
import { assertCounted, letter, type MailStoreSetup, type TestClock } from './scene.ts'

/** Something done to a mailstore; it gives what was answered. */
type Deed = (store: MailStore, clock: TestClock) => Promise<unknown>

const limits = {
  nameLevels: 3,
  mailboxesPerAccount: 11,
  keywordsPerMailbox: 3,
  rememberedExpunges: 4,
  lastUid: 15,
}

const account = fc.constantFrom('ann', 'ann', 'ann', 'ben', 'eve')
const name = fc.constantFrom('INBOX', 'inbox', 'Sent', 'a', 'a/b', 'a/b/c', 'a/b/c/d', 'b', 'INBOX/x', 'a//b')
const flags = fc.subarray([
  '\\Seen',
  '\\Deleted',
  '\\Flagged',
  '\\Recent',
  'One',
  'ONE',
  'two',
  'Three',
  'four',
])
const uids = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 6 })
const modseq = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined })
const change = fc.constantFrom<FlagChange>('add', 'remove', 'replace')
const specialUse = fc.option(fc.constantFrom('\\Junk' as const, '\\All' as const), { nil: undefined })

const message: fc.Arbitrary<NewMessage> = fc
  .record({
    account,
    mailbox: name,
    create: fc.boolean(),
    flags,
    size: fc.integer({ min: 1, max: 300 }),
    content: fc.constantFrom('a1', 'a2', 'b1') as fc.Arbitrary<string> as fc.Arbitrary<ContentId>,
    key: fc.option(fc.constantFrom('k1', 'k2', 'k3')),
  })
  .map(({ key, ...given }) => letter(key === null ? given : { ...given, idempotencyKey: key }))

/** Does it in the mailbox of that name, if there is one: ids are the store's own. */
function inMailbox(
  owner: AccountId,
  called: string,
  act: (store: MailStore, id: number) => Promise<unknown>,
): Deed {
  return async (store) => {
    const found = await store.mailbox(owner, called)
    return found ? act(store, found.id) : 'no such mailbox'
  }
}

const deeds: fc.Arbitrary<readonly [told: string, deed: Deed]>[] = [
  fc
    .tuple(fc.array(message, { maxLength: 5 }), fc.boolean())
    .map(([messages, allOrNothing]) => [
      `append ${JSON.stringify(messages.map(({ index: _, prefix: __, ...rest }) => rest))} ${allOrNothing}`,
      (store) => store.append(messages, { allOrNothing }),
    ]),
  fc
    .tuple(account, name, specialUse)
    .map(([owner, called, use]) => [
      `create ${owner} ${called} ${use}`,
      (store) => store.createMailbox(owner, called, use),
    ]),
  fc
    .tuple(account, name)
    .map(([owner, called]) => [`delete ${owner} ${called}`, (store) => store.deleteMailbox(owner, called)]),
  fc
    .tuple(account, name, name)
    .map(([owner, from, to]) => [
      `rename ${owner} ${from} ${to}`,
      (store) => store.renameMailbox(owner, from, to),
    ]),
  fc
    .tuple(account, name, fc.boolean())
    .map(([owner, called, wanted]) => [
      `subscribe ${owner} ${called} ${wanted}`,
      (store) => store.subscribe(owner, called, wanted),
    ]),
  fc
    .tuple(account, fc.constantFrom(0, 500, 1500))
    .map(([owner, octets]) => [`setQuota ${owner} ${octets}`, (store) => store.setQuota(owner, octets)]),
  fc.tuple(account, fc.boolean()).map(([owner, remove]) => [
    `provision ${owner}, removed before: ${remove}`,
    async (store) => {
      if (remove) await store.removeAccount(owner)
      await store.provision(owner)
    },
  ]),
  fc
    .tuple(account, name, uids, change, flags, modseq)
    .map(([owner, called, wanted, how, given, since]) => [
      `changeFlags ${owner} ${called} ${wanted.join()} ${how} ${given.join()} ${since}`,
      inMailbox(owner, called, (store, id) =>
        store.changeFlags(id, wanted, how, given, since === undefined ? {} : { unchangedSince: since }),
      ),
    ]),
  fc
    .tuple(account, name, fc.option(uids, { nil: undefined }))
    .map(([owner, called, wanted]) => [
      `expunge ${owner} ${called} ${wanted?.join()}`,
      inMailbox(owner, called, (store, id) => store.expunge(id, wanted)),
    ]),
  fc
    .tuple(fc.constantFrom('copy' as const, 'move' as const), account, name, uids, account, name)
    .map(([verb, owner, called, wanted, to, target]) => [
      `${verb} ${owner} ${called} ${wanted.join()} ${to} ${target}`,
      inMailbox(owner, called, (store, id) => store[verb](id, wanted, to, target)),
    ]),
  fc
    .tuple(account, name)
    .map(([owner, called]) => [
      `claim recent of ${owner} ${called}`,
      inMailbox(owner, called, (store, id) => store.open(id, { claimRecent: true })),
    ]),
  fc.constantFrom(1, 3, 9).map((days) => [
    `${days} days pass`,
    async (_store, clock) => {
      clock.time += days * 24 * 60 * 60 * 1000
    },
  ]),
]

/** What was answered or refused, without what each store numbers by itself. */
async function answerOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return neutral(await promise)
  } catch (error) {
    if (!(error instanceof MailStoreError)) throw error
    return error.fault
  }
}

function neutral(answer: unknown): unknown {
  if (Buffer.isBuffer(answer)) return answer.toString('hex')
  if (Array.isArray(answer)) return answer.map(neutral)
  if (typeof answer !== 'object' || answer === null) return answer
  const own = Object.entries(answer).filter(([key, value]) => !isNumbering(key, value))
  return Object.fromEntries(own.map(([key, value]) => [key, neutral(value)]))
}

const isNumbering = (key: string, value: unknown) =>
  ['id', 'uidValidity', 'mailbox'].includes(key) && typeof value === 'number'

/** All that can be seen of a mailstore. */
async function viewOf(store: MailStore): Promise<unknown> {
  const accounts = await Promise.all(
    ['ann', 'ben', 'eve'].map(async (owner) => ({
      usage: await store.usage(owner),
      subscriptions: await store.subscriptions(owner),
      mailboxes: await Promise.all((await store.mailboxes(owner)).map((each) => contentsOf(store, each))),
    })),
  )
  return neutral({ accounts, referenced: [...(await store.referenced('a'))].toSorted() })
}

async function contentsOf(store: MailStore, mailbox: Mailbox): Promise<unknown> {
  if (mailbox.noSelect) return mailbox
  const opened = await store.open(mailbox.id)
  const changes = []
  for (let since = 0; since <= mailbox.highestModseq; since++)
    changes.push(await store.changesSince(mailbox.id, since))
  await assertCounted(store, mailbox.name, mailbox.account)
  return {
    opened,
    changes,
    messages: await store.fetch(
      mailbox.id,
      opened.rows.map(({ uid }) => uid),
    ),
  }
}

/** Whatever is done, in whatever order, this store and the one in memory answer the same and hold the same. */
export function modelled(setup: MailStoreSetup): void {
  const history = fc.array(fc.oneof(...deeds), { minLength: 1, maxLength: 40 })
  test('no order of deeds makes it differ from the model', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const clock = { time: Date.UTC(2026, 0, 1), now: () => clock.time }
        const model = createMemoryMailStore({ clock, limits })
        const { store, cleanup } = await setup({ clock, limits })
        const still = { time: clock.time, now: () => clock.time }
        try {
          for (const each of [store, model]) for (const owner of ['ann', 'ben']) await each.provision(owner)
          for (const [told, deed] of steps) {
            const expected = await answerOf(deed(model, clock))
            assert.deepEqual(await answerOf(deed(store, still)), expected, told)
          }
          assert.deepEqual(await viewOf(store), await viewOf(model))
        } finally {
          await store.close()
          await cleanup?.()
        }
      }),
      { numRuns: Number(process.env['MAILSTORE_RUNS'] ?? 40) },
    )
  })
}
