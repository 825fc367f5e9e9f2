// From the spool into mailboxes, with both in memory: exactly once, and nothing lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContentStoreError, type ContentId } from '@cartero/content'
import { MailStoreError } from '@cartero/mailstore'
import { SpoolError } from '@cartero/spool'
import { accept, house, isNoticed, LETTER, messages, notices, running, to, until } from './house.ts'

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

test('no more batches are at work than there should be: what they hold waits for a store that is slow', async (t) => {
  for (const [inFlight, most] of [
    [undefined, 2],
    [5, 5],
  ] as const) {
    const rooms = house(inFlight)
    const gate = Promise.withResolvers<void>()
    const [lease, append] = [
      rooms.spool.lease.bind(rooms.spool),
      rooms.mailStore.append.bind(rooms.mailStore),
    ]
    let begun = 0
    t.mock.method(rooms.spool, 'lease', (hop: 'local', _limit: number, signal: AbortSignal) =>
      lease(hop, 1, signal),
    )
    t.mock.method(rooms.mailStore, 'append', async (...given: Parameters<typeof append>) => {
      begun++
      await gate.promise
      return await append(...given)
    })
    for (let n = 0; n < 10; n++) await accept(rooms, [to('bob@cartero.test')])
    await rooms.agent.start!(AbortSignal.timeout(10_000))
    await until(() => begun >= most)
    for (let n = 0; n < 50; n++) await new Promise(setImmediate)
    assert.equal(begun, most)
    gate.resolve()
    await until(() => rooms.spool.waiting === 0)
    await rooms.spool.close()
    await rooms.agent.drain!(AbortSignal.abort())
  }
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

test('mail for an account that the directory forgot is given back, not dropped', async (t) => {
  const rooms = await running(t)
  await accept(rooms, [{ address: 'gone@cartero.test', account: '' }])
  const [notice] = await notices(rooms)
  assert.match(notice!, /gone@cartero\.test\r\nAction: failed\r\nStatus: 5\.1\.1/)
  assert.deepEqual((await rooms.spool.list({ state: 'failed' }, { limit: 10 })).deliveries, [])
})

test('a notice for a mailbox that is gone is a dead letter, and nobody is written to', async (t) => {
  const rooms = await running(t)
  const lost = { address: 'gone@cartero.test', account: '', problem: 'mailboxDisabled' as const }
  await accept(rooms, [lost], LETTER, { reversePath: '' })
  await until(
    async () => (await rooms.spool.list({ state: 'failed' }, { limit: 10 })).deliveries.length === 1,
  )
  const [dead] = (await rooms.spool.list({ state: 'failed' }, { limit: 10 })).deliveries
  assert.match(dead!.reason!, /disabled/)
  assert.deepEqual(await notices(rooms), [])
})

test('one full mailbox does not keep the letter from the others', async (t) => {
  const rooms = await running(t)
  await rooms.mailStore.provision('full@cartero.test')
  await rooms.mailStore.setQuota('full@cartero.test', 1)
  await accept(rooms, [to('full@cartero.test'), to('bob@cartero.test')])
  await until(async () => (await messages(rooms, 'bob@cartero.test')).length === 1)
  await until(
    async () => (await rooms.spool.list({ state: 'deferred' }, { limit: 10 })).deliveries.length === 1,
  )
})

test('a message whose octets cannot be read keeps no other message from being delivered', async (t) => {
  const rooms = house()
  t.after(() => rooms.spool.close())
  const read = rooms.content.read.bind(rooms.content)
  const damaged = await accept(rooms, [to('alice@cartero.test')])
  await accept(rooms, [to('bob@cartero.test')])
  const unreadable = (await rooms.spool.list({}, { limit: 10 })).deliveries.find(({ id }) => id === damaged)!
  let first: ContentId | undefined
  t.mock.method(rooms.content, 'read', (id: ContentId) => {
    first ??= id
    if (id === first) return Promise.reject(new ContentStoreError('io', 'the frame is damaged'))
    return read(id)
  })
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  await until(async () => (await messages(rooms, 'bob@cartero.test')).length === 1)
  const [deferred] = (await rooms.spool.list({ state: 'deferred' }, { limit: 10 })).deliveries
  assert.equal(deferred!.id, unreadable.id)
  await rooms.agent.drain!(AbortSignal.abort())
})

test('what cannot be delivered for five days is given back instead of being tried for ever', async (t) => {
  const rooms = await running(t)
  t.mock.method(rooms.mailStore, 'append', () => Promise.reject(new MailStoreError('full', 'no space left')))
  const never = [{ address: 'bob@cartero.test', notify: ['failure'] as const }]
  await accept(rooms, [to('bob@cartero.test')], LETTER, { recipients: never })
  await until(async () => {
    rooms.clock.advance(3_600_000)
    return isNoticed(rooms)
  })
  const [notice] = await notices(rooms)
  assert.match(notice!, /^Status: 5\.4\.7\r$/m)
  assert.match(notice!, /no space left/)
})

test('a NUL of a binary message is encoded on its way in, so that IMAP can hand it out, and decodes to what was sent', async (t) => {
  const rooms = await running(t)
  const header = 'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n'
  const binary = 'a\0b\n\rc'
  await accept(rooms, [to('bob@cartero.test')], header + binary, { body: 'BINARYMIME' })
  await until(() => rooms.spool.waiting === 0)
  const [letter] = await messages(rooms, 'bob@cartero.test')
  assert.ok(!letter!.includes('\0'))
  assert.match(letter!, /^Content-Transfer-Encoding: base64\r$/im)
  const body = letter!.slice(letter!.indexOf('\r\n\r\n') + 4)
  assert.equal(Buffer.from(body, 'base64').toString(), binary)
})

test('a message that only says that it is binary is stored octet for octet', async (t) => {
  const rooms = await running(t)
  const letter = 'Content-Transfer-Encoding: binary\r\n\r\nline\nfeeds \u{fc}'
  await accept(rooms, [to('bob@cartero.test')], letter, { body: 'BINARYMIME' })
  await until(() => rooms.spool.waiting === 0)
  assert.ok((await messages(rooms, 'bob@cartero.test'))[0]!.endsWith(letter))
})

test('one recipient of a letter gets it though another does not exist, and only of him the sender hears', async (t) => {
  const rooms = await running(t)
  const gone = { address: 'gone@cartero.test', account: '', problem: 'noSuchMailbox' as const }
  await accept(rooms, [gone, to('bob@cartero.test')])
  const [notice] = await notices(rooms)
  assert.equal((await messages(rooms, 'bob@cartero.test')).length, 1)
  assert.ok(!notice!.includes('bob@cartero.test'))
})

test('a recipient whose mailbox is full is tried again alone', async (t) => {
  const rooms = await running(t)
  await rooms.mailStore.provision('full@cartero.test')
  await rooms.mailStore.setQuota('full@cartero.test', 1)
  await accept(rooms, [to('full@cartero.test'), to('bob@cartero.test')])
  await until(
    async () => (await rooms.spool.list({ state: 'deferred' }, { limit: 10 })).deliveries.length === 1,
  )
  const [waiting] = (await rooms.spool.list({ state: 'deferred' }, { limit: 10 })).deliveries
  assert.deepEqual(waiting!.recipients, ['full@cartero.test'])
  await rooms.mailStore.setQuota('full@cartero.test', 0)
  await until(() => {
    rooms.clock.advance(60_000)
    return rooms.spool.waiting === 0
  })
  assert.equal((await messages(rooms, 'full@cartero.test')).length, 1)
  assert.equal((await messages(rooms, 'bob@cartero.test')).length, 1)
})

test('a sender who asked hears that it is in the mailbox, and the mailbox keeps whom he wrote to', async (t) => {
  const rooms = await running(t)
  const originalRecipient = 'rfc822;robert@example.net'
  const recipients = [{ address: 'bob@cartero.test', notify: ['success'] as const, originalRecipient }]
  await accept(rooms, [to('bob@cartero.test')], LETTER, { recipients })
  const [notice] = await notices(rooms)
  assert.match(notice!, /^Action: delivered\r$/m)
  const [letter] = await messages(rooms, 'bob@cartero.test')
  assert.match(letter!, /^Original-Recipient: rfc822;robert@example\.net\r$/m)
})

test('what came too late for its sender is given back and not delivered', async (t) => {
  const rooms = house()
  t.after(() => rooms.spool.close())
  const deliverBy = { at: rooms.clock.now() + 1_000, mode: 'return' as const, trace: false }
  await accept(rooms, [to('bob@cartero.test')], LETTER, { deliverBy })
  rooms.clock.advance(1_000)
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  const [notice] = await notices(rooms)
  assert.match(notice!, /^Status: 5\.4\.7\r$/m)
  assert.deepEqual(await messages(rooms, 'bob@cartero.test'), [])
  await rooms.agent.drain!(AbortSignal.abort())
})

test('what an operator gives back is not delivered, and its sender hears of it', async (t) => {
  const rooms = house()
  t.after(() => rooms.spool.close())
  const id = await accept(rooms, [to('bob@cartero.test')])
  for await (const { changed } of rooms.spool.change({ ids: [id] }, { kind: 'return' }, t.signal))
    assert.equal(changed, 1)
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  const [notice] = await notices(rooms)
  assert.match(notice!, /^Action: failed\r$/m)
  assert.deepEqual(await messages(rooms, 'bob@cartero.test'), [])
  await rooms.agent.drain!(AbortSignal.abort())
})

test('a notice that cannot be written keeps its delivery in the spool', async (t) => {
  const rooms = house()
  t.after(() => rooms.spool.close())
  await accept(rooms, [{ address: 'gone@cartero.test', account: '' }])
  const begin = rooms.spool.begin.bind(rooms.spool)
  const full = t.mock.method(rooms.spool, 'begin', () => {
    throw new MailStoreError('full', 'no space left')
  })
  await rooms.agent.start!(AbortSignal.timeout(10_000))
  await until(
    async () => (await rooms.spool.list({ state: 'deferred' }, { limit: 10 })).deliveries.length === 1,
  )
  full.mock.mockImplementation(begin)
  rooms.clock.advance(5_000)
  assert.equal((await notices(rooms)).length, 1)
  await rooms.agent.drain!(AbortSignal.abort())
})

test('a spool that could not write how it ended has nothing taken out of the hands of whoever tries next', async (t) => {
  const rooms = await running(t)
  const settle = rooms.spool.settle.bind(rooms.spool)
  const append = rooms.mailStore.append.bind(rooms.mailStore)
  const full = t.mock.method(rooms.mailStore, 'append', () =>
    Promise.reject(new MailStoreError('full', 'no space left')),
  )
  const away = t.mock.method(rooms.spool, 'settle', async (outcomes: Parameters<typeof settle>[0]) => {
    await settle(outcomes)
    throw new SpoolError('unavailable', 'the disk is away')
  })
  const givenBack = t.mock.method(rooms.spool, 'giveBack')
  await accept(rooms, [{ address: 'bob@cartero.test', account: 'bob@cartero.test' }])
  await until(() => away.mock.callCount() === 1)
  away.mock.mockImplementation(settle)
  full.mock.mockImplementation(append)
  rooms.clock.advance(5_000)
  await until(async () => (await messages(rooms, 'bob@cartero.test')).length === 1)
  assert.equal(givenBack.mock.callCount(), 0)
})
