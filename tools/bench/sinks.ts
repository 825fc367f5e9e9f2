import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { end, untilGreeted } from './processes.ts'
import type { BenchServer } from './server.ts'

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Servers that throw everything away, each in a process of its own. */
export const SINKS: Readonly<Record<string, (port: number) => Promise<BenchServer>>> = {
  Cartero: (port) =>
    startSink('Cartero', port, process.execPath, [script('discard-server.ts'), String(port)]),
  'smtp-sink': (port) =>
    startSink('smtp-sink', port, 'smtp-sink', ['-u', 'nobody', `127.0.0.1:${port}`, '1024']),
  'smtp-server': (port) =>
    startSink('smtp-server', port, process.execPath, [script('smtp-server-peer.ts'), String(port)]),
}

async function startSink(
  name: string,
  port: number,
  command: string,
  args: readonly string[],
): Promise<BenchServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  await untilGreeted(port).catch(async (error) => {
    await end(child)
    throw error
  })
  return { name, smtpPort: port, recipient: 'bench@bench.test', pid: child.pid!, stop: () => end(child) }
}
