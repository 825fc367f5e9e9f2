import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'

import { Bench } from '../compliance/index.ts'
import { CRASH_REASON, MAX_CRASHES } from '../ledger/crashes.ts'
import { EmbeddedSpool } from './index.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-poison-'))
const sql = new SqlWorker()
after(async () => {
  await sql.close()
  await rm(root, { recursive: true, force: true })
})

test('mail for elsewhere that ends the process within a moment of being taken is held after some crashes', async () => {
  const clock = new ManualClock()
  const log = new MemoryContentLog()
  // Whoever crashed is left as it is; its time stands still.
  const open = (): Promise<Bench> =>
    Bench.open(async () => {
      const spool = await EmbeddedSpool.open({ log, sql, file: join(root, 'spool.db'), clock })
      return { spool, content: log }
    }, clock)
  let bench = await open()
  await bench.sent(['a@one.example'])
  const [first] = await bench.take('one.example')
  const notBefore = clock.now()
  await bench.spool.settle([{ id: first!.id, state: 'deferred', notBefore, reason: 'busy' }])
  for (let crashes = 0; crashes < MAX_CRASHES; crashes++) {
    const [taken] = await bench.take('one.example')
    assert.equal(taken?.id, first!.id, `after ${crashes} crashes`)
    // Behind what taking it has set off.
    await bench.list({})
    bench = await open()
  }
  const [listed] = await bench.list({})
  assert.deepEqual([listed?.state, listed?.reason], ['held', CRASH_REASON])
  assert.deepEqual(await bench.take('one.example'), [])
  await bench.close()
})
