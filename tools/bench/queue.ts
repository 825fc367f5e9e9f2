// A queue of a million deliveries to ten thousand destinations: how it opens, is seen, is steered and is taken from.
// usage: npm run bench:queue -- [--deliveries 1000000] [--destinations 10000] [--keep <folder>]
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { MemoryContentLog } from '@cartero/content/memory'
import type { ContentId } from '@cartero/content'
import type {
  DeliveryFilter,
  DeliveryId,
  DeliveryState,
  DestinationName,
  DueDestination,
  QueueId,
} from '@cartero/spool'
import { EmbeddedSpool, type SpoolProcedures } from '@cartero/spool/embedded'
import { SqlWorker } from '@cartero/sql'

import { benchFolder } from './folder.ts'
import { median } from './rounds.ts'

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '1000000' },
    destinations: { type: 'string', default: '10000' },
    keep: { type: 'string' },
  },
})
const [deliveries, destinations] = [Number(values.deliveries), Number(values.destinations)]
const TERMS = { owner: 'bench', expiresIn: 600_000 }
/** Nothing more is told. */
const QUIET_MS = 2_000
/** Told at once by the spool. */
const CALLS = 500
const NEVER = new AbortController().signal
const start = Date.now()
const UNTRIED = { reason: '', status: '' } as const
const GREYLISTED = { reason: '451 4.7.1 greylisted', status: '4.7.1' } as const
const TIMED_OUT = { reason: 'connection timed out', status: '4.4.1' } as const

using scratch = benchFolder()
const path = values.keep ?? scratch.path
mkdirSync(path, { recursive: true })
const file = join(path, 'spool.db')
const sql = new SqlWorker()
if (!existsSync(file)) await build()

global.gc?.()
const log = new MemoryContentLog()
const spool = await timed('open', () => EmbeddedSpool.open({ log, sql, file }))
memory('after open')
console.log(`${spool.waiting} messages wait`)
await see()
await steer()
await schedule()
memory('at the end')
await timed('close', () => spool.close())
await sql.close()

/** One message for each delivery, deferred for an hour but for one of ten, which is due; in the order of a real day. */
async function build(): Promise<void> {
  const store = await sql.open<SpoolProcedures>({
    file,
    procedures: new URL('../../libs/spool/src/embedded/procedures.ts', import.meta.url),
  })
  const begun = performance.now()
  const before = process.cpuUsage()
  const PAGE = 1_000
  for (let at = 0; at < deliveries; at += PAGE) {
    const records = Array.from({ length: Math.min(PAGE, deliveries - at) }, (_, n) => recordOf(at + n))
    await store.call('replayed', { records, done: [], replay: { segment: 0, offset: 0 } })
  }
  await store.close()
  const each = ((performance.now() - begun) * 1_000) / deliveries
  const { user, system } = process.cpuUsage(before)
  const used = (user + system) / deliveries
  console.log(`built: ${each.toFixed(0)} µs each, ${used.toFixed(0)} µs of processor`)
}

function queueIdOf(n: number): QueueId {
  return n.toString(32).toUpperCase().padStart(16, '0') as QueueId
}

function recordOf(n: number) {
  const destination = `domain${n % destinations}.example`
  const envelope = {
    reversePath: `sender${n % 977}@company${n % 53}.example`,
    recipients: [{ address: `user${n}@${destination}` }],
    client: { address: '192.0.2.1', helo: 'mail.example.com', protocol: 'ESMTPS' },
  }
  return {
    queueId: queueIdOf(n),
    reversePath: envelope.reversePath,
    text: {
      envelope: JSON.stringify(envelope),
      prefix: Buffer.from('Received: by bench; Mon, 23 Nov 2026 00:00:00 +0000\r\n'),
      content: `${n >> 8}.${n & 255}.4096` as ContentId,
    },
    size: 4_096,
    acceptedAt: start - 86_400_000 + Math.floor((n * 86_400_000) / deliveries),
    crashes: 0,
    isBusy: false,
    due: null,
    isWaiting: true,
    priority: n % 1_000 === 0 ? 3 : 0,
    isRouted: true,
    deliveries: [deliveryOf(n, destination)],
  }
}

function deliveryOf(n: number, destination: DestinationName) {
  const isDue = Math.floor(n / destinations) % 10 === 0
  const state: DeliveryState = isDue ? 'ready' : 'deferred'
  const notBefore = isDue ? 0 : start + 3_600_000 + n
  const why = n % 3 === 0 ? GREYLISTED : TIMED_OUT
  return {
    number: 1,
    nextHop: JSON.stringify({ kind: 'remote', domain: destination }),
    recipients: JSON.stringify([{ address: `user${n}@${destination}`, account: '' }]),
    state,
    attempts: isDue ? 0 : 3,
    notBefore,
    destination,
    due: notBefore,
    ...(isDue ? UNTRIED : why),
    lapses: 0,
    sender: null,
    sentence: null,
  }
}

async function see(): Promise<void> {
  await repeated('list, first page of 50', () => spool.list({}, { limit: 50 }))
  const after = `${queueIdOf(Math.floor(deliveries / 2))}.1` as DeliveryId
  await repeated('list, page in the middle', () => spool.list({}, { limit: 50, after }))
  const filters: readonly (readonly [string, DeliveryFilter])[] = [
    ['destination', { destination: 'domain77.example' }],
    ['state', { state: 'ready' }],
    ['sender', { sender: 'sender77@company24.example' }],
    ['sender, none', { sender: 'nobody@nowhere.example' }],
    ['recipient', { recipient: 'user999000@domain9000.example' }],
    ['domain of recipient', { recipient: '@domain77.example' }],
    ['reason', { reason: 'GREYLISTED' }],
    ['reason, none', { reason: 'no such reason' }],
  ]
  for (const [name, filter] of filters)
    await repeated(`list by ${name}`, async () => (await spool.list(filter, { limit: 50 })).deliveries.length)
  await timed('list by sender to the end', () => toTheEnd({ sender: 'nobody@nowhere.example' }))
  await repeated('count, all', () => spool.count({}))
  await repeated('count by destination', () => spool.count({ destination: 'domain77.example' }))
  await repeated('count by state', () => spool.count({ state: 'deferred' }))
  await timed('count by reason', () => spool.count({ reason: 'greylisted' }))
  await repeated('show', async () => (await spool.show(`${'0'.repeat(12)}0100` as QueueId))?.size)
  await timed('shape', async () => (await spool.shape()).length)
}

async function toTheEnd(filter: DeliveryFilter): Promise<string> {
  let pages = 0
  let longest = 0
  for (let after: DeliveryId | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const begun = performance.now()
    after = (await spool.list(filter, { limit: 50, ...(after && { after }) })).next
    longest = Math.max(longest, performance.now() - begun)
    pages += 1
  }
  return `${pages} pages, the longest ${longest.toFixed(1)} ms`
}

async function steer(): Promise<void> {
  const destination = 'domain77.example'
  await timed('hold one destination', () => change('hold', { destination }))
  await timed('release it', () => change('release', { destination }))
  await timed('urge one destination', () => spool.urge('domain78.example'))
  await timed('remove one destination', () => change('remove', { destination }))
  await timed('hold by sender', () => change('hold', { sender: 'sender77@company24.example' }))
  memory('after changes')
}

async function change(kind: 'hold' | 'release' | 'remove', filter: DeliveryFilter): Promise<string> {
  let last
  const what = kind === 'hold' ? { kind, reason: 'bench' } : { kind }
  for await (const progress of spool.change(filter, what, NEVER)) last = progress
  return `${last?.changed} of ${last?.found}`
}

/** Each destination that is due is told, and something is taken for it, tried in vain and deferred. */
async function schedule(): Promise<void> {
  const begun = performance.now()
  const seen = new Set<DestinationName>()
  const waits: number[] = []
  let [first, taken] = [0, 0]
  const end = new AbortController()
  const tryOne = async ({ destination }: DueDestination): Promise<void> => {
    const asked = performance.now()
    const got = await spool.take(destination, 5, TERMS)
    waits.push(performance.now() - asked)
    taken += got.length
    const notBefore = Date.now() + 3_600_000
    await spool.settle(got.map(({ id }) => ({ id, state: 'deferred', notBefore, reason: 'bench' })))
  }
  let last = begun
  const quiet = setInterval(() => performance.now() - last > QUIET_MS && end.abort(), 100)
  for await (const batch of spool.due(end.signal)) {
    first ||= performance.now() - begun
    for (const { destination } of batch) seen.add(destination)
    await Promise.all(batch.map(tryOne))
    last = performance.now()
  }
  clearInterval(quiet)
  const all = last - begun
  console.log(
    `schedule: first destination told after ${first.toFixed(1)} ms; ${seen.size} told, and ${taken} taken and deferred, in ` +
      `${all.toFixed(0)} ms; a take, of ${CALLS} at once, ${median(waits).toFixed(1)} ms`,
  )
}

async function timed<T>(name: string, action: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await action()
  const shown = typeof result === 'string' || typeof result === 'number' ? `   ${result}` : ''
  console.log(`${name.padEnd(30)} ${(performance.now() - begun).toFixed(1).padStart(8)} ms${shown}`)
  return result
}

/** The median of some, and the first, which finds nothing in memory. */
async function repeated(name: string, action: () => Promise<unknown>): Promise<void> {
  const waits: number[] = []
  let result: unknown
  for (let n = 0; n < 9; n++) {
    const begun = performance.now()
    result = await action()
    waits.push(performance.now() - begun)
  }
  const shown = typeof result === 'string' || typeof result === 'number' ? `   ${result}` : ''
  console.log(
    `${name.padEnd(30)} ${median(waits).toFixed(1).padStart(8)} ms   first ${waits[0]!.toFixed(1)} ms${shown}`,
  )
}

function memory(when: string): void {
  console.log(`memory ${when}: ${(process.memoryUsage().rss / 1_048_576).toFixed(0)} MiB`)
}
