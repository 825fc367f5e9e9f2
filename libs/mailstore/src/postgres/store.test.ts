import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'

import { LocalNews } from '@cartero/bus/memory'
import { migrate, Postgres } from '@cartero/sql/postgres'
import { POSTGRES_LACKS, PostgresServer } from '@cartero/testkit'
import { systemClock } from '@cartero/wire'

import { describeMailStore } from '../compliance/index.ts'
import { MAILSTORE_SCHEMA, openPostgresMailStore } from './index.ts'

describe('a mailstore of one process', { skip: POSTGRES_LACKS }, () => {
  let server: PostgresServer
  let schemas = 0
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server[Symbol.asyncDispose]())

  describeMailStore('in Postgres', async ({ clock, limits }) => {
    const database = new Postgres({ url: server.url, schema: `mailstore_${++schemas}` })
    await migrate(database, MAILSTORE_SCHEMA)
    const timed = { now: () => clock.now(), after: systemClock.after }
    const open = () => openPostgresMailStore({ database, news: new LocalNews(), clock: timed, limits })
    let store = await open()
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await open()
        return store
      },
      cleanup: async () => {
        store = await open()
        assert.deepEqual(await store.check(), [])
        await store.close()
        await database.close()
      },
    }
  })
})
