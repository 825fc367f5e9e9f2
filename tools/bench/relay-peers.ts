import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIM, startExim } from '../interop/exim.ts'
import { OPENSMTPD, startOpenSmtpd } from '../interop/opensmtpd.ts'
import type { Peer, PeerOptions } from '../interop/peer.ts'
import { startCarteroWith } from './cartero.ts'
import { startPostfix } from './postfix.ts'
import { end, untilGreeted } from './processes.ts'
import type { BenchServer, StartOptions } from './server.ts'

export interface RelayOptions extends StartOptions {
  /** The port of the host that everything is sent on to. */
  readonly next: number
}

export interface RelayPeer {
  readonly name: string
  readonly isThere: boolean
  readonly start: (options: RelayOptions) => Promise<BenchServer>
}

/** Not a Debian package: `npm install --prefix /opt/cartero-peers/haraka --omit=optional Haraka@3.3.4` brings it here. */
const HARAKA = '/opt/cartero-peers/haraka/node_modules/Haraka'

const RECIPIENT = 'bench@bench.test'

/** Those that take mail in, keep it in a queue on disk, and send it on. Ours is the first. */
export const RELAY_PEERS: readonly RelayPeer[] = [
  { name: 'Cartero', isThere: true, start: startOurs },
  {
    name: 'Postfix',
    isThere: true,
    start: ({ next, ...options }) => startPostfix({ ...options, transport: `smtp:[127.0.0.1]:${next}` }),
  },
  { name: 'Exim', isThere: EXIM !== undefined, start: (options) => startPeer(startExim, options) },
  { name: 'Haraka', isThere: existsSync(HARAKA), start: startHaraka },
  {
    name: 'OpenSMTPD',
    isThere: OPENSMTPD !== undefined,
    start: (options) => startPeer(startOpenSmtpd, options),
  },
]

function startOurs({ folder, port, next }: RelayOptions): Promise<BenchServer> {
  const config = `
hostname: mail.bench.test
data: ${folder}/data
listen:
  mx: ['127.0.0.1:${port}']
  submission: []
  submissions: []
  imap: []
  imaps: []
  http: []
log:
  level: warn
smtp:
  relayNetworks: ['127.0.0.0/8']
relay:
  loopback: true
routes:
  - name: sink
    hosts: ['127.0.0.1:${next}']
  - name: dead
    hosts: ['127.0.0.1:9']
routing:
  - match: dead.test
    via: dead
  - match: '*'
    via: sink
`
  return startCarteroWith({ folder, port, config, recipient: RECIPIENT })
}

async function startPeer(
  start: (options: PeerOptions) => Promise<Peer>,
  { folder, port, next }: RelayOptions,
): Promise<BenchServer> {
  const peer = await start({ folder, port, next: { port: next } })
  return {
    name: peer.name,
    smtpPort: port,
    recipient: RECIPIENT,
    pid: process.pid,
    stop: async () => peer[Symbol.asyncDispose](),
  }
}

/** Its outbound queue on disk, not its forwarding plugin, which keeps nothing. */
async function startHaraka({ folder, port, next }: RelayOptions): Promise<BenchServer> {
  for (const name of ['config', 'plugins', 'queue']) mkdirSync(join(folder, name), { recursive: true })
  const files = {
    'config/smtp.ini': `listen=127.0.0.1:${port}\nnodes=0\n[headers]\n`,
    'config/me': 'mail.bench.test\n',
    'config/plugins': 'onward\n',
    'config/outbound.ini': 'enable_tls=false\nlocal_mx_ok=true\nconcurrency_max=100\n',
    'config/log.ini': '[main]\nlevel=WARN\n',
    'plugins/onward.js': `
      exports.hook_rcpt = (next, connection) => { connection.relaying = true; next(OK) }
      exports.hook_get_mx = (next) => next(OK, { priority: 0, exchange: '127.0.0.1', port: ${next} })
    `,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  copyFileSync(join(HARAKA, 'config/connection.ini'), join(folder, 'config/connection.ini'))
  const child = spawn(process.execPath, [join(HARAKA, 'bin/haraka'), '-c', folder], { stdio: 'ignore' })
  await untilGreeted(port).catch(async (error) => {
    await end(child)
    throw error
  })
  return { name: 'Haraka', smtpPort: port, recipient: RECIPIENT, pid: child.pid!, stop: () => end(child) }
}
