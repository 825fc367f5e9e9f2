import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { POSTGRES_LACKS, PostgresDoor, PostgresServer } from '@cartero/testkit'

import { Postgres, SharedTransactions, SqlError, statement } from './index.ts'

const ADD = statement(
  'INSERT INTO note (id) SELECT * FROM unnest($1::int[]) RETURNING id, txid_current()::text AS within',
)

describe('transactions that are shared', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let door: PostgresDoor
  let database: Postgres
  before(async () => {
    server = await PostgresServer.start()
    door = await PostgresDoor.before(server)
    database = new Postgres({ url: door.url, schema: 'public', limits: { statement: 5_000 } })
    await database.run({ name: '', text: 'CREATE TABLE note (id int PRIMARY KEY CHECK (id <> 13))' })
  })
  after(async () => {
    await database.close()
    await door[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const notes = (limits: { most?: number; waiting?: number } = {}) =>
    new SharedTransactions<number, string>({
      database,
      ...limits,
      perform: async (queries, ids) => {
        const rows = await queries.rows<{ id: number; within: string }>(ADD, [ids])
        return ids.map((id) => rows.find((row) => row.id === id)!.within)
      },
    })

  test('take all that came meanwhile, and no more than they may', async () => {
    const shared = notes({ most: 4 })
    const within = await Promise.all([100, 101, 102, 103, 104, 105].map((id) => shared.run(id)))
    assert.deepEqual(
      Map.groupBy(within, (name) => name)
        .values()
        .map((calls) => calls.length)
        .toArray(),
      [4, 2],
    )
  })

  test('fail for the one that is at fault, and for nobody else', async () => {
    const shared = notes()
    const ids = [10, 11, 12, 13, 14, 15, 15]
    const outcomes = await Promise.allSettled(ids.map((id) => shared.run(id)))
    assert.deepEqual(
      outcomes.map(({ status }) => status === 'fulfilled'),
      [true, true, true, false, true, true, false],
    )
    await shared.settled()
  })

  test('tell everybody at once when the server is away, and are there again afterwards', async () => {
    const shared = notes()
    door.refuse()
    door.cut()
    const outcomes = await Promise.allSettled([20, 21, 22].map((id) => shared.run(id)))
    for (const outcome of outcomes)
      assert.ok(outcome.status === 'rejected' && (outcome.reason as SqlError).fault === 'busy')
    door.refuse(false)
    await shared.run(20)
  })

  test('bound what waits for a server that is slow', async () => {
    const shared = notes({ waiting: 2 })
    await shared.run(30)
    door.pause()
    const first = shared.run(31)
    await Promise.resolve()
    const others = [32, 33].map((id) => shared.run(id))
    await assert.rejects(
      shared.run(34),
      (error: SqlError) => error.fault === 'busy' && /2 calls wait/.test(error.message),
    )
    door.resume()
    await Promise.all([first, ...others])
  })
})
