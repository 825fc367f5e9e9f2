// SMTP in → queue on disk → SMTP out: messages a second until the last one is with the next host, beside those that do it, too;
// the time that a letter takes on its way; and whether a dead destination delays a live one.
// usage: npm run bench:relay -- [--rounds 5] [--only throughput|delay|fairness] [--peers Postfix,Exim]
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { benchFolder } from './folder.ts'
import { accept, type Load } from './load.ts'
import { end, untilGreeted } from './processes.ts'
import { RELAY_PEERS } from './relay-peers.ts'
import { interleave, report } from './rounds.ts'
import type { BenchServer } from './server.ts'
import { handInEvenly, TimedSink } from './timed-sink.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    peers: { type: 'string', default: 'Cartero,Postfix,Exim,Haraka' },
  },
})

const NEXT = 14_025

const CASES: readonly (Load & { readonly label: string })[] = [
  { label: 'relay, 20 × 4 KB', sessions: 20, messages: 4_000, size: 4096 },
  { label: 'relay, 20 × 64 KB', sessions: 20, messages: 1_000, size: 65_536 },
  { label: 'relay, 1 × 4 KB', sessions: 1, messages: 400, size: 4096 },
]

/** smtp-sink (C, of Debian's postfix package), which counts what it was given. */
class CountingSink {
  readonly #child
  #count = 0

  private constructor(port: number) {
    this.#child = spawn('smtp-sink', ['-c', '-u', 'nobody', `127.0.0.1:${port}`, '1024'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child.stdout.on('data', (bytes: Buffer) => {
      const last = /mesg=(\d+)(?!.*mesg=)/s.exec(bytes.toString('latin1'))
      if (last !== null) this.#count = Number(last[1])
    })
  }

  static async start(port: number): Promise<CountingSink> {
    const sink = new CountingSink(port)
    await untilGreeted(port)
    return sink
  }

  get count(): number {
    return this.#count
  }

  async until(count: number, limitMs = 120_000): Promise<void> {
    const deadline = performance.now() + limitMs
    while (this.#count < count) {
      if (performance.now() > deadline) throw new Error(`only ${this.#count} of ${count} were sent on`)
      await sleep(5)
    }
  }

  stop(): Promise<void> {
    return end(this.#child)
  }
}

const wanted = new Set(values.peers.split(','))
const isWanted = (part: string): boolean => values.only === '' || values.only === part

using folder = benchFolder()
const servers: BenchServer[] = []
try {
  let port = 12_025
  for (const { name, isThere, start } of RELAY_PEERS) {
    if (!wanted.has(name)) continue
    if (!isThere) console.log(`${name} is not here`)
    else servers.push(await start({ folder: join(folder.path, name), port, next: NEXT }))
    port += 100
  }
  if (isWanted('throughput')) await throughput()
  if (isWanted('delay')) await delays()
  if (isWanted('fairness')) await fairness()
} finally {
  for (const server of servers) await server.stop()
}

async function throughput(): Promise<void> {
  const sink = await CountingSink.start(NEXT)
  for (const { label, ...load } of CASES) {
    const contestants = servers.map((server) => ({
      name: server.name,
      measure: async () => {
        const before = sink.count
        const begin = performance.now()
        await accept(server, load)
        await sink.until(before + load.messages)
        return load.messages / ((performance.now() - begin) / 1000)
      },
    }))
    report(label, await interleave(contestants, Number(values.rounds)), '/s')
  }
  await sink.stop()
}

async function delays(): Promise<void> {
  await using sink = await TimedSink.listen(NEXT)
  for (const [share, name] of [
    [0.5, 'p50'],
    [0.99, 'p99'],
  ] as const) {
    const contestants = servers.map((server) => ({
      name: server.name,
      measure: async () => percentile(await handed(server, sink, server.recipient), share),
    }))
    report(`100 a second, accept to delivery, ${name}`, await interleave(contestants, 3), ' ms')
  }
}

async function handed(server: BenchServer, sink: TimedSink, recipient: string): Promise<number[]> {
  sink.delays = []
  const count = 500
  await handInEvenly(server.smtpPort, { recipient, count, perSecond: 100, size: 4096 })
  await sink.until(count)
  return sink.delays
}

/** Ours only: 10,000 letters for a host that is not there, and then letters for one that is. */
async function fairness(): Promise<void> {
  await using sink = await TimedSink.listen(NEXT)
  const ours = servers[0]!
  const before = await handed(ours, sink, ours.recipient)
  await accept({ ...ours, recipient: 'nobody@dead.test' }, { sessions: 50, messages: 10_000, size: 4096 })
  const beside = await handed(ours, sink, ours.recipient)
  for (const [name, delays] of [
    ['alone', before],
    ['behind 10,000 for a dead host', beside],
  ] as const) {
    const [p50, p99, most] = [0.5, 0.99, 1].map((share) => percentile(delays, share).toFixed(1))
    console.log(`fairness, ${name}`.padEnd(46), `p50 ${p50} ms   p99 ${p99} ms   longest ${most} ms`)
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}
