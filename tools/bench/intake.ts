// Mail handed over through JetStream: how many messages a second a broker of one server, and a cluster of three, makes durable.
// The last column is our processor time for a message, both ends together; the broker's own comes on top.
// usage: node tools/bench/intake.ts [--seconds 4] [--nodes 1,3] [--producers 1,10,100] [--sizes 1024,4096,102400]
import { parseArgs } from 'node:util'

import { NatsBus } from '@cartero/bus/nats'
import { MemoryContentLog } from '@cartero/content/memory'
import type { Envelope, Intake } from '@cartero/spool'
import { IntakeConsumer, JetStreamIntake } from '@cartero/spool/jetstream'
import { NatsServers } from '@cartero/testkit'

import { median } from './rounds.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    nodes: { type: 'string', default: '1,3' },
    producers: { type: 'string', default: '1,10,100' },
    sizes: { type: 'string', default: '1024,4096,102400' },
  },
})
const numbers = (text: string): number[] => text.split(',').map(Number)
const seconds = Number(values.seconds)
const ENVELOPE: Envelope = {
  reversePath: 'alice@example.org',
  recipients: [{ address: 'bob@example.org' }],
  client: { address: '192.0.2.1', helo: 'client.example', protocol: 'ESMTP' },
}
const PREFIX = Buffer.alloc(200, 'Received: ')

console.log(
  ['nodes', 'producers', 'octets', 'acked/s', 'median µs', 'taken/s', 'CPU µs']
    .map((word) => word.padStart(9))
    .join('  '),
)
for (const nodes of numbers(values.nodes)) {
  for (const size of numbers(values.sizes))
    for (const producers of numbers(values.producers)) await measure({ nodes, producers, size })
}

interface Case {
  readonly nodes: number
  readonly producers: number
  readonly size: number
}

/** A broker of its own for each case: what was written before does not count. */
async function measure({ nodes, producers, size }: Case): Promise<void> {
  await using broker = await NatsServers.start({ nodes })
  const open = (name: string): Promise<NatsBus> => NatsBus.open({ servers: broker.servers, name })
  const terms = { replicas: nodes, monitor: broker.monitors }
  const [edge, spool] = [await open('edge'), await open('spool')]
  const intake = await JetStreamIntake.open({ ...terms, bus: edge, content: new MemoryContentLog() })
  let taken = 0
  const inlet = { takeIn: async (batch: readonly unknown[]) => void (taken += batch.length) }
  const ended = new AbortController()
  const events = { troubled: console.error, setAside: console.error }
  const running = new IntakeConsumer({ ...terms, bus: spool, inlet, events }).run(ended.signal)
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const waits = await produced(intake, { producers, size })
  const span = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const columns = [nodes, producers, size, waits.length / span, median(waits) * 1_000, taken / span]
  const shown = [...columns, (user + system) / waits.length].map((value) => value.toFixed(0).padStart(9))
  console.log(shown.join('  '))
  ended.abort()
  await running
  await Promise.all([edge.close(), spool.close()])
}

/** Milliseconds that each message took, from its first octet to its 250. */
async function produced(intake: Intake, { producers, size }: Omit<Case, 'nodes'>): Promise<number[]> {
  const content = Buffer.alloc(size, 'x')
  const end = performance.now() + seconds * 1_000
  const waits: number[] = []
  const produce = async (): Promise<void> => {
    for (let at = performance.now(); at < end; at = performance.now()) {
      const draft = intake.begin(ENVELOPE)
      await draft.write(content)
      await draft.commit(PREFIX)
      waits.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: producers }, produce))
  return waits
}
