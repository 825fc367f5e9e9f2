import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { SqlWorker } from '@cartero/sql'
import { ManualClock } from '@cartero/wire'

import { Bench, toDomains } from '../compliance/index.ts'
import { EmbeddedSpool } from './index.ts'
import { MAX_KNOWN } from './outbound-backlog.ts'

const root = await mkdtemp(join(tmpdir(), 'cartero-destinations-'))
const sql = new SqlWorker()
after(async () => {
  await sql.close()
  await rm(root, { recursive: true, force: true })
})

const DESTINATIONS = MAX_KNOWN + 2_000

describe('mail for more destinations than are remembered', () => {
  it('is all told, taken, deferred and told again, each destination at its time', async () => {
    const clock = new ManualClock()
    const log = new MemoryContentLog()
    const open = () =>
      Bench.open(async () => {
        const spool = await EmbeddedSpool.open({ log, sql, file: join(root, 'many.db'), clock, window: 100 })
        return { spool, content: log }
      }, clock)
    let bench = await open()
    const domains = Array.from({ length: DESTINATIONS }, (_, n) => `domain${n}.example`)
    await Promise.all(domains.map((domain) => bench.accept('x', `a@${domain}`)))
    for (let routed = 0; routed < DESTINATIONS;) {
      const messages = await bench.arrivals(1, 1_000)
      await bench.spool.route(messages.map(toDomains))
      routed += messages.length
    }
    await bench.spool.close()
    bench = await open()

    const end = new AbortController()
    const seen = new Set<string>()
    let attempts = 0
    const attempt = async (destination: string): Promise<void> => {
      seen.add(destination)
      const taken = await bench.take(destination)
      attempts += taken.length
      const notBefore = clock.now() + 3_600_000
      await bench.spool.settle(taken.map(({ id }) => ({ id, state: 'deferred', notBefore, reason: 'away' })))
    }
    const listening = (async () => {
      for await (const batch of bench.spool.due(end.signal))
        await Promise.all(batch.map(({ destination }) => attempt(destination)))
    })()
    const counted = async (): Promise<number> => {
      await bench.settled()
      return attempts
    }
    while ((await counted()) < DESTINATIONS);
    assert.equal(seen.size, DESTINATIONS)
    clock.advance(3_600_000)
    while ((await counted()) < 2 * DESTINATIONS);
    await bench.settled()
    assert.equal(attempts, 2 * DESTINATIONS, 'none is tried before its time')
    end.abort()
    await listening
    await bench.close()
  })
})
