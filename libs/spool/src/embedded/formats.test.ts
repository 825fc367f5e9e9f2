import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'

import { Bench, envelope } from '../compliance/index.ts'
import type { QueueId } from '../index.ts'
import { EmbeddedSpool } from './index.ts'
import procedures from './procedures.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-formats-'))
const sql = new SqlWorker()
after(async () => {
  await sql.close()
  await rm(root, { recursive: true, force: true })
})

/** A label as the first version wrote it, or another one said so: version, length of the JSON, JSON, prefix. */
function labelOf(queueId: string, version = 1): Buffer {
  const json = Buffer.from(JSON.stringify({ queueId, acceptedAt: 1, envelope: envelope('bob@example.org') }))
  const head = Buffer.alloc(5)
  head[0] = version
  head.writeUInt32BE(json.length, 1)
  return Buffer.concat([head, json, Buffer.from('Received: once\r\n')])
}

/** A database of the first version, with a message in each of these states. */
function firstDatabase(file: string, content: string, states: readonly string[]): void {
  const database = new DatabaseSync(file)
  database.exec(procedures.migrations[0]!)
  database.exec('PRAGMA user_version = 1')
  const message = database.prepare('INSERT INTO message VALUES (?, ?, ?, ?, 1, 1, 1, 0, ?, 0, ?)')
  const delivery = database.prepare('INSERT INTO delivery VALUES (?, 1, ?, ?, ?, 1, ?, ?)')
  states.forEach((state, n) => {
    const queueId = `000000000000000${n}`
    const isDead = state === 'failed'
    const text = JSON.stringify(envelope('bob@example.org'))
    message.run(queueId, text, Buffer.alloc(0), content, Number(!isDead), isDead ? null : 1)
    const recipients = JSON.stringify([{ address: 'bob@example.org', account: 'bob' }])
    delivery.run(queueId, '{"kind":"local"}', recipients, state, isDead ? 0 : 1, 'why')
  })
  database.close()
}

/** What stood in a row of the second version. */
interface SecondRow {
  readonly queueId: string
  readonly nextHop: string
  readonly state: string
  readonly isRouted?: 0
  readonly isWaiting?: 0
  readonly due?: number | null
}

/** A database of the second version: deliveries without destinations, counters or lanes. */
function secondDatabase(file: string, content: string, rows: readonly SecondRow[]): void {
  const database = new DatabaseSync(file)
  for (const migration of procedures.migrations.slice(0, 2)) database.exec(migration)
  database.exec('PRAGMA user_version = 2')
  const message = database.prepare('INSERT INTO message VALUES (?, ?, ?, ?, 7, 3600000, ?, 0, ?, 0, ?, 2)')
  const delivery = database.prepare('INSERT INTO delivery VALUES (?, 1, ?, ?, ?, 1, ?, ?)')
  for (const { queueId, nextHop, state, isRouted = 1, isWaiting = 1, due = 1 } of rows) {
    message.run(
      queueId,
      JSON.stringify(envelope('bob@one.example')),
      Buffer.alloc(0),
      content,
      isRouted,
      isWaiting,
      due,
    )
    const recipients = JSON.stringify([{ address: 'bob@one.example', account: '' }])
    if (isRouted === 1) delivery.run(queueId, nextHop, recipients, state, due ?? 0, 'why')
  }
  database.close()
}

/** A database of the third version: a delivery in each of these states, due then. */
function thirdDatabase(file: string, content: string, states: Readonly<Record<string, number>>): void {
  const database = new DatabaseSync(file)
  for (const migration of procedures.migrations.slice(0, 3)) database.exec(migration)
  database.exec('PRAGMA user_version = 3')
  const message = database.prepare(
    "INSERT INTO message VALUES (?, ?, x'', ?, 7, 3600000, 1, 0, 1, 0, NULL, 0)",
  )
  const delivery = database.prepare(
    "INSERT INTO delivery VALUES (?, 1, ?, ?, ?, 1, ?, 'why', ?, 0, ?, '', 0, NULL, NULL, 'alice@example.com', 7, 3600000)",
  )
  Object.entries(states).forEach(([state, due], n) => {
    const domain = `${state}.example`
    message.run(`000000000000000${n}`, JSON.stringify(envelope(`bob@${domain}`)), content)
    const nextHop = JSON.stringify({ kind: 'remote', domain })
    const recipients = JSON.stringify([{ address: `bob@${domain}`, account: '' }])
    delivery.run(`000000000000000${n}`, nextHop, recipients, state, due, domain, due)
  })
  database.close()
}

describe('what a newer version has left behind', () => {
  it('is not guessed at: the start says which version can read it', async () => {
    const log = new MemoryContentLog()
    const draft = log.begin()
    await draft.commit(labelOf('0123456789ABCDEF', 99))
    const opening = EmbeddedSpool.open({ log, sql, file: join(root, 'newer.db') })
    await assert.rejects(opening, { name: 'SpoolError', message: /its label is 99.*run the newer version/ })
    await log.close()
  })
})

describe('what an older version has left behind', () => {
  it('reads messages out of a log whose labels are of the first version', async () => {
    const log = new MemoryContentLog()
    const draft = log.begin()
    void draft.write(Buffer.from('octets'))
    await draft.commit(labelOf('0123456789ABCDEF'))
    const clock = new ManualClock()
    const spool = await EmbeddedSpool.open({ log, sql, file: join(root, 'label.db'), clock })
    const bench = await Bench.open(async () => ({ spool, content: log }), clock)
    const [message] = await bench.arrivals(1)
    assert.equal(message?.queueId, '0123456789ABCDEF')
    assert.equal(message?.prefix.toString(), 'Received: once\r\n')
    await bench.close()
  })

  it('delivers what waited in a database of the first version, and gives its dead letters a whole time', async () => {
    const log = new MemoryContentLog()
    const draft = log.begin()
    void draft.write(Buffer.from('octets'))
    const file = join(root, 'first.db')
    firstDatabase(file, await draft.commit(), ['deferred', 'failed'])
    const clock = new ManualClock(Date.now())
    const spool = await EmbeddedSpool.open({ log, sql, file, clock })
    const bench = await Bench.open(async () => ({ spool, content: log }), clock)
    assert.equal((await bench.lease(1))[0]?.message.queueId, '0000000000000000')
    clock.advance(29 * 86_400_000)
    assert.deepEqual(await bench.states(), ['failed', 'leased'])
    clock.advance(2 * 86_400_000)
    await bench.states()
    clock.advance(5_000)
    assert.deepEqual(await bench.states(), ['leased'])
    await bench.close()
  })

  it('relays what waited in a database of the second version, counts it, and lets go what was only remembered', async () => {
    const log = new MemoryContentLog()
    const draft = log.begin()
    void draft.write(Buffer.from('octets'))
    const file = join(root, 'second.db')
    const nextHop = '{"kind":"remote","domain":"one.example"}'
    const later = Date.now() + 3_600_000
    secondDatabase(file, await draft.commit(), [
      { queueId: '0000000000000001', nextHop, state: 'ready', due: 0 },
      { queueId: '0000000000000002', nextHop, state: 'deferred', due: later },
      { queueId: '0000000000000003', nextHop, state: 'held', due: null },
      { queueId: '0000000000000004', nextHop: '{"kind":"local"}', state: 'deferred', due: 1 },
      { queueId: '0000000000000005', nextHop, state: 'delivered', isWaiting: 0, due: null },
      { queueId: '0000000000000006', nextHop, state: 'failed', isWaiting: 0, due: later },
      { queueId: '0000000000000007', nextHop, state: '', isRouted: 0, due: 0 },
    ])
    const clock = new ManualClock(Date.now())
    const spool = await EmbeddedSpool.open({ log, sql, file, clock })
    const bench = await Bench.open(async () => ({ spool, content: log }), clock)
    assert.equal(spool.waiting, 5)
    assert.deepEqual(
      (await bench.list({})).map(({ queueId, state, destination }) => [queueId.at(-1), state, destination]),
      [
        ['7', 'ready', ''],
        ['6', 'failed', 'one.example'],
        ['4', 'ready', 'local'],
        ['3', 'held', 'one.example'],
        ['2', 'deferred', 'one.example'],
        ['1', 'ready', 'one.example'],
      ],
    )
    assert.equal(await spool.count({ destination: 'one.example' }), 4)
    assert.deepEqual(
      (await spool.shape({ destination: 'one.example' })).map(({ hour, deliveries, octets }) => [
        hour,
        deliveries,
        octets,
      ]),
      Array.from({ length: 4 }, () => [1, 1, 7]),
    )
    assert.deepEqual(
      (await bench.told()).map(({ destination }) => destination),
      ['one.example'],
    )
    const [ready] = await bench.take('one.example')
    await spool.settle([{ id: ready!.id, state: 'delivered' }])
    clock.advance(3_600_001)
    assert.equal((await bench.take('one.example'))[0]?.message.queueId, '0000000000000002')
    assert.equal((await bench.lease(1))[0]?.message.queueId, '0000000000000004')
    assert.equal((await bench.arrivals(1))[0]?.queueId, '0000000000000007')
    assert.equal(await spool.show('0000000000000005' as QueueId), undefined)
    await bench.close()
  })

  it('tells of what waited in a database of the third version, and keeps for a customer what comes then', async () => {
    const log = new MemoryContentLog()
    const draft = log.begin()
    void draft.write(Buffer.from('octets'))
    const file = join(root, 'third.db')
    const later = Date.now() + 3_600_000
    thirdDatabase(file, await draft.commit(), { ready: 0, deferred: later })
    const clock = new ManualClock(Date.now())
    const spool = await EmbeddedSpool.open({ log, sql, file, clock })
    const bench = await Bench.open(async () => ({ spool, content: log }), clock)
    assert.deepEqual(await spool.uncollected(), [])
    await bench.left(['a@home.test'])
    await bench.idle()
    const told = async () => (await bench.told()).map(({ destination }) => destination)
    assert.deepEqual(await told(), ['ready.example'])
    clock.advance(3_600_001)
    assert.deepEqual(await told(), ['ready.example', 'deferred.example'])
    const toCustomer = { kind: 'reroute', nextHop: { kind: 'odmr', domain: 'home.test' } } as const
    assert.equal((await bench.steer({ destination: 'deferred.example' }, toCustomer)).changed, 1)
    await bench.idle()
    assert.equal((await spool.uncollected())[0]?.deliveries, 2)
    assert.equal((await bench.take('odmr home.test')).length, 2)
    await bench.close()
  })
})
