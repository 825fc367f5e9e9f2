// Mail that waits for a customer (RFC 2645), turned over one connection: messages a second, and the time from the 250 until the
// first of them begins; beside the same mail relayed by us over one connection to a host that we call.
// usage: npm run bench:turn -- [--rounds 5] [--messages 10000] [--size 4096]
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startCarteroWith } from './cartero.ts'
import { benchFolder } from './folder.ts'
import { accept } from './load.ts'
import { run } from './processes.ts'
import { interleave, report } from './rounds.ts'
import { TakingHost } from './taking-host.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: '10000' },
    size: { type: 'string', default: '4096' },
  },
})

const CLI = fileURLToPath(new URL('../../apps/cartero/src/main.ts', import.meta.url))
const MX = 12_025
const ODMR = 12_366
const NEXT = 14_025
const LOGIN = { address: 'fetch@home.test', password: 'turn-the-connection-around' }
const messages = Number(values.messages)

using folder = benchFolder()
const config = join(folder.path, 'cartero', 'cartero.yaml')
const server = await startCarteroWith({
  folder: join(folder.path, 'cartero'),
  port: MX,
  recipient: `bench@home.test`,
  config: `
hostname: mail.bench.test
data: ${folder.path}/cartero/data
listen:
  mx: ['127.0.0.1:${MX}']
  odmr: ['127.0.0.1:${ODMR}']
  odmrs: []
  submission: []
  submissions: []
  imap: []
  imaps: []
  http: []
log:
  level: warn
smtp:
  relayNetworks: ['127.0.0.0/8']
odmr:
  clearCramMd5: true
relay:
  mode: hold
  loopback: true
routes:
  - name: sink
    hosts: ['127.0.0.1:${NEXT}']
    connections: 1
routing:
  - match: relayed.test
    via: sink
`,
})
try {
  await addCustomer()
  const firsts: number[] = []
  const turned = {
    name: 'turned',
    measure: async () => {
      await handIn('bench@home.test')
      const { rate, first } = await turn()
      firsts.push(first)
      return rate
    },
  }
  const relayed = {
    name: 'relayed',
    measure: async () => {
      await handIn('bench@relayed.test')
      return await relay()
    },
  }
  const label = `${messages} × ${Number(values.size) / 1024} KB, one connection`
  report(label, await interleave([turned, relayed], Number(values.rounds)), '/s')
  report('first message after the 250', new Map([['turned', firsts]]), ' ms')
} finally {
  await server.stop()
}

async function cartero(...words: readonly string[]): Promise<void> {
  await run(process.execPath, [CLI, ...words, '--config', config])
}

async function addCustomer(): Promise<void> {
  await cartero('domain', 'add', 'home.test')
  const secret = join(folder.path, 'secret')
  writeFileSync(secret, LOGIN.password)
  const account = `account add ${LOGIN.address} --reversible-secret --clear-cram-md5 --password-stdin`
  await run('sh', ['-c', `"${process.execPath}" "${CLI}" ${account} --config "${config}" < "${secret}"`])
  await cartero('domain', 'set', 'home.test', '--collected-by', LOGIN.address)
}

async function handIn(recipient: string): Promise<void> {
  await accept({ ...server, recipient }, { sessions: 20, messages, size: Number(values.size) })
}

/** Logs in as the oldest customers do, and takes everything. */
async function turn(): Promise<{ readonly rate: number; readonly first: number }> {
  const socket = connect({ port: ODMR, host: '127.0.0.1', noDelay: true })
  await answered(socket, '220')
  const say = (line: string, code: string): Promise<string> => {
    socket.write(`${line}\r\n`)
    return answered(socket, code)
  }
  await say('EHLO home.test', '250')
  const challenge = Buffer.from((await say('AUTH CRAM-MD5', '334')).slice(4), 'base64')
  const digest = createHmac('md5', LOGIN.password).update(challenge).digest('hex')
  await say(Buffer.from(`${LOGIN.address} ${digest}`).toString('base64'), '235')
  await say('ATRN', '250')
  const begin = performance.now()
  const host = new TakingHost()
  host.serve(socket)
  await once(socket, 'end')
  socket.destroy()
  if (host.count !== messages) throw new Error(`${host.count} of ${messages} were turned over`)
  return { rate: rateOf(host, begin), first: host.firstAt - begin }
}

/** Lets go what was held, over the one connection that the route may have. */
async function relay(): Promise<number> {
  const host = new TakingHost()
  const sockets = new Set<Socket>()
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    host.serve(socket)
  })
  listener.listen(NEXT, '127.0.0.1')
  await once(listener, 'listening')
  await cartero('queue', 'release', '--state', 'held')
  while (host.count < messages) await sleep(5)
  for (const socket of sockets) socket.destroy()
  listener.close()
  return rateOf(host, host.firstAt)
}

function rateOf({ count, lastAt }: TakingHost, begin: number): number {
  return count / ((lastAt - begin) / 1000)
}

/** The last line of an answer with this code. */
async function answered(socket: Socket, code: string): Promise<string> {
  let text = ''
  while (!/^\d{3} .*\r\n$/m.test(text)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    text += bytes.toString('latin1')
  }
  const last = text.trimEnd().split('\r\n').at(-1)!
  if (!last.startsWith(code)) throw new Error(last)
  return last
}
