// Servers that throw everything away: ours beside Postfix's smtp-sink (C) and npm's smtp-server, interleaved.
// usage: npm run bench:discard -- [--rounds 5]
import { parseArgs } from 'node:util'
import { accept, hand, type Load } from './load.ts'
import { cpuSeconds } from './processes.ts'
import { interleave, report } from './rounds.ts'
import type { BenchServer } from './server.ts'
import { SINKS } from './sinks.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })

interface Case extends Load {
  readonly label: string
  /** By our own client, which pipelines; smtp-source says one thing at a time. */
  readonly pipelined?: boolean
}

const CASES: readonly Case[] = [
  { label: '100 × 4 KB', sessions: 100, messages: 20_000, size: 4096 },
  { label: '100 × 4 KB, pipelined', sessions: 100, messages: 20_000, size: 4096, pipelined: true },
  { label: '1 × 4 KB', sessions: 1, messages: 2_000, size: 4096 },
  { label: '20 × 1 MB', sessions: 20, messages: 400, size: 1_048_576 },
]

const servers: BenchServer[] = []
try {
  for (const [i, start] of Object.values(SINKS).entries()) servers.push(await start(13_125 + i))
  for (const { label, pipelined, ...load } of CASES) {
    const perCpuSecond = new Map<string, number[]>(servers.map(({ name }) => [name, []]))
    const contestants = servers.map((server) => ({
      name: server.name,
      measure: async () => {
        const before = cpuSeconds(server.pid)
        const seconds = pipelined ? await hand(server, load, 'data') : await accept(server, load)
        perCpuSecond.get(server.name)!.push(load.messages / (cpuSeconds(server.pid) - before))
        return load.messages / seconds
      },
    }))
    report(label, await interleave(contestants, Number(values.rounds)), '/s')
    report(`${label}, a second of its CPU`, perCpuSecond, '/s')
  }
} finally {
  for (const server of servers) await server.stop()
}
