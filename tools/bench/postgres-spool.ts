// The spool over Postgres: takes in, routes, leases and settles, batch by batch; messages a second, and for each step.
// usage: node tools/bench/postgres-spool.ts [--messages 40000] [--batch 100] [--lanes 2] [--doors 1] [--url postgres://…]
import { parseArgs } from 'node:util'

import { LocalNews } from '@cartero/bus/memory'
import { MemoryContentLog } from '@cartero/content/memory'
import type { ContentId } from '@cartero/content'
import { QueueIds, type Envelope, type HandedOver, type Routed, type SpooledMessage } from '@cartero/spool'
import { openPostgresSpool, SPOOL_SCHEMA, type PostgresSpool } from '@cartero/spool/postgres'
import { migrate, Postgres } from '@cartero/sql/postgres'
import { PostgresServer } from '@cartero/testkit'
import { systemClock } from '@cartero/wire'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '40000' },
    batch: { type: 'string', default: '100' },
    lanes: { type: 'string', default: '2' },
    doors: { type: 'string', default: '1' },
    url: { type: 'string' },
  },
})
const [messages, batch, lanes, doors] = [values.messages, values.batch, values.lanes, values.doors].map(
  Number,
) as [number, number, number, number]
const server =
  values.url === undefined ? await PostgresServer.start({ settings: { shared_buffers: '256MB' } }) : undefined
const url = values.url ?? server!.url
const ids = new QueueIds(systemClock)
const spools: PostgresSpool[] = []
const databases: Postgres[] = []
const news = new LocalNews()

try {
  for (let door = 0; door < doors; door++) {
    const database = new Postgres({ url, schema: 'bench_spool', connections: 8 })
    databases.push(database)
    await migrate(database, SPOOL_SCHEMA)
    spools.push(
      await openPostgresSpool({ database, content: new MemoryContentLog(), news, owner: `mta${door}` }),
    )
  }
  await run('warm-up', messages / 10)
  await stepByStep()
  await run('all four at once', messages)
} finally {
  for (const spool of spools) await spool.close()
  for (const database of databases) await database.close()
  await server?.[Symbol.asyncDispose]()
}

/** Each step alone, over all messages. */
async function stepByStep(): Promise<void> {
  const [spool] = spools as [PostgresSpool]
  await timed('take in', messages, () => takeIn(messages))
  const leased: string[] = []
  await timed('lease to a router, and route', messages, () =>
    inLanes((lane) => route(spool, messages / lanes, lane)),
  )
  await timed('lease', messages, async () => {
    for await (const part of spool.lease('local', batch, AbortSignal.timeout(60_000))) {
      leased.push(...part.map(({ id }) => id))
      if (leased.length >= messages) break
    }
  })
  await timed('settle', messages, async () => {
    let at = 0
    await inLanes(async () => {
      for (let ids = leased.slice(at, (at += batch)); ids.length > 0; ids = leased.slice(at, (at += batch)))
        await spool.settle(ids.map((id) => ({ id: id as never, state: 'delivered' })))
    })
  })
}

/** A router and a deliverer at each door, while all of it is taken in. */
async function run(name: string, count: number): Promise<void> {
  let settled = 0
  const done = new AbortController()
  const loops = spools.flatMap((spool) => [
    route(spool, Infinity, 0, done.signal),
    ...Array.from({ length: lanes }, async () => {
      for await (const part of spool.lease('local', batch, done.signal)) {
        await spool.settle(part.map(({ id }) => ({ id, state: 'delivered' })))
        settled += part.length
        if (settled >= count) done.abort()
      }
    }),
  ])
  await timed(name, count, async () => {
    await Promise.all([takeIn(count), ...loops])
  })
}

async function takeIn(count: number): Promise<void> {
  let left = count
  await inLanes(async (lane) => {
    while (left > 0) {
      const size = Math.min(batch, left)
      left -= size
      await spools[lane % doors]!.takeIn(Array.from({ length: size }, handed))
    }
  })
}

async function route(
  spool: PostgresSpool,
  count: number,
  _lane: number,
  signal = AbortSignal.timeout(60_000),
): Promise<void> {
  let routed = 0
  for await (const part of spool.arrivals(batch, signal)) {
    await spool.route(part.map(toMailbox))
    routed += part.length
    if (routed >= count) break
  }
}

async function inLanes(work: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)))
}

async function timed(name: string, count: number, work: () => Promise<void>): Promise<void> {
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const [wall, { user, system }] = [performance.now() - start, process.cpuUsage(cpu)]
  const rate = Math.round((count / wall) * 1000)
  console.log(
    `${name.padEnd(32)} ${String(rate).padStart(7)} messages/s   ${((wall * 1000) / count).toFixed(0).padStart(4)} us each, ` +
      `${((user + system) / count).toFixed(0)} us of it here`,
  )
}

function handed(): HandedOver {
  const envelope: Envelope = {
    reversePath: 'alice@example.com',
    recipients: [{ address: 'bob@example.org' }],
    client: { address: '192.0.2.1', helo: 'mail.example.com', protocol: 'ESMTPS' },
    body: '8BITMIME',
  }
  const prefix = Buffer.from(
    'Received: from mail.example.com ([192.0.2.1])\r\n\tby mx.example.org with ESMTPS id 0123456789ABCDEF\r\n\tfor <bob@example.org>; Mon, 23 Nov 2026 12:00:00 +0000\r\n',
  )
  const queueId = ids.next()
  const content = { kind: 'stored', id: `pack.${queueId}` as ContentId, size: 4_096 } as const
  return { queueId, envelope, prefix, acceptedAt: Date.now(), content }
}

function toMailbox({ queueId, envelope }: SpooledMessage): Routed {
  const recipients = envelope.recipients.map(({ address }) => ({ address, account: address }))
  return { queueId, deliveries: [{ nextHop: { kind: 'local' }, recipients }] }
}
