import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, afterEach, describe, it } from 'node:test'

import type { NoteProcedures } from '../test/fixtures/notes.ts'
import { asBuffer, SqlError, SqlWorker, type SqlStore } from './index.ts'

const procedures = new URL('../test/fixtures/notes.ts', import.meta.url)
const directory = mkdtempSync(join(tmpdir(), 'cartero-sql-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const workers: SqlWorker[] = []
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close()
})

let files = 0
async function openNotes(file = join(directory, `${files++}.db`)): Promise<SqlStore<NoteProcedures>> {
  const worker = new SqlWorker()
  workers.push(worker)
  return await worker.open<NoteProcedures>({ file, procedures })
}

const faultIs = (fault: string) => (error: unknown) => error instanceof SqlError && error.fault === fault

describe('a store', () => {
  it('keeps what was written after it is closed and opened again', async () => {
    const file = join(directory, 'kept.db')
    const first = await openNotes(file)
    await first.call('add', { id: 1, text: 'kept' })
    await first.close()
    const second = await openNotes(file)
    assert.equal((await second.call('get', 1))?.text, 'kept')
  })

  it('undoes only the call that failed, not its neighbours in the batch', async () => {
    const store = await openNotes()
    const outcomes = await Promise.allSettled([
      store.call('add', { id: 1, text: 'before' }),
      store.call('add', { id: 2, text: 'throw after insert' }),
      store.call('add', { id: 1, text: 'collides' }),
      store.call('add', { id: 3, text: 'after' }),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    )
    assert.equal(await store.call('get', 2), undefined)
    assert.equal((await store.call('get', 3))?.text, 'after')
  })

  it('undoes a lone call that failed', async () => {
    const store = await openNotes()
    await assert.rejects(store.call('add', { id: 1, text: 'throw after insert' }), faultIs('bug'))
    assert.equal(await store.call('get', 1), undefined)
  })

  it('says what kind of fault it was', async () => {
    const store = await openNotes()
    await store.call('add', { id: 1, text: '' })
    await assert.rejects(store.call('add', { id: 1, text: '' }), faultIs('constraint'))
    await assert.rejects(store.call('later'), faultIs('bug'))
    await assert.rejects(store.call('uncloneable'), faultIs('bug'))
    await assert.rejects(store.call('none' as 'count'), faultIs('bug'))
    assert.equal(await store.call('count'), 2)
  })

  it('reports a full database as full, still reads, and keeps the calls that fit', async () => {
    const store = await openNotes()
    await store.call('limitPages', 8)
    const outcomes = await Promise.allSettled([
      store.call('add', { id: 1, text: 'fits' }),
      store.call('add', { id: 2, text: 'x'.repeat(200_000) }),
      store.call('count'),
    ])
    assert.equal(outcomes[0]?.status, 'fulfilled')
    assert.ok(outcomes[1]?.status === 'rejected' && faultIs('full')(outcomes[1].reason))
    assert.deepEqual(outcomes[2], { status: 'fulfilled', value: 2 })
  })

  it('rejects only the call whose argument cannot be cloned', async () => {
    const store = await openNotes()
    const outcomes = await Promise.allSettled([
      store.call('add', { id: 1, text: 'fine' }),
      store.call('add', { id: 2, text: (() => 1) as never }),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      ['fulfilled', 'rejected'],
    )
  })

  it('carries blobs octet for octet, also those cut from a larger buffer', async () => {
    const store = await openNotes()
    const blob = Buffer.from('....octets....').subarray(4, 10)
    await store.call('add', { id: 1, text: '', blob })
    const found = await store.call('get', 1)
    assert.ok(found?.blob)
    assert.deepEqual(asBuffer(found.blob), Buffer.from('octets'))
    assert.equal(found.blob.buffer.byteLength, 6)
  })

  it('is durable by its settings', async () => {
    const store = await openNotes()
    assert.equal(await store.call('pragma', 'journal_mode'), 'wal')
    assert.equal(await store.call('pragma', 'synchronous'), 2)
    assert.equal(await store.call('pragma', 'foreign_keys'), 1)
  })

  it('waits for calls in flight when it is closed, and refuses later ones', async () => {
    const store = await openNotes()
    const call = store.call('add', { id: 1, text: '' })
    await store.close()
    assert.equal(await call, 1)
    assert.equal(store.available, false)
    await assert.rejects(store.call('count'), faultIs('bug'))
  })

  it('does not mix up the databases of one worker', async () => {
    const one = await openNotes()
    const worker = workers[0] as SqlWorker
    const two = await worker.open<NoteProcedures>({ file: ':memory:', procedures })
    await Promise.all([one.call('add', { id: 1, text: 'one' }), two.call('add', { id: 1, text: 'two' })])
    assert.equal((await one.call('get', 1))?.text, 'one')
    assert.equal((await two.call('get', 1))?.text, 'two')
  })

  it('can be read by a second process while it is open', async () => {
    const file = join(directory, 'second.db')
    const store = await openNotes(file)
    await store.call('add', { id: 1, text: 'seen' })
    const other = new DatabaseSync(file)
    assert.equal(other.prepare('SELECT text FROM note WHERE id = 1').get()?.['text'], 'seen')
    other.close()
  })
})

describe('a worker', () => {
  it('rejects pending and later calls when it crashes, instead of leaving them waiting', async () => {
    const store = await openNotes()
    const outcomes = await Promise.allSettled([store.call('die'), store.call('count')])
    for (const outcome of outcomes) assert.ok(outcome.status === 'rejected' && faultIs('io')(outcome.reason))
    assert.equal(store.available, false)
    await assert.rejects(store.call('count'), faultIs('io'))
    await store.close()
  })

  it('runs all calls before it closes', async () => {
    const store = await openNotes()
    const calls = Array.from({ length: 2_500 }, (_, id) => store.call('add', { id: id + 1, text: '' }))
    await workers[0]?.close()
    assert.equal((await Promise.all(calls)).length, 2_500)
    await assert.rejects(store.call('count'), faultIs('bug'))
  })
})

describe('migrations', () => {
  it('refuse a database of a newer version with a sentence that names the file', async () => {
    const file = join(directory, 'newer.db')
    await (await openNotes(file)).close()
    const other = new DatabaseSync(file)
    other.exec('PRAGMA user_version = 99')
    other.close()
    await assert.rejects(
      openNotes(file),
      /newer\.db was written by a newer version of Cartero \(its schema is 99/,
    )
  })

  it('are run once, in order', async () => {
    const file = join(directory, 'versions.db')
    await (await openNotes(file)).close()
    const store = await openNotes(file)
    assert.equal(await store.call('count'), 1)
    assert.equal(await store.call('pragma', 'user_version'), 2)
  })

  it('say why a file that is no database cannot be opened', async () => {
    await assert.rejects(openNotes(join(directory, 'none', 'x.db')), faultIs('io'))
  })
})
