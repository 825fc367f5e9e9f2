import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import { SqlWorker } from '@cartero/sql'

import { describeMailStore } from '../compliance/index.ts'
import { openSqliteMailStore } from './index.ts'

const worker = new SqlWorker()
after(() => worker.close())

describeMailStore('in SQLite', async (options) => {
  const directory = await mkdtemp(join(tmpdir(), 'mailstore-'))
  const open = () => openSqliteMailStore({ worker, file: join(directory, 'mail.db'), ...options })
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
      await rm(directory, { recursive: true })
    },
  }
})
