import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import type { ManualClock } from '@cartero/wire'

import { describeDurableSpool, describeSpool } from '../compliance/index.ts'
import { EmbeddedSpool } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-spool-'))
const sql = new SqlWorker()
after(async () => {
  await sql.close()
  await rm(root, { recursive: true, force: true })
})

let spools = 0
function setup(window?: number) {
  return async (clock: ManualClock) => {
    const content = new MemoryContentLog()
    const file = join(root, `${spools++}.db`)
    const spool = await EmbeddedSpool.open({ log: content, sql, file, clock, ...(window && { window }) })
    return { content, spool }
  }
}

describeSpool('embedded', setup())
describeSpool('embedded with a window of four', setup(4), { keepsOrder: false })

describeDurableSpool('embedded', async () => {
  const log = new MemoryContentLog()
  const file = join(root, `${spools++}.db`)
  return {
    open: async (clock) => ({ content: log, spool: await EmbeddedSpool.open({ log, sql, file, clock }) }),
    remove: () => log.close(),
  }
})
