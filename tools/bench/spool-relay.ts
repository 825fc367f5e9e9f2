// The spool between two hosts: accept, route, take, settle. Messages a second, and processor time for each.
// usage: npm run bench:spool-relay -- [--messages 20000] [--sessions 20] [--destinations 1] [--hold 0]
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { SegmentContentLog } from '@cartero/content/segments'
import { EmbeddedSpool } from '@cartero/spool/embedded'
import { SqlWorker } from '@cartero/sql'

import { benchFolder } from './folder.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    sessions: { type: 'string', default: '20' },
    destinations: { type: 'string', default: '1' },
    /** Milliseconds that the other host takes for each. */
    hold: { type: 'string', default: '0' },
  },
})
const [messages, sessions, destinations, hold] = [
  Number(values.messages),
  Number(values.sessions),
  Number(values.destinations),
  Number(values.hold),
]
const OCTETS = Buffer.alloc(4_096, 'x')
const TERMS = { owner: 'bench', expiresIn: 600_000 }

using folder = benchFolder()
const log = await SegmentContentLog.open({ directory: join(folder.path, 'content') })
const sql = new SqlWorker()
const spool = await EmbeddedSpool.open({ log, sql, file: join(folder.path, 'spool.db') })
const end = new AbortController()
let settled = 0

async function accept(session: number): Promise<void> {
  for (let n = session; n < messages; n += sessions) {
    const draft = spool.begin({
      reversePath: 'alice@example.com',
      recipients: [{ address: `bob@domain${n % destinations}.example` }],
      client: { address: '192.0.2.1', helo: 'mail.example.com', protocol: 'ESMTPS' },
    })
    await draft.write(Buffer.from(OCTETS))
    await draft.commit(Buffer.from('Received: by bench; Mon, 23 Nov 2026 00:00:00 +0000\r\n'))
  }
}

async function route(): Promise<void> {
  for await (const batch of spool.arrivals(200, end.signal))
    await spool.route(
      batch.map(({ queueId, envelope }) => {
        const { address } = envelope.recipients[0]!
        const nextHop = { kind: 'remote', domain: address.slice(address.indexOf('@') + 1) } as const
        return { queueId, deliveries: [{ nextHop, recipients: [{ address, account: '' }] }] }
      }),
    )
}

async function relay(): Promise<void> {
  const working = new Set<Promise<void>>()
  for await (const batch of spool.due(end.signal)) {
    for (const { destination } of batch) {
      const work = carry(destination).finally(() => working.delete(work))
      working.add(work)
    }
  }
  await Promise.all(working)
}

async function carry(destination: string): Promise<void> {
  for (let isMore = true; isMore;) {
    const taken = await spool.take(destination, sessions, TERMS)
    isMore = taken.length === sessions
    if (taken.length === 0) return
    if (hold > 0) await pause(hold)
    await spool.settle(taken.map(({ id }) => ({ id, state: 'delivered' })))
    settled += taken.length
    if (settled === messages) end.abort()
  }
}

const before = process.cpuUsage()
const begun = performance.now()
await Promise.all([route(), relay(), ...Array.from({ length: sessions }, (_, n) => accept(n))])
const seconds = (performance.now() - begun) / 1_000
const { user, system } = process.cpuUsage(before)
console.log(
  `${(messages / seconds).toFixed(0)} messages/s, ${((user + system) / messages).toFixed(0)} µs of processor each, ` +
    `${(process.memoryUsage().rss / 1_048_576).toFixed(0)} MiB`,
)
await spool.close()
await log.close()
await sql.close()
