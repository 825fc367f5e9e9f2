import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach } from 'node:test'

import type { NewsBoard } from '@cartero/bus'
import { LocalNews } from '@cartero/bus/memory'
import type { Mailbox, MailStore, MailStoreLimits } from '@cartero/mailstore'
import { MAILSTORE_SCHEMA, openPostgresMailStore, type PostgresMailStore } from '@cartero/mailstore/postgres'
import { migrate, Postgres } from '@cartero/sql/postgres'
import { PostgresServer } from '@cartero/testkit'
import type { ManualClock } from '@cartero/wire'

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, at) => from + at)

/** News that are all lost. */
export const forgetful: NewsBoard = { tell: () => undefined, hear: () => undefined }

export async function inboxOf(store: MailStore, account = 'ann', name = 'INBOX'): Promise<Mailbox> {
  const found = await store.mailbox(account, name)
  assert.ok(found)
  return found
}

interface ProcessOptions {
  readonly news?: NewsBoard
  readonly clock?: ManualClock
  readonly limits?: Partial<MailStoreLimits>
}

/** Where the tests of a suite are at: one server, a schema for each test. */
export interface Place {
  readonly server: PostgresServer
  /** Of the test. */
  readonly schema: string
  /** What the test has opened. */
  readonly opened: readonly (readonly [PostgresMailStore, Postgres])[]
  /** As another process: a mailstore with connections, and unless they are given, news of its own. */
  readonly process: (options?: ProcessOptions) => Promise<PostgresMailStore>
}

/** After each test the tables must agree with each other. */
export function sharedPostgres(): Place {
  let server: PostgresServer
  let [schema, schemas] = ['', 0]
  let opened: (readonly [PostgresMailStore, Postgres])[] = []

  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server[Symbol.asyncDispose]())

  beforeEach(async () => {
    schema = `mailstore_${++schemas}`
    opened = []
    const database = new Postgres({ url: server.url, schema })
    await migrate(database, MAILSTORE_SCHEMA)
    await database.close()
  })

  afterEach(async () => {
    const [first] = opened[0] ?? []
    if (first) assert.deepEqual(await first.check(), [])
    for (const [store, database] of opened) {
      await store.close()
      await database.close()
    }
  })

  return {
    get server() {
      return server
    },
    get schema() {
      return schema
    },
    get opened() {
      return opened
    },
    process: async (options = {}) => {
      const database = new Postgres({ url: server.url, schema, connections: 3 })
      const store = await openPostgresMailStore({ database, news: new LocalNews(), ...options })
      opened.push([store, database])
      return store
    },
  }
}
