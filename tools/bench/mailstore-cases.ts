// What a mailstore does by itself; no content is written.

import type { ContentId } from '@cartero/content'
import type { MailStore, NewMessage } from '@cartero/mailstore'
import { MessageIndexer } from '@cartero/message'

import { median } from './rounds.ts'

const BATCH = 100
const ACCOUNTS = 100

const message = Buffer.from(
  [
    'Return-Path: <joe@example.com>',
    'Received: from mail.example.com (mail.example.com [192.0.2.1])',
    '\tby mx.example.org with ESMTPS id 01JD8Z5Y3Q; Fri, 21 Nov 2025 10:00:00 +0000',
    'Date: Fri, 21 Nov 2025 09:59:57 +0000',
    'From: "Joe Q. Public" <joe@example.com>',
    'To: Ann Example <ann@example.org>, Mary <mary@example.net>',
    'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= from the bench',
    'Message-ID: <01JD8Z5Y3N@mail.example.com>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'The quick brown fox jumps over the lazy dog.\r\n'.repeat(80),
  ].join('\r\n'),
)
const prefix = message.subarray(0, message.indexOf('Date:'))
const indexer = new MessageIndexer()
indexer.write(message)
const index = indexer.end()

let letters = 0

function letter(account: string): NewMessage {
  const id = String(++letters).padStart(12, '0')
  return {
    account,
    mailbox: 'INBOX',
    content: `01JD8Z5Y-${id}` as ContentId,
    prefix,
    index,
    size: message.length,
    flags: [],
    internalDate: 1_763_719_200_000 + letters,
    idempotencyKey: `01JD8Z5Y3Q${id}.1`,
  }
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await act()
  return (performance.now() - start) / 1000
}

/** Appends `count` messages in batches, some batches at a time, as the MDA does. */
async function append(
  store: MailStore,
  count: number,
  accountOf: (n: number) => string,
  size = BATCH,
  atOnce = 2,
) {
  let taken = 0
  const take = () => {
    const from = taken
    taken = Math.min(count, taken + size)
    return range(from, taken)
  }
  const work = async () => {
    for (let batch = take(); batch.length > 0; batch = take()) {
      const outcomes = await store.append(batch.map((n) => letter(accountOf(n))))
      if (outcomes.some(({ kind }) => kind !== 'appended')) throw new Error('an append was refused')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

async function idOf(store: MailStore, account: string, name = 'INBOX'): Promise<number> {
  return (await store.mailbox(account, name))!.id
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

async function fetchAll(store: MailStore, id: number, uids: readonly number[], parse: boolean) {
  let octets = 0
  for (let at = 0; at < uids.length; at += 200) {
    for (const each of await store.fetch(id, uids.slice(at, at + 200)))
      octets += parse ? each.index.size : each.size
  }
  if (octets !== uids.length * message.length) throw new Error('messages are missing')
}

type Case = readonly [name: string, count: number, act: () => Promise<unknown>]

/** Fills the store, and says what is measured. */
async function prepared(store: MailStore): Promise<readonly Case[]> {
  for (const n of range(0, ACCOUNTS)) await store.provision(`user${n}`)
  for (const name of ['one', 'single', 'small', 'big']) await store.provision(name)
  await append(store, 2_000, () => 'small')
  await append(store, 100_000, () => 'big')
  const [small, big] = [await idOf(store, 'small'), await idOf(store, 'big')]
  const [archive, trash] = [await idOf(store, 'small', 'Archive'), await idOf(store, 'small', 'Trash')]
  let marks = 0
  let since = (await store.mailbox('big', 'INBOX'))!.highestModseq

  const uidsOf = async (id: number) => (await store.open(id)).rows.map(({ uid }) => uid)
  return [
    ['append, 100 a batch, 1 mailbox', 5_000, () => append(store, 5_000, () => 'one')],
    ['append, 100 a batch, 100 mailboxes', 5_000, () => append(store, 5_000, (n) => `user${n % ACCOUNTS}`)],
    ['append, 1 a call, 50 callers', 5_000, () => append(store, 5_000, () => 'single', 1, 50)],
    ['append, 1 a call, 1 caller', 200, () => append(store, 200, () => 'single', 1, 1)],
    ['open, 2,000 messages', 2_000, () => store.open(small)],
    ['open, 100,000 messages', 100_000, () => store.open(big)],
    ['fetch, index not read', 2_000, () => fetchAll(store, small, range(1, 2_001), false)],
    ['fetch, index read', 2_000, () => fetchAll(store, small, range(1, 2_001), true)],
    ['fetch, one of 100,000', 1, () => fetchAll(store, big, [50_000], true)],
    [
      'flags of 2,000',
      2_000,
      () => store.changeFlags(small, range(1, 2_001), marks++ % 2 === 0 ? 'add' : 'remove', ['\\Seen']),
    ],
    ['copy 2,000', 2_000, () => store.copy(small, range(1, 2_001), 'small', 'Archive')],
    ['move 2,000', 2_000, async () => store.move(archive, await uidsOf(archive), 'small', 'Trash')],
    [
      'mark and expunge 2,000',
      2_000,
      async () => {
        await store.changeFlags(trash, await uidsOf(trash), 'replace', ['\\Deleted'])
        await store.expunge(trash)
      },
    ],
    [
      'one more in 100,000, and what changed',
      1,
      async () => {
        await append(store, 1, () => 'big')
        const changes = await store.changesSince(big, since)
        if (changes.changed.length !== 1) throw new Error('a change is missing')
        since = changes.highestModseq
      },
    ],
  ]
}

/** Measures each case so many times, and prints the medians. The store is empty at first, and is left open. */
export async function measureMailStore(store: MailStore, rounds: number): Promise<void> {
  const cases = await prepared(store)
  const taken = cases.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [at, [, , act]] of cases.entries()) taken[at]!.push(await seconds(act))
  }
  for (const [at, [name, count]] of cases.entries()) {
    const time = median(taken[at]!)
    const rate = Math.round(count / time).toLocaleString('en')
    console.log(
      `${name.padEnd(40)} ${(time * 1000).toFixed(1).padStart(8)} ms ${rate.padStart(10)} messages/s`,
    )
  }
}
