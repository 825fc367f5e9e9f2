// Mail that customers have not come for: what it costs while it waits, and how fast one is given his.
// usage: node tools/bench/uncollected.ts [--waiting 1000000] [--customers 1000] [--keep <folder>]
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { MemoryContentLog } from '@cartero/content/memory'
import type { ContentId } from '@cartero/content'
import type { Change, QueueId } from '@cartero/spool'
import { EmbeddedSpool, type SpoolProcedures } from '@cartero/spool/embedded'
import { SqlWorker } from '@cartero/sql'

import { benchFolder } from './folder.ts'
import { median } from './rounds.ts'

const { values } = parseArgs({
  options: {
    waiting: { type: 'string', default: '1000000' },
    customers: { type: 'string', default: '1000' },
    keep: { type: 'string' },
  },
})
const [waiting, customers] = [Number(values.waiting), Number(values.customers)]
/** Each of the other customers. */
const SMALL = 50
/** One of so many is deferred. */
const DEFERRED = 10
const TERMS = { owner: 'bench', expiresIn: 600_000 }
const PORTION = 100
const TURN = 10_000
const DAYS = 5
const HOME = 'odmr home.test'
const start = Date.now()

using scratch = benchFolder()
const path = values.keep ?? scratch.path
mkdirSync(path, { recursive: true })
const file = join(path, 'spool.db')
const sql = new SqlWorker()
if (!existsSync(file)) await build()

const log = new MemoryContentLog()
const spool = await timed('open', () => EmbeddedSpool.open({ log, sql, file }))
await idle()
await repeated('uncollected', async () => (await spool.uncollected()).length)
await repeated('shape of one', async () => (await spool.shape({ destination: HOME })).length)
await repeated(
  'list, first page of 50',
  async () => (await spool.list({ destination: HOME }, { limit: 50 })).deliveries.length,
)
await timed(`first take of ${PORTION}`, () => taken(PORTION))
await repeated(`take of ${PORTION}, none settled`, () => taken(PORTION))
await timed(`turn of ${TURN}, by ${PORTION}`, turn)
await timed('urge', () => spool.urge(HOME))
await timed('expire the first of five days', () =>
  change({ kind: 'expire' }, start - (DAYS - 1) * 86_400_000),
)
await timed('expire, when nothing is so old', () =>
  change({ kind: 'expire' }, start - (DAYS - 1) * 86_400_000),
)
await timed('expire one minute more', () =>
  change({ kind: 'expire' }, start - (DAYS - 1) * 86_400_000 + 60_000),
)
await timed('close', () => spool.close())
await sql.close()

/** One message for each delivery, of the last days. */
async function build(): Promise<void> {
  const store = await sql.open<SpoolProcedures>({
    file,
    procedures: new URL('../../libs/spool/src/embedded/procedures.ts', import.meta.url),
  })
  const PAGE = 1_000
  const all = waiting + customers * SMALL
  const begun = performance.now()
  for (let at = 0; at < all; at += PAGE) {
    const records = Array.from({ length: Math.min(PAGE, all - at) }, (_, n) => recordOf(at + n, all))
    await store.call('replayed', { records, done: [], replay: { segment: 0, offset: 0 } })
  }
  await store.close()
  console.log(`built: ${(((performance.now() - begun) * 1_000) / all).toFixed(0)} µs each`)
}

function recordOf(n: number, all: number) {
  const every = Math.max(1, Math.floor(all / (customers * SMALL)))
  const domain = n % every === 0 ? `customer${(n / every) % customers}.test` : 'home.test'
  const address = `user${n}@${domain}`
  const reversePath = `sender${n % 977}@company${n % 53}.example`
  const envelope = {
    reversePath,
    recipients: [{ address }],
    client: { address: '192.0.2.1', helo: 'mail.example.com', protocol: 'ESMTPS' },
  }
  return {
    queueId: n.toString(32).toUpperCase().padStart(16, '0') as QueueId,
    reversePath,
    text: {
      envelope: JSON.stringify(envelope),
      prefix: Buffer.from('Received: by bench; Mon, 23 Nov 2026 00:00:00 +0000\r\n'),
      content: `${n >> 8}.${n & 255}.4096` as ContentId,
    },
    size: 4_096,
    acceptedAt: start - DAYS * 86_400_000 + Math.floor((n * DAYS * 86_400_000) / all),
    crashes: 0,
    isBusy: false,
    due: null,
    isWaiting: true,
    priority: n % 1_000 === 3 ? 3 : 0,
    isRouted: true,
    deliveries: [deliveryOf(n, address, domain)],
  }
}

function deliveryOf(n: number, address: string, domain: string) {
  const isDeferred = n % DEFERRED === 1
  const notBefore = isDeferred ? start + 3_600_000 + n : 0
  return {
    number: 1,
    nextHop: JSON.stringify({ kind: 'odmr', domain }),
    recipients: JSON.stringify([{ address, account: '' }]),
    state: isDeferred ? ('deferred' as const) : ('ready' as const),
    attempts: isDeferred ? 1 : 0,
    notBefore,
    reason: isDeferred ? 'not now' : '',
    destination: `odmr ${domain}`,
    due: notBefore,
    status: '' as const,
    lapses: 0,
    sender: null,
    sentence: null,
  }
}

/** Somebody listens to what is due, and nothing is. */
async function idle(): Promise<void> {
  const end = new AbortController()
  let told = 0
  const listening = (async () => {
    for await (const batch of spool.due(end.signal)) told += batch.length
  })()
  await sleep(1_000)
  const before = process.cpuUsage()
  await sleep(5_000)
  const { user, system } = process.cpuUsage(before)
  end.abort()
  await listening
  console.log(
    `idle: ${told} destinations told; ${((user + system) / 5_000).toFixed(2)} ms of processor a second`,
  )
}

async function taken(limit: number): Promise<number> {
  return (await spool.take(HOME, limit, TERMS)).length
}

/** As a turn does it: the next are taken while the last are settled. */
async function turn(): Promise<string> {
  const waits: number[] = []
  let settled = 0
  let settling = Promise.resolve()
  const begun = performance.now()
  while (settled < TURN) {
    const asked = performance.now()
    const portion = await spool.take(HOME, PORTION, TERMS)
    waits.push(performance.now() - asked)
    if (portion.length === 0) break
    await settling
    settling = spool.settle(portion.map(({ id }) => ({ id, state: 'delivered' })))
    settled += portion.length
  }
  await settling
  const rate = (settled * 1_000) / (performance.now() - begun)
  return `${settled}, ${rate.toFixed(0)} a second; a take ${median(waits).toFixed(1)} ms, the longest ${Math.max(...waits).toFixed(1)} ms`
}

async function change(what: Change, acceptedBefore: number): Promise<string> {
  let last
  const filter = { destination: HOME, acceptedBefore }
  for await (const progress of spool.change(filter, what, new AbortController().signal)) last = progress
  return `${last?.changed} of ${last?.found}`
}

async function timed<T>(name: string, action: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await action()
  const shown = typeof result === 'string' || typeof result === 'number' ? `   ${result}` : ''
  console.log(`${name.padEnd(32)} ${(performance.now() - begun).toFixed(1).padStart(8)} ms${shown}`)
  return result
}

async function repeated(name: string, action: () => Promise<number>): Promise<void> {
  const waits: number[] = []
  let result = 0
  for (let n = 0; n < 9; n++) {
    const begun = performance.now()
    result = await action()
    waits.push(performance.now() - begun)
  }
  console.log(
    `${name.padEnd(32)} ${median(waits).toFixed(1).padStart(8)} ms   first ${waits[0]!.toFixed(1)} ms   ${result}`,
  )
}
