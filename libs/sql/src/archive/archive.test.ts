import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'

import { SqlWorker } from '../index.ts'
import {
  beginFilling,
  checkSchema,
  checkVersion,
  endFilling,
  migrate,
  othersConnected,
  Postgres,
  statement,
  type StoreSchema,
} from '../postgres/index.ts'
import { TABLES } from '../../test/fixtures/archived.ts'
import { CopyLedger, SqliteTables, type Archive, type ArchivedRow } from './index.ts'
import { PostgresTables } from './postgres.ts'
import type { TableProcedures } from './procedures.ts'

const SCHEMA: StoreSchema = {
  store: 'notes',
  migrations: [
    {
      readableBy: 1,
      sql: `CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text COLLATE "C" NOT NULL, large bigint NOT NULL,
        is_read boolean NOT NULL, body bytea, shape text NOT NULL, words text[] NOT NULL, content text COLLATE "C" NOT NULL);`,
    },
  ],
}

const ROWS: readonly ArchivedRow[] = Array.from({ length: 7 }, (_, n) => [
  2 * n + 1,
  n === 0 ? '' : `títle "${n}" \\ {,}`,
  n === 1 ? '-9223372036854775808' : String(n),
  n % 2,
  n === 2 ? null : new Uint8Array([0, n, 255]),
  new Uint8Array(Buffer.from(`{"n":${n},"π":"\\u0000"}`)),
  `content ${n % 3}`,
  JSON.stringify(n === 3 ? [] : ['b', 'a "quoted"', 'ü']),
])

let folder: string
let worker: SqlWorker
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cartero-archive-'))
  worker = new SqlWorker()
})
after(async () => {
  await worker.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('tables of SQLite', () =>
  promises(async () => {
    const procedures = new URL('../../test/fixtures/archived.ts', import.meta.url)
    return new SqliteTables(await worker.open<TableProcedures>({ file: ':memory:', procedures }), TABLES)
  }))

describe('tables of Postgres', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let schemas = 0
  const databases: Postgres[] = []
  before(async () => {
    server = await PostgresServer.start()
  })
  after(async () => {
    await Promise.all(databases.map((database) => database.close()))
    await server[Symbol.asyncDispose]()
  })
  async function opened(name = 'cartero migrate-store'): Promise<Postgres> {
    const database = new Postgres({ url: server.url, schema: `notes_${++schemas}`, name })
    databases.push(database)
    await migrate(database, SCHEMA)
    return database
  }

  promises(async () => new PostgresTables(await opened(), TABLES))

  test('a schema that is being filled is used by nobody else, until it is whole', async () => {
    const database = await opened()
    assert.equal(await beginFilling(database, 'one'), 'one')
    assert.equal(await beginFilling(database, 'two'), 'one', 'who came first fills it')
    await checkVersion(database, SCHEMA)
    await assert.rejects(checkSchema(database, SCHEMA), /the notes in Postgres is not whole/)
    await endFilling(database)
    await checkSchema(database, SCHEMA)
  })

  test('who else is connected is told, and not who asks', async () => {
    const [database, other] = [await opened('cartero migrate-store'), await opened('cartero mta')]
    await other.rows(statement('SELECT 1'))
    assert.deepEqual(await othersConnected(database, 'cartero '), ['cartero mta'])
  })
})

/** What an archive of tables promises, whatever the adapter. */
function promises(open: () => Promise<Archive>): void {
  test('rows come back as they were, in portions, however often they are written', async () => {
    const archive = await open()
    assert.ok(await archive.isEmpty())
    await archive.write('note', ROWS.slice(3))
    await archive.write('note', ROWS)
    assert.equal(await archive.isEmpty(), false)
    const found: ArchivedRow[] = []
    let read = await archive.read('note', 3)
    for (; ; read = await archive.read('note', 3, read.next)) {
      found.push(...read.rows)
      if (read.next === undefined) break
    }
    assert.deepEqual(found.map(comparable), ROWS.map(comparable))
    await archive.close()
  })

  test('contents are named once each, in their order', async () => {
    const archive = await open()
    await archive.write('note', ROWS)
    assert.deepEqual(await archive.contents?.(2, ''), ['content 0', 'content 1'])
    assert.deepEqual(await archive.contents?.(2, 'content 1'), ['content 2'])
    await archive.close()
  })

  test('the last number that was given is not given again, though its row is gone', async () => {
    const archive = await open()
    assert.deepEqual((await archive.read('number', 10)).rows, [['note', 0]])
    await archive.write('note', ROWS)
    await archive.write('number', [['note', 99]])
    await archive.seal()
    assert.deepEqual((await archive.read('number', 10)).rows, [['note', 99]])
    await archive.close()
  })
}

function comparable(row: ArchivedRow): readonly unknown[] {
  return row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))
}

test('a ledger that is opened again knows its place, and what became of contents', async () => {
  const file = join(folder, 'ledger.sqlite')
  const ledger = await CopyLedger.open(worker, file)
  assert.deepEqual(await ledger.place('a'), { isDone: false, done: 0 })
  const moved = ['x', 'y'].map((source) => ({
    source,
    target: `${source}'`,
    size: 3,
    digest: Buffer.alloc(32, 7),
  }))
  await ledger.advance({ work: 'a', next: ['y', 2], isDone: false, done: 2, moved })
  await ledger.putFact('stage', 'begun')
  await ledger.close()
  const again = await CopyLedger.open(worker, file)
  assert.deepEqual(await again.place('a'), { cursor: ['y', 2], isDone: false, done: 2 })
  assert.deepEqual(await again.targets(['y', 'z', 'x']), ["y'", undefined, "x'"])
  assert.deepEqual({ ...(await again.sum()) }, { contents: 2, octets: 6 })
  assert.equal((await again.moved('x', 10)).length, 1)
  await again.forgetPlaces()
  assert.deepEqual(await again.place('a'), { isDone: false, done: 0 })
  assert.equal(await again.fact('stage'), 'begun')
  await again.close()
})
