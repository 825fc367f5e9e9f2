/**
 * Opens what an accepting process left behind, as its next start would, and tells everything that would be delivered:
 * `node recovering-process.ts <directory>` prints `found <queue id> <sha-256 of prefix and content>`. Ends with a
 * failure when the log reports damage or when a message comes twice.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'

import { SegmentContentLog } from '@cartero/content/segments'
import { SqlWorker } from '@cartero/sql'

import { EmbeddedSpool } from '../src/embedded/index.ts'
import type { SpooledMessage } from '../src/index.ts'

const directory = process.argv[2] ?? ''
const DEADLINE_MS = 60_000

const log = await SegmentContentLog.open({
  directory: join(directory, 'content'),
  segmentOctets: 2 * 1024 * 1024,
  report: (damage) => assert.fail(JSON.stringify(damage)),
})
const sql = new SqlWorker()
const spool = await EmbeddedSpool.open({ log, sql, file: join(directory, 'spool.db') })

const found = new Map<string, string>()
for (const kind of ['release', 'retry'] as const)
  for await (const _ of spool.change({}, { kind }, AbortSignal.timeout(DEADLINE_MS)));
const total = spool.waiting
const end = new AbortController()
const deadline = AbortSignal.any([end.signal, AbortSignal.timeout(DEADLINE_MS)])
if (total > 0) await Promise.all([route(), lease(), take()])
assert.equal(found.size, total, 'all that waits is handed out')
for (const [queueId, hash] of found) console.log(`found ${queueId} ${hash}`)
await spool.close()
await log.close()
await sql.close()

async function add(message: SpooledMessage): Promise<void> {
  const hash = createHash('sha256').update(message.prefix)
  for await (const piece of log.get(message.content)) hash.update(piece)
  assert.ok(!found.has(message.queueId) || message.size % 6 === 0, `${message.queueId} came twice`)
  found.set(message.queueId, hash.digest('hex'))
  if (found.size >= total) end.abort()
}

async function route(): Promise<void> {
  for await (const batch of spool.arrivals(100, deadline)) for (const message of batch) await add(message)
}

async function lease(): Promise<void> {
  for await (const batch of spool.lease('local', 100, deadline))
    for (const delivery of batch) await add(delivery.message)
}

async function take(): Promise<void> {
  for await (const batch of spool.due(deadline)) {
    for (const { destination } of batch) {
      const taken = await spool.take(destination, Infinity, { owner: 'test', expiresIn: DEADLINE_MS })
      for (const delivery of taken) await add(delivery.message)
    }
  }
}
