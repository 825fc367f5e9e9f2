// SMTP in → visible by IMAP: messages a second until the last one can be seen, beside Postfix + Dovecot (LMTP, maildir), interleaved.
// usage: npm run bench:end-to-end -- [--rounds 3]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startCartero } from './cartero.ts'
import { startPostfixDovecot } from './dovecot.ts'
import { benchFolder } from './folder.ts'
import { accept, MailboxWatcher, type Load } from './load.ts'
import { interleave, report } from './rounds.ts'
import type { BenchServer } from './server.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, quick: { type: 'boolean', default: false } },
})

const CASES: readonly (Load & { readonly label: string })[] = [
  { label: '50 × 4 KB, to the mailbox', sessions: 50, messages: 4000, size: 4096 },
  { label: '1 × 4 KB, to the mailbox', sessions: 1, messages: 400, size: 4096 },
  { label: '50 × 64 KB, to the mailbox', sessions: 50, messages: 1000, size: 65_536 },
]

async function deliver(server: BenchServer, load: Load): Promise<number> {
  const watcher = await MailboxWatcher.open(server)
  const before = await watcher.count()
  const begin = performance.now()
  await accept(server, load)
  await watcher.until(before + load.messages)
  watcher.close()
  return load.messages / ((performance.now() - begin) / 1000)
}

using folder = benchFolder()
const servers: BenchServer[] = []
try {
  servers.push(await startCartero({ folder: join(folder.path, 'cartero'), port: 12025 }))
  servers.push(await startPostfixDovecot({ folder: join(folder.path, 'peer'), port: 13025 }))
  for (const { label, ...load } of values.quick ? CASES.slice(0, 1) : CASES) {
    const contestants = servers.map((server) => ({ name: server.name, measure: () => deliver(server, load) }))
    report(label, await interleave(contestants, Number(values.rounds)), '/s')
  }
} finally {
  for (const server of servers) await server.stop()
}
