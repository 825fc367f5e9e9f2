// What the SQLite mailstore does by itself: `node tools/bench/mailstore.ts [rounds]`. Medians; no content is written.

import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SqlWorker } from '@cartero/sql'

import { benchFolder } from './folder.ts'
import { measureMailStore } from './mailstore-cases.ts'

using folder = benchFolder()
const worker = new SqlWorker()
const store = await openSqliteMailStore({ worker, file: `${folder.path}/mail.db` })
await measureMailStore(store, Number(process.argv[2] ?? 5))
await store.close()
await worker.close()
