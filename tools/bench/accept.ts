// Durable accept: messages a second until the last 250, beside Postfix, interleaved.
// usage: npm run bench:accept -- [--rounds 5] [--quick]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startCartero } from './cartero.ts'
import { benchFolder } from './folder.ts'
import { accept, type Load } from './load.ts'
import { startPostfix } from './postfix.ts'
import { interleave, report } from './rounds.ts'
import type { BenchServer } from './server.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
})

const CASES: readonly (Load & { readonly label: string })[] = [
  { label: '1 × 4 KB', sessions: 1, messages: 500, size: 4096 },
  { label: '50 × 4 KB', sessions: 50, messages: 10_000, size: 4096 },
  { label: '200 × 4 KB', sessions: 200, messages: 10_000, size: 4096 },
  { label: '50 × 4 KB, a connection each', sessions: 50, messages: 2000, size: 4096, reconnect: true },
  { label: '1 × 64 KB', sessions: 1, messages: 300, size: 65_536 },
  { label: '50 × 64 KB', sessions: 50, messages: 2000, size: 65_536 },
  { label: '200 × 64 KB', sessions: 200, messages: 2000, size: 65_536 },
  { label: '1 × 1 MB', sessions: 1, messages: 50, size: 1_048_576 },
  { label: '50 × 1 MB', sessions: 50, messages: 200, size: 1_048_576 },
  { label: '200 × 1 MB', sessions: 200, messages: 200, size: 1_048_576 },
]

using folder = benchFolder()
const servers: BenchServer[] = []
try {
  servers.push(await startCartero({ folder: join(folder.path, 'cartero'), port: 12025 }))
  servers.push(
    await startPostfix({ folder: join(folder.path, 'postfix'), port: 13025, transport: 'discard:' }),
  )
  for (const { label, ...load } of values.quick ? CASES.slice(1, 2) : CASES) {
    const contestants = servers.map((server) => ({
      name: server.name,
      measure: async () => load.messages / (await accept(server, load)),
    }))
    report(label, await interleave(contestants, Number(values.rounds)), '/s')
  }
} finally {
  for (const server of servers) await server.stop()
}
