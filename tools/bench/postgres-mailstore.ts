// What the mailstore in Postgres does by itself, with a server of its own: `node tools/bench/postgres-mailstore.ts [rounds]`. Medians;
// no content is written. `node tools/bench/mailstore.ts` measures the same of SQLite.

import { LocalNews } from '@cartero/bus/memory'
import { MAILSTORE_SCHEMA, openPostgresMailStore } from '@cartero/mailstore/postgres'
import { migrate, Postgres } from '@cartero/sql/postgres'
import { PostgresServer } from '@cartero/testkit'

import { measureMailStore } from './mailstore-cases.ts'

/** As a small server would have them: the tests' own are smaller. */
const settings = { shared_buffers: '256MB', max_wal_size: '4GB' }

await using server = await PostgresServer.start({ settings })
const database = new Postgres({ url: server.url, schema: 'mailstore' })
await migrate(database, MAILSTORE_SCHEMA)
const store = await openPostgresMailStore({ database, news: new LocalNews() })
await measureMailStore(store, Number(process.argv[2] ?? 5))
await store.close()
await database.close()
