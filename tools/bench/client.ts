// Our client beside smtp-source (C), both handing in to smtp-sink; and BDAT beside DATA, both to our own sink.
// usage: npm run bench:client -- [--rounds 5]
import { parseArgs } from 'node:util'
import { accept, hand, type Load } from './load.ts'
import { interleave, report } from './rounds.ts'
import type { BenchServer } from './server.ts'
import { SINKS } from './sinks.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })

const CASES: readonly (Load & { readonly label: string })[] = [
  { label: '50 × 4 KB', sessions: 50, messages: 20_000, size: 4096 },
  { label: '1 × 4 KB', sessions: 1, messages: 5_000, size: 4096 },
  { label: '20 × 1 MB', sessions: 20, messages: 400, size: 1_048_576 },
]

const rounds = Number(values.rounds)
const servers: BenchServer[] = []
const start = async (name: string, port: number): Promise<BenchServer> => {
  const server = await SINKS[name]!(port)
  servers.push(server)
  return server
}
try {
  const [theirs, ours] = [await start('smtp-sink', 13_135), await start('Cartero', 13_136)]
  for (const { label, ...load } of CASES) {
    const clients = [
      { name: 'Cartero', measure: async () => load.messages / (await hand(theirs, load, 'data')) },
      { name: 'smtp-source', measure: async () => load.messages / (await accept(theirs, load)) },
    ]
    report(`${label}, to smtp-sink`, await interleave(clients, rounds), '/s')
    const framings = (['bdat', 'data'] as const).map((name) => ({
      name,
      measure: async () => load.messages / (await hand(ours, load, name)),
    }))
    report(`${label}, to our sink`, await interleave(framings, rounds), '/s')
  }
} finally {
  for (const server of servers) await server.stop()
}
