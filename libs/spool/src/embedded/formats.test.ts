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
})
