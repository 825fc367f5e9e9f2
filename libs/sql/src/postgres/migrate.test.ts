import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'

import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'

import { checkSchema, migrate, Postgres, statement, type Migration, type StoreSchema } from './index.ts'

const FIRST: Migration = {
  sql: `
  CREATE TABLE note (id int PRIMARY KEY); -- a comment; with a semicolon
  CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM 1;
    RETURN n * 2;
  END;
  $$;
  INSERT INTO note VALUES (twice(21))`,
  readableBy: 1,
}
const ADDS: Migration = { sql: `ALTER TABLE note ADD COLUMN text text NOT NULL DEFAULT ';'`, readableBy: 1 }
const DROPS: Migration = { sql: 'ALTER TABLE note DROP COLUMN text', readableBy: 3 }

const schemaOf = (...migrations: readonly Migration[]): StoreSchema => ({ store: 'notes', migrations })

describe('migrations of Postgres', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let schemas = 0
  const opened: Postgres[] = []
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server[Symbol.asyncDispose]())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()))
  })

  function open(schema = `notes_${schemas++}`): Postgres {
    const database = new Postgres({ url: server.url, schema })
    opened.push(database)
    return database
  }

  test('run scripts of several statements, with semicolons in the middle of them', async () => {
    const database = open()
    assert.deepEqual(await migrate(database, schemaOf(FIRST)), { from: 0, to: 1 })
    assert.deepEqual(await database.rows(statement('SELECT * FROM note')), [{ id: 42 }])
    assert.deepEqual(await migrate(database, schemaOf(FIRST)), { from: 1, to: 1 })
  })

  test('leave nothing of a step that fails, and all of those before it', async () => {
    const database = open()
    const failing = { sql: 'CREATE TABLE half (); SELECT 1/0', readableBy: 1 }
    await assert.rejects(migrate(database, schemaOf(FIRST, failing)), /division by zero/)
    assert.deepEqual(await database.rows(statement(`SELECT to_regclass('half') AS half`)), [{ half: null }])
    assert.deepEqual(await migrate(database, schemaOf(FIRST, ADDS)), { from: 1, to: 2 })
  })

  test('are made once when several processes begin at once', async () => {
    const { schema } = open()
    const migrated = await Promise.all(
      Array.from({ length: 5 }, () => migrate(open(schema), schemaOf(FIRST, ADDS, DROPS))),
    )
    assert.deepEqual(new Set(migrated.map(({ to }) => to)), new Set([3]))
    assert.deepEqual(await open(schema).rows(statement('SELECT count(*) AS steps FROM schema_version')), [
      { steps: 3 },
    ])
  })

  test('let the program of the version before go on, and none that is older, or newer', async () => {
    const database = open()
    const needs = /schema version \d, and this program needs 1: run `cartero migrate`/
    await assert.rejects(checkSchema(database, schemaOf(FIRST)), needs)
    await migrate(database, schemaOf(FIRST, ADDS))
    await checkSchema(database, schemaOf(FIRST))
    await checkSchema(database, schemaOf(FIRST, ADDS))
    await assert.rejects(checkSchema(database, schemaOf(FIRST, ADDS, DROPS)), /version 2, .* needs 3/)
    await migrate(database, schemaOf(FIRST, ADDS, DROPS))
    await assert.rejects(
      checkSchema(database, schemaOf(FIRST, ADDS)),
      /version 3, which needs a newer program/,
    )
    assert.deepEqual(
      await migrate(database, schemaOf(FIRST)),
      { from: 3, to: 3 },
      'an older one does nothing',
    )
  })
})
