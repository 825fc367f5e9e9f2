// SMTP in → visible by IMAP, through agents that are processes of their own (NATS, gRPC, Postgres), beside all of them in one process and
// Postfix + Dovecot, interleaved; and what each hop costs of processor time. The load generator, servers and databases share the machine.
// usage: npm run bench:apart -- [--rounds 3] [--nodes 1] [--messages 4000]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AGENTS, ApartStage } from '@cartero/testkit/apart'
import { startCartero } from './cartero.ts'
import { startPostfixDovecot } from './dovecot.ts'
import { benchFolder } from './folder.ts'
import { accept, MailboxWatcher, type Load } from './load.ts'
import { cpuOfPrograms, cpuSeconds } from './processes.ts'
import { interleave, median, report } from './rounds.ts'
import type { BenchServer } from './server.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    nodes: { type: 'string', default: '1' },
    messages: { type: 'string', default: '4000' },
    alone: { type: 'boolean', default: false },
  },
})

const LOAD: Load = { sessions: 50, messages: Number(values.messages), size: 4096 }
const RECIPIENT = 'bob@cartero.test'
const PASSWORD = 'correct horse battery staple'

/** Agents that there are two of, by what the contestant is called. */
const SHAPES: readonly { readonly label: string; readonly twice: readonly ('mda' | 'mta')[] }[] = [
  { label: 'apart', twice: [] },
  { label: 'apart, mda ×2', twice: ['mda'] },
  { label: 'apart, mta ×2', twice: ['mta'] },
  { label: 'apart, mta ×2, mda ×2', twice: ['mta', 'mda'] },
]

interface Delivered {
  readonly accepted: number
  readonly visible: number
}

await using stage = await ApartStage.start({ nodes: Number(values.nodes) })
for (const other of ['mta-2', 'mda-2']) await stage.place(other)
const apart = await serverOf(stage)
const shares = new Map<string, number[]>()
using folder = benchFolder()
const servers: BenchServer[] = []
try {
  if (!values.alone) {
    servers.push(await startCartero({ folder: join(folder.path, 'cartero'), port: 12_025 }))
    servers.push(await startPostfixDovecot({ folder: join(folder.path, 'peer'), port: 13_025 }))
  }
  const contestants = [
    ...SHAPES.map(({ label, twice }) => ({ name: label, measure: () => inShape(twice) })),
    ...servers.map((server) => ({
      name: server.name === 'Cartero' ? 'one process' : server.name,
      measure: async () => (await deliver(server)).visible,
    })),
  ]
  report(
    `50 × 4 KB to the mailbox, ${values.nodes} NATS`,
    await interleave(contestants, Number(values.rounds)),
    '/s',
  )
  console.log('\nprocessor time of a message, in ms (apart, medians):')
  for (const [part, times] of shares) console.log(`  ${part.padEnd(12)} ${median(times).toFixed(3)}`)
} finally {
  for (const server of servers) await server.stop()
}

/** With some agents twice, started for this measure only. */
async function inShape(twice: readonly ('mda' | 'mta')[]): Promise<number> {
  const others = twice.map((agent) => stage.run(agent, { as: `${agent}-2` }))
  await Promise.all(others.map((other) => other.told('agent.serves')))
  const before = processorTimes()
  const { accepted, visible } = await deliver(apart)
  const after = processorTimes()
  if (twice.length === 0) {
    note('accepted /s', accepted)
    for (const [part, time] of after) note(part, ((time - (before.get(part) ?? 0)) * 1_000) / LOAD.messages)
  }
  await Promise.all(others.map((other) => other.end()))
  return visible
}

/** Messages a second: until the last 250, and until the last one is visible. */
async function deliver(server: BenchServer): Promise<Delivered> {
  const watcher = await MailboxWatcher.open(server)
  const before = await watcher.count()
  const begin = performance.now()
  const seconds = await accept(server, LOAD)
  await watcher.until(before + LOAD.messages)
  watcher.close()
  return {
    accepted: LOAD.messages / seconds,
    visible: LOAD.messages / ((performance.now() - begin) / 1_000),
  }
}

function note(part: string, value: number): void {
  shares.set(part, [...(shares.get(part) ?? []), value])
}

/** Seconds that each agent and each server has used so far. */
function processorTimes(): ReadonlyMap<string, number> {
  const agents = AGENTS.map((agent) => [agent, cpuSeconds(stage.agent(agent).child.pid!)] as const)
  return new Map([...agents, ...cpuOfPrograms(['postgres', 'nats-server'])])
}

async function serverOf(system: ApartStage): Promise<BenchServer> {
  await said(system, ['domain', 'add', 'cartero.test'])
  await said(system, ['account', 'add', RECIPIENT, '--password-stdin'], `${PASSWORD}\n`)
  return {
    name: 'apart',
    smtpPort: system.port(25),
    recipient: RECIPIENT,
    imap: { port: system.port(143), user: RECIPIENT, password: PASSWORD },
    pid: process.pid,
    stop: () => Promise.resolve(),
  }
}

async function said(system: ApartStage, words: readonly string[], input = ''): Promise<void> {
  const { code, err } = await system.cartero(words, { input })
  if (code !== 0) throw new Error(`${words.join(' ')}: ${err}`)
}
