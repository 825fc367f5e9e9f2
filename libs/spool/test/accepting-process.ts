/**
 * A process that accepts mail until it is killed: `node accepting-process.ts <directory> <seed>`. It tells on stdout what
 * it has promised (`accepted <queue id> <sha-256 of prefix and content>`), what is over (`delivering <queue id>`; `sending <queue
 * id>` to another host), and what may never come again (`relayed <queue id>`).
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { join } from 'node:path'

import { SegmentContentLog } from '@cartero/content/segments'
import { SqlWorker } from '@cartero/sql'

import { EmbeddedSpool } from '../src/embedded/index.ts'
import type { DueDestination, Outcome, QueueId } from '../src/index.ts'

const [directory = '', seed = '1'] = process.argv.slice(2)
let state = Number(seed)
/** Reproducible, whatever the timing: a linear congruential generator. */
const random = (below: number): number => {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31
  return state % below
}

const log = await SegmentContentLog.open({
  directory: join(directory, 'content'),
  segmentOctets: 2 * 1024 * 1024,
})
const spool = await EmbeddedSpool.open({
  log,
  sql: new SqlWorker(),
  file: join(directory, 'spool.db'),
  window: 200,
})
const never = new AbortController().signal

async function accept(): Promise<void> {
  for (;;) {
    const size = random(20) === 0 ? 100_000 + random(300_000) : random(8_000)
    const draft = spool.begin({
      reversePath: 'a@example.com',
      recipients: [{ address: 'b@example.org' }],
      client: { address: '192.0.2.1', helo: 'test', protocol: 'ESMTP' },
    })
    const prefix = Buffer.from(`X-Seed: ${random(1e9)}\r\n`)
    const hash = createHash('sha256').update(prefix)
    for (let written = 0; written < size;) {
      const piece = Buffer.alloc(Math.min(1 + random(60_000), size - written), random(256))
      hash.update(piece)
      written += piece.length
      await draft.write(piece)
    }
    const queueId = await draft.commit(prefix)
    writeSync(1, `accepted ${queueId} ${hash.digest('hex')}\n`)
  }
}

/** One of two goes to another host, one of six to a mailbox and another host. */
async function route(): Promise<void> {
  for await (const batch of spool.arrivals(100, never)) {
    const recipients = [{ address: 'b', account: 'b' }]
    const here = { nextHop: { kind: 'local' as const }, recipients }
    await spool.route(
      batch.map(({ queueId, size }) => {
        const domain = `domain${size % 7}.example`
        const there = { nextHop: { kind: 'remote' as const, domain }, recipients }
        const deliveries = size % 6 === 0 ? [here, there] : size % 2 === 0 ? [here] : [there]
        return { queueId, deliveries }
      }),
    )
  }
}

async function relay(): Promise<void> {
  for await (const batch of spool.due(never)) await Promise.all(batch.map(carry))
}

async function carry({ destination }: DueDestination): Promise<void> {
  const taken = await spool.take(destination, 10, { owner: 'relay', expiresIn: 60_000 })
  const sent: QueueId[] = []
  const outcomes = taken.map(({ id, message }): Outcome => {
    if (random(3) === 0) return { id, state: 'deferred', notBefore: Date.now() + random(500), reason: 'busy' }
    // What has another delivery is not over with this one.
    if (message.size % 6 !== 0) {
      writeSync(1, `sending ${message.queueId}\n`)
      sent.push(message.queueId)
    }
    return { id, state: 'delivered' }
  })
  await spool.settle(outcomes)
  for (const queueId of sent) writeSync(1, `relayed ${queueId}\n`)
  if (taken.length === 10) await carry({ destination } as DueDestination)
}

async function deliver(): Promise<void> {
  for await (const batch of spool.lease('local', 20, never)) {
    await spool.settle(
      batch.map(({ id, message }) => {
        if (random(3) > 0)
          return { id, state: 'deferred', notBefore: Date.now() + random(500), reason: 'later' }
        if (message.size % 6 !== 0) writeSync(1, `delivering ${message.queueId}\n`)
        else writeSync(1, `sending ${message.queueId}\n`)
        return { id, state: 'delivered' }
      }),
    )
  }
}

writeSync(1, 'ready\n')
await Promise.all([route(), deliver(), relay(), ...Array.from({ length: 20 }, accept)])
