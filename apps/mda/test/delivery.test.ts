// From the spool into mailboxes, with both in memory: exactly once, and nothing lost.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { ContentStoreError, type ContentId } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { MailStoreError } from '@cartero/mailstore'
import { createMemoryMailStore } from '@cartero/mailstore/memory'
import { createMdaAgent } from '@cartero/mda-agent/agent'
import type { DeliveryId, DeliveryRecipient } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { ManualClock } from '@cartero/wire'

const LETTER = 'Subject: hello\r\n\r\nbody\r\n'

function house() {
  const clock = new ManualClock()
  const content = new MemoryContentLog()
  const spool = new MemorySpool({ content, clock })
  const mailStore = createMemoryMailStore()
  const agent = createMdaAgent({
    spool,
    mailStore,
    content,
    logger: silentLogger,
    metrics: new MetricRegistry(),
    clock,
  })
  return { clock, content, spool, mailStore, agent }
}

type House = ReturnType<typeof house>

async function accept(
  { spool }: House,
  recipients: readonly DeliveryRecipient[],
  letter: string = LETTER,
): Promise<DeliveryId> {
  const draft = spool.begin({
    reversePath: 'stranger@elsewhere.test',
    recipients: recipients.map(({ address }) => ({ address })),
    client: { address: '192.0.2.1', helo: 'elsewhere.test', protocol: 'ESMTP' },
  })
  void draft.write(Buffer.from(letter))
  const queueId = await draft.commit(Buffer.from('Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n'))
  await spool.route([{ queueId, deliveries: [{ nextHop: { kind: 'local' }, recipients }] }])
  return `${queueId}.1` as DeliveryId
}

async function messages({ mailStore, content }: House, account: string): Promise<string[]> {
  const inbox = await mailStore.mailbox(account, 'INBOX')
  if (inbox === undefined) return []
  const { rows } = await mailStore.open(inbox.id)
  const stored = await mailStore.fetch(
    inbox.id,
    rows.map(({ uid }) => uid),
  )
  return Promise.all(
    stored.map(
      async (message) => message.prefix.toString() + (await content.read(message.content)).toString(),
    ),
  )
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await condition()) return
    await new Promise(setImmediate)
  }
  throw new Error('what the test waits for did not come')
}

async function running(t: TestContext): Promise<House> {
  const rooms = house()
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  t.after(async () => {
    await rooms.spool.close()
    await rooms.agent.drain!(AbortSignal.abort())
  })
  return rooms
}

const to = (account: string): DeliveryRecipient => ({ address: account, account })

test('a letter gets Return-Path and Delivered-To in front of its trace, for each mailbox its own', async (t) => {
  const rooms = await running(t)
  await accept(rooms, [to('alice@cartero.test'), to('bob@cartero.test')])
  await until(() => rooms.spool.waiting === 0)
  for (const account of ['alice@cartero.test', 'bob@cartero.test']) {
    const [letter, ...others] = await messages(rooms, account)
    assert.equal(others.length, 0)
    assert.ok(
      letter!.startsWith(`Return-Path: <stranger@elsewhere.test>\r\nDelivered-To: ${account}\r\nReceived: `),
    )
    assert.ok(letter!.endsWith(LETTER))
  }
})

test('a second delivery of the same thing, as after a crash, makes no second copy', async (t) => {
  const rooms = await running(t)
  t.mock.method(rooms.spool, 'settle', () => Promise.reject(new Error('killed between append and settle')), {
    times: 2,
  })
  await accept(rooms, [to('bob@cartero.test')])
  await until(async () => (await messages(rooms, 'bob@cartero.test')).length === 1)
  await until(() => {
    rooms.clock.advance(5_000)
    return rooms.spool.waiting === 0
  })
  assert.equal((await messages(rooms, 'bob@cartero.test')).length, 1)
})

test('a large letter that comes out of memory does not stop everybody else', async (t) => {
  const rooms = await running(t)
  let turns = 0
  const count = (): void => {
    turns++
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  t.after(() => clearImmediate(immediate))
  let turnsMeanwhile = 0
  t.mock.method(rooms.content, 'get', async function* () {
    const before = turns
    for (let i = 0; i < 64; i++) yield Buffer.alloc(64 * 1024, '-\r\n')
    turnsMeanwhile = turns - before
  })
  await accept(rooms, [to('bob@cartero.test')], 'x'.repeat(200_000))
  await until(() => rooms.spool.waiting === 0)
  assert.ok(turnsMeanwhile >= 10, `${turnsMeanwhile} turns`)
})

test('a store that is full for a while delays mail and loses none', async (t) => {
  const rooms = await running(t)
  const full = t.mock.method(
    rooms.mailStore,
    'append',
    () => Promise.reject(new MailStoreError('full', 'no space left')),
    { times: 3 },
  )
  await accept(rooms, [to('bob@cartero.test')])
  await until(() => {
    rooms.clock.advance(60_000)
    return rooms.spool.waiting === 0
  })
  assert.ok(full.mock.callCount() >= 3)
  assert.equal((await messages(rooms, 'bob@cartero.test')).length, 1)
})

test('mail for an account that the directory forgot is held for the operator, not dropped', async (t) => {
  const rooms = await running(t)
  await accept(rooms, [{ address: 'gone@cartero.test', account: '' }])
  await until(async () => (await rooms.spool.inspect({ state: 'held', limit: 10 })).length === 1)
  const [held] = await rooms.spool.inspect({ state: 'held', limit: 10 })
  assert.match(held!.reason!, /gone@cartero\.test/)
})

test('one full mailbox does not keep the letter from the others', async (t) => {
  const rooms = await running(t)
  await rooms.mailStore.provision('full@cartero.test')
  await rooms.mailStore.setQuota('full@cartero.test', 1)
  await accept(rooms, [to('full@cartero.test'), to('bob@cartero.test')])
  await until(async () => (await messages(rooms, 'bob@cartero.test')).length === 1)
  await until(async () => (await rooms.spool.inspect({ state: 'deferred', limit: 10 })).length === 1)
})

test('a message whose octets cannot be read keeps no other message from being delivered', async (t) => {
  const rooms = house()
  t.after(() => rooms.spool.close())
  const read = rooms.content.read.bind(rooms.content)
  const damaged = await accept(rooms, [to('alice@cartero.test')])
  await accept(rooms, [to('bob@cartero.test')])
  const unreadable = (await rooms.spool.inspect({ limit: 10 })).find(({ id }) => id === damaged)!
  let first: ContentId | undefined
  t.mock.method(rooms.content, 'read', (id: ContentId) => {
    first ??= id
    if (id === first) return Promise.reject(new ContentStoreError('io', 'the frame is damaged'))
    return read(id)
  })
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  await until(async () => (await messages(rooms, 'bob@cartero.test')).length === 1)
  const [deferred] = await rooms.spool.inspect({ state: 'deferred', limit: 10 })
  assert.equal(deferred!.id, unreadable.id)
  await rooms.agent.drain!(AbortSignal.abort())
})

test('what cannot be delivered for five days becomes a dead letter instead of being tried for ever', async (t) => {
  const rooms = await running(t)
  t.mock.method(rooms.mailStore, 'append', () => Promise.reject(new MailStoreError('full', 'no space left')))
  await accept(rooms, [to('bob@cartero.test')])
  const expired = () => rooms.spool.inspect({ state: 'expired', limit: 10 })
  await until(async () => {
    rooms.clock.advance(3_600_000)
    return (await expired()).length === 1
  })
  assert.equal((await expired())[0]!.reason, 'no space left')
})
