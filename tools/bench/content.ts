// Durable commits per second of the segment log, by number of concurrent writers and size.
//   node tools/bench/content.ts [seconds] [directory]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SegmentContentLog } from '@cartero/content/segments'

const seconds = Number(process.argv[2] ?? 2)
const directory = await mkdtemp(join(process.argv[3] ?? tmpdir(), 'cartero-bench-'))
const log = await SegmentContentLog.open({ directory })

console.log('size     writers   commits/s    MB/s   p50 ms   p99 ms   CPU µs/commit')
for (const size of [4_096, 65_536, 1_048_576]) {
  for (const writers of [1, 10, 100, 1_000]) {
    if (size * writers <= 128 * 1024 * 1024) console.log(await measure(size, writers))
  }
}
await log.close()
await rm(directory, { recursive: true })

async function measure(size: number, writers: number): Promise<string> {
  const label = Buffer.alloc(300, 'envelope')
  const latencies: number[] = []
  const start = performance.now()
  const cpu = process.cpuUsage()
  const end = start + seconds * 1_000
  const write = async () => {
    while (performance.now() < end) {
      const began = performance.now()
      const draft = log.begin()
      for (let written = 0; written < size; written += 65_536) {
        await draft.write(Buffer.allocUnsafe(Math.min(65_536, size - written)))
      }
      log.unpin(await draft.commit(label))
      latencies.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  const elapsed = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2).padStart(7)
  const rate = latencies.length / elapsed
  return [
    String(size).padEnd(8),
    String(writers).padStart(7),
    rate.toFixed(0).padStart(11),
    ((rate * size) / 1e6).toFixed(0).padStart(7),
    ` ${at(0.5)}`,
    ` ${at(0.99)}`,
    ((user + system) / latencies.length).toFixed(1).padStart(10),
  ].join(' ')
}
