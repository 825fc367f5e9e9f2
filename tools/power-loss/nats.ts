// Cuts the power of the broker, with the mail that edges handed over, on a real file system (root needed: a loop mount).
//
//   node tools/power-loss/nats.ts [cuts] [nodes] [sync_interval]
//
// Servers of a broker keep their streams on a file system in an image. At the cut they are frozen, what they have acknowledged so far is
// noted, and only then the image is copied: the copy holds what the file system had flushed to its device. What the next start
// finds on the copy must be at least what was acknowledged, octet for octet. With a sync_interval of 2m instead of always it is not: that
// is what the check at the start is for.

import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { NatsBus } from '@cartero/bus/nats'
import { MemoryContentLog } from '@cartero/content/memory'
import type { QueueId } from '@cartero/spool'
import { IntakeConsumer, JetStreamIntake, type HandedOver } from '@cartero/spool/jetstream'
import { NatsServers } from '@cartero/testkit'

const [cuts = 5, nodes = 1] = process.argv.slice(2, 4).map(Number)
const jetStream = `sync_interval: ${process.argv[4] ?? 'always'}`
const SENDERS = 50
const terms = { replicas: nodes, maxOctets: 1024 * 1024 * 1024 }
const root = mkdtempSync(join(tmpdir(), 'cartero-power-'))
let lost = 0
for (let cut = 1; cut <= cuts; cut++) lost += await powerCut(cut)
rmSync(root, { recursive: true })
if (lost > 0) process.exitCode = 1

/** Returns how many messages were lost or changed. */
async function powerCut(cut: number): Promise<number> {
  const image = join(root, 'image')
  execFileSync('truncate', ['-s', '4G', image])
  execFileSync('mkfs.ext4', ['-qF', image])
  using before = mounted(image)
  const acked = await ackedUntil(before.path, () =>
    execFileSync('cp', ['--sparse=always', image, `${image}.cut`]),
  )
  before[Symbol.dispose]()
  using after = mounted(`${image}.cut`)
  const found = await foundIn(after.path, acked)
  const missing = [...acked].filter(([queueId, sum]) => found.get(queueId) !== sum)
  console.log(`cut ${cut}: ${acked.size} acknowledged, ${found.size} found, ${missing.length} lost`)
  return missing.length
}

type Sums = ReadonlyMap<QueueId, string>

/** What was acknowledged when all servers were frozen; `atCut` runs while they are. */
async function ackedUntil(folder: string, atCut: () => void): Promise<Sums> {
  await using broker = await NatsServers.start({ folder, nodes, jetStream })
  const bus = await NatsBus.open({ servers: broker.servers, name: 'power-loss' })
  const intake = await JetStreamIntake.open({ ...terms, bus, content: new MemoryContentLog() })
  const acked = new Map<QueueId, string>()
  const isOver = new AbortController()
  const senders = Array.from({ length: SENDERS }, () => send(intake, acked, isOver.signal))
  await sleep(2_000 + Math.random() * 4_000)
  for (let node = 0; node < nodes; node++) broker.pause(node)
  // What they said before is in the sockets still.
  for (let size = -1; size < acked.size; await sleep(100)) size = acked.size
  const promised = new Map(acked)
  atCut()
  isOver.abort()
  await Promise.all(Array.from({ length: nodes }, (_, node) => broker.kill(node)))
  await Promise.all(senders)
  await bus.close()
  return promised
}

async function send(intake: JetStreamIntake, acked: Map<QueueId, string>, over: AbortSignal): Promise<void> {
  const client = { address: '192.0.2.1', helo: 'client.example', protocol: 'ESMTP' }
  while (!over.aborted) {
    const octets = Buffer.alloc(Math.ceil(Math.random() * 8_000), `${Math.random()} `)
    try {
      const draft = intake.begin({ reversePath: '', recipients: [{ address: 'bob@example.org' }], client })
      await draft.write(octets)
      acked.set(await draft.commit(Buffer.alloc(0)), hash('sha256', octets))
    } catch {
      await sleep(100)
    }
  }
}

/** Everything that the next start has; it is waited for until all that was acknowledged is there, or nothing more comes. */
async function foundIn(folder: string, acked: Sums): Promise<Sums> {
  await using broker = await NatsServers.start({ folder, nodes, jetStream })
  const bus = await NatsBus.open({ servers: broker.servers, name: 'power-loss' })
  const found = new Map<QueueId, string>()
  const enough = new AbortController()
  const events = { troubled: console.error, setAside: console.error }
  const inlet = {
    takeIn: async (batch: readonly HandedOver[]): Promise<void> => {
      for (const { queueId, content } of batch)
        found.set(queueId, hash('sha256', content.kind === 'inline' ? content.octets : ''))
    },
  }
  const running = new IntakeConsumer({ ...terms, bus, inlet, events }).run(enough.signal)
  let quiet = 0
  for (let size = 0; quiet < 30 && found.size < acked.size; await sleep(100)) {
    quiet = found.size === size ? quiet + 1 : 0
    size = found.size
  }
  enough.abort()
  await running
  await bus.close()
  return found
}

function mounted(image: string): { readonly path: string } & Disposable {
  const path = `${image}.mount`
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-o', 'loop', image, path])
  let isMounted = true
  return {
    path,
    [Symbol.dispose]: () => {
      if (isMounted) execFileSync('umount', [path])
      isMounted = false
    },
  }
}
