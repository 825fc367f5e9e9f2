// Durable commits of 4 KB per second, and reads of them, by what keeps the contents.
//   node tools/bench/object-content.ts [seconds]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { NatsBus } from '@cartero/bus/nats'
import type { ContentId, ContentStore } from '@cartero/content'
import { openNatsObjects } from '@cartero/content/nats'
import { MemoryObjects, type ObjectStore } from '@cartero/content/objects'
import { openPackedContent } from '@cartero/content/packs'
import { openS3Objects } from '@cartero/content/s3'
import { SegmentContentLog } from '@cartero/content/segments'
import { NATS_LACKS, NatsServers, S3_LACKS, S3Server } from '@cartero/testkit'

const SIZE = 4_096
const seconds = Number(process.argv[2] ?? 2)

console.log(
  'store                drafts  commits/s   p50 ms   p99 ms  CPU µs/commit   reads/s (cached)   (not)',
)

const directory = await mkdtemp(join(tmpdir(), 'cartero-bench-'))
await measure('embedded log', await SegmentContentLog.open({ directory }))
await rm(directory, { recursive: true })
await overObjects('memory', new MemoryObjects())
for (const nodes of [1, 3]) if (NATS_LACKS === false) await overNats(nodes)
if (S3_LACKS === false) await overS3()

async function overNats(nodes: number): Promise<void> {
  await using broker = await NatsServers.start({ nodes })
  const bus = await NatsBus.open({ servers: broker.servers, name: 'bench' })
  await overObjects(`NATS R${nodes}`, await openNatsObjects({ bus, bucket: 'BENCH', replicas: nodes }))
  await bus.close()
}

async function overS3(): Promise<void> {
  await using server = await S3Server.start()
  await overObjects(
    'S3 (Ceph, SQLite)',
    openS3Objects({ ...server.place, bucket: 'bench', makeBucket: true }),
  )
}

async function overObjects(name: string, objects: ObjectStore): Promise<void> {
  const lasting: ObjectStore = {
    put: (...all) => objects.put(...all),
    read: (...all) => objects.read(...all),
    delete: (name) => objects.delete(name),
    list: (signal) => objects.list(signal),
    close: async () => {},
  }
  const uncached = await openPackedContent({ objects: lasting, limits: { cacheOctets: 0 } })
  await measure(name, await openPackedContent({ objects }), uncached)
}

async function measure(name: string, store: ContentStore, uncached?: ContentStore): Promise<void> {
  for (const drafts of [1, 10, 100]) {
    const ids: ContentId[] = []
    const { rate, at, cpu } = await repeat(drafts, async () => {
      const draft = store.begin()
      await draft.write(Buffer.allocUnsafe(SIZE))
      const id = await draft.commit()
      store.unpin(id)
      ids.push(id)
    })
    const read = (from: ContentStore) => () =>
      from.read(ids[Math.floor(Math.random() * ids.length)] as ContentId)
    const cached = await repeat(drafts, read(store))
    const others = uncached && (await repeat(drafts, read(uncached)))
    console.log(
      [
        name.padEnd(20),
        String(drafts).padStart(6),
        rate.toFixed(0).padStart(10),
        at(0.5).toFixed(2).padStart(8),
        at(0.99).toFixed(2).padStart(8),
        cpu.toFixed(0).padStart(14),
        cached.rate.toFixed(0).padStart(18),
        (others?.rate.toFixed(0) ?? '-').padStart(7),
      ].join(' '),
    )
  }
  await store.close()
}

async function repeat(
  width: number,
  work: () => Promise<unknown>,
): Promise<{ rate: number; at: (share: number) => number; cpu: number }> {
  const latencies: number[] = []
  const start = performance.now()
  const before = process.cpuUsage()
  const one = async (): Promise<void> => {
    while (performance.now() < start + seconds * 1_000) {
      const began = performance.now()
      await work()
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: width }, one))
  const elapsed = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(before)
  latencies.sort((a, b) => a - b)
  return {
    rate: latencies.length / elapsed,
    at: (share) => latencies[Math.floor(latencies.length * share)] ?? 0,
    cpu: (user + system) / latencies.length,
  }
}
