// Memory: idle, under 200 idle SMTP sessions, and while one 50 MB message arrives.
// usage: npm run bench:footprint
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCartero } from './cartero.ts'
import { benchFolder } from './folder.ts'
import { accept } from './load.ts'
import { startPostfix } from './postfix.ts'
import { memoryOf } from './processes.ts'
import type { BenchServer } from './server.ts'

const megabytes = (octets: number): string => `${(octets / 1024 / 1024).toFixed(1)} MB`

async function greeted(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'data')
  socket.write('EHLO bench.test\r\n')
  await once(socket, 'data')
  return socket
}

async function say(socket: Socket, line: string): Promise<void> {
  socket.write(`${line}\r\n`)
  await once(socket, 'data')
}

/** The highest memory seen while a message of 50 MB is handed in. */
async function peakOf50MB(server: BenchServer): Promise<number> {
  const socket = await greeted(server.smtpPort)
  await say(socket, 'MAIL FROM:<sender@elsewhere.test>')
  await say(socket, `RCPT TO:<${server.recipient}>`)
  await say(socket, 'DATA')
  const line = Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(800))
  let peak = 0
  socket.write('Subject: large\r\n\r\n')
  for (let sent = 0; sent < 50_000_000; sent += line.length) {
    if (!socket.write(line)) await once(socket, 'drain')
    if (sent % 5_000_000 < line.length) peak = Math.max(peak, memoryOf(server.pid))
  }
  await say(socket, '.')
  for (let i = 0; i < 10; i++) {
    peak = Math.max(peak, memoryOf(server.pid))
    await sleep(100)
  }
  socket.destroy()
  return peak
}

using folder = benchFolder()
const servers: BenchServer[] = []
try {
  servers.push(await startCartero({ folder: join(folder.path, 'cartero'), port: 12025 }))
  servers.push(
    await startPostfix({ folder: join(folder.path, 'postfix'), port: 13025, transport: 'discard:' }),
  )
  for (const server of servers) {
    await sleep(1_000)
    const idle = memoryOf(server.pid)
    const sockets = await Promise.all(Array.from({ length: 200 }, () => greeted(server.smtpPort)))
    await sleep(1_000)
    const busy = memoryOf(server.pid)
    for (const socket of sockets) socket.destroy()
    // Buffers that are made once and kept are not the large message's doing.
    await accept(server, { sessions: 10, messages: 500, size: 65_536 })
    await sleep(2_000)
    const before = memoryOf(server.pid)
    const peak = await peakOf50MB(server)
    console.log(
      `${server.name.padEnd(10)} idle ${megabytes(idle)}   200 idle sessions ${megabytes(busy)}   a 50 MB message adds ${megabytes(peak - before)}`,
    )
  }
} finally {
  for (const server of servers) await server.stop()
}
