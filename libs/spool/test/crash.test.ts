import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { SegmentContentLog } from '@cartero/content/segments'
import { SqlWorker } from '@cartero/sql'

import type { SpooledMessage } from '../src/index.ts'
import { EmbeddedSpool } from '../src/embedded/index.ts'

const ACCEPTING = fileURLToPath(new URL('./accepting-process.ts', import.meta.url))
const ROUNDS = Number(process.env['CARTERO_CRASH_ROUNDS'] ?? 3)

/** What the process said before it was killed, in lines. */
async function runAndKill(directory: string, seed: number): Promise<string[][]> {
  const child = spawn(process.execPath, [ACCEPTING, directory, String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = text(child.stdout)
  const exit = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), exit])
  await sleep(Math.random() * 1_500)
  child.kill('SIGKILL')
  await exit
  return (await output)
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
}

interface Found {
  readonly message: SpooledMessage
  readonly hash: string
}

/** Everything that the spool in the directory would deliver now, by queue id. Ends the messages when asked to. */
async function recover(directory: string): Promise<Map<string, Found>> {
  const damages: unknown[] = []
  const log = await SegmentContentLog.open({
    directory: join(directory, 'content'),
    segmentOctets: 2 * 1024 * 1024,
    report: (damage) => damages.push(damage),
  })
  const sql = new SqlWorker()
  const spool = await EmbeddedSpool.open({ log, sql, file: join(directory, 'spool.db') })
  const found = new Map<string, Found>()
  const add = async (message: SpooledMessage) => {
    const hash = createHash('sha256').update(message.prefix)
    for await (const piece of log.get(message.content)) hash.update(piece)
    assert.ok(!found.has(message.queueId), `${message.queueId} came twice`)
    found.set(message.queueId, { message, hash: hash.digest('hex') })
  }
  await spool.release((await spool.inspect({ limit: 100_000 })).map((summary) => summary.id))
  const total = spool.waiting
  const end = new AbortController()
  const deadline = AbortSignal.any([end.signal, AbortSignal.timeout(60_000)])
  const route = async () => {
    for await (const batch of spool.arrivals(100, deadline)) {
      for (const message of batch) await add(message)
      if (found.size >= total) end.abort()
    }
  }
  const lease = async () => {
    for await (const batch of spool.lease('local', 100, deadline)) {
      for (const delivery of batch) await add(delivery.message)
      if (found.size >= total) end.abort()
    }
  }
  if (total > 0) await Promise.all([route(), lease()])
  assert.equal(found.size, total)
  await spool.close()
  await log.reclaim([spool], AbortSignal.timeout(10_000)).catch(() => {})
  await log.close()
  await sql.close()
  assert.deepEqual(damages, [])
  return found
}

describe('kill -9', () => {
  it(
    `loses nothing that was accepted, and changes no octet of it (${ROUNDS} times)`,
    { timeout: 300_000 },
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'cartero-crash-'))
      const accepted = new Map<string, string>()
      const over = new Set<string>()
      for (let round = 1; round <= ROUNDS; round++) {
        for (const [word = '', queueId = '', hash = ''] of await runAndKill(directory, round)) {
          if (word === 'accepted') accepted.set(queueId, hash)
          if (word === 'delivering') over.add(queueId)
        }
        const found = await recover(directory)
        for (const [queueId, hash] of accepted) {
          if (over.has(queueId)) continue
          assert.equal(found.get(queueId)?.hash, hash, `${queueId} of round ${round}`)
        }
        assert.ok(accepted.size > over.size, 'the test has to accept more than it delivers')
      }
      await rm(directory, { recursive: true })
    },
  )
})
