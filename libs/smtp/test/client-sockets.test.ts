import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { parseForwardPath, parseReversePath } from '@cartero/smtp'
import {
  serveErrand,
  SmtpClientMachine,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpClientOptions,
} from '@cartero/smtp/client'
import { replies, serveSession, SmtpServerMachine, type SmtpSession } from '@cartero/smtp/server'
import { ManualClock, systemClock, type Clock, type Role } from '@cartero/wire'
import { dial, Listener } from '@cartero/wire/node'

const listeners: Listener[] = []
const servers: Server[] = []
after(async () => {
  for (const each of servers) each.close()
  await Promise.all(listeners.map((each) => each.drain(AbortSignal.abort())))
})

/** Sends messages to a port, and gathers what became of them. */
async function send(
  port: number,
  transactions: OutgoingTransaction[],
  clock: Clock,
  options: Partial<SmtpClientOptions> = {},
  made: (machine: SmtpClientMachine) => void = () => undefined,
): Promise<RecipientOutcome[]> {
  const outcomes: RecipientOutcome[] = []
  const errand = {
    next: () => transactions.shift(),
    more: () => transactions.shift(),
    settled: (_: OutgoingTransaction, each: readonly RecipientOutcome[]) => void outcomes.push(...each),
  }
  const machine = new SmtpClientMachine(errand, { hostname: 'client.example', ...options })
  made(machine)
  const role = { machine, decide: serveErrand(errand) } as unknown as Role
  await dial({ host: '127.0.0.1', port, clock, role, signal: new AbortController().signal })
  return outcomes
}

function message(
  content: OutgoingTransaction['content'],
  to: readonly string[] = ['b'],
): OutgoingTransaction {
  return {
    reversePath: parseReversePath('a@client.example')!,
    recipients: to.map((name) => ({ path: parseForwardPath(`${name}@mx.example`)! })),
    content,
  }
}

async function listening(taken: Buffer[]): Promise<number> {
  const accept = (): Role => {
    let pieces: Buffer[] = []
    const session: SmtpSession = {
      mail: () => undefined,
      rcpt: () => undefined,
      data: () => undefined,
      body: (octets) => void pieces.push(Buffer.from(octets)),
      endOfData: () => {
        taken.push(Buffer.concat(pieces))
        pieces = []
        return replies.done
      },
      reset: () => void (pieces = []),
    }
    const machine = new SmtpServerMachine(session, { hostname: 'mx.example' })
    return { machine, decide: serveSession(session) }
  }
  const listener = new Listener({ host: '127.0.0.1', port: 0, clock: systemClock, accept })
  listeners.push(listener)
  await listener.listen()
  return listener.port
}

test('long and short messages arrive as they were, one behind the other, in chunks and in DATA', async () => {
  for (const chunking of ['prefer', 'never'] as const) {
    const taken: Buffer[] = []
    const port = await listening(taken)
    const long = Buffer.from('.0123456789\r\n'.repeat(200_000))
    const short = Buffer.from('Hello.\r\n')
    const streamed = async function* (): AsyncIterable<Buffer> {
      for (let from = 0; from < long.length; from += 60_000) yield long.subarray(from, from + 60_000)
    }
    const outcomes = await send(
      port,
      [message(short), message(streamed), message(short), message(long)],
      systemClock,
      {
        chunking,
      },
    )
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['delivered', 'delivered', 'delivered', 'delivered'],
    )
    assert.ok(
      taken[0]!.equals(short) && taken[1]!.equals(long) && taken[2]!.equals(short) && taken[3]!.equals(long),
    )
  }
})

test('a server that takes its time for each recipient is given it for each', async () => {
  const clock = new ManualClock()
  const client = Promise.withResolvers<SmtpClientMachine>()
  const server = createServer((socket) => void serveSlowly(socket, clock, client.promise))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const transaction = message(Buffer.from('x\r\n'), ['b', 'c', 'd', 'e'])
  const outcomes = await send(port, [transaction], clock, {}, client.resolve)
  assert.deepEqual(
    outcomes.map(({ kind, reply }) => `${kind} ${reply.code}`),
    ['delivered 250', 'delivered 250', 'delivered 250', 'delivered 250'],
  )
})

/** Answers each recipient after four minutes. */
async function serveSlowly(
  socket: Socket,
  clock: ManualClock,
  made: Promise<SmtpClientMachine>,
): Promise<void> {
  const client = await made
  const words = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  /** Until the client waits for something else. */
  const say = async (text: string): Promise<void> => {
    const before = client.patience.waitingFor
    socket.write(text)
    while (client.patience.waitingFor === before && !socket.destroyed) await new Promise(setImmediate)
  }
  await say('220 mx.example\r\n')
  await words.next()
  await say('250-mx.example\r\n250 PIPELINING\r\n')
  await words.next()
  await say('250 ok\r\n')
  for (let i = 0; i < 4; i++) {
    for (let seconds = 0; seconds < 240; seconds++) clock.advance(1000)
    await say('250 ok\r\n')
  }
  await say('354 go\r\n')
  await words.next()
  await say('250 taken\r\n')
  await words.next()
  socket.end('221 bye\r\n')
}

// RFC 5321 §4.5.3.2.5
test('a server that takes no more of a message has three minutes for each block, and then nobody is delivered to', async () => {
  const clock = new ManualClock()
  const server = createServer((socket) => void stopReading(socket))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let client: SmtpClientMachine | undefined
  let octets = 0
  const endless = async function* (): AsyncIterable<Buffer> {
    for (const block = Buffer.alloc(65_536, 'x'); ; octets += block.length) yield block
  }
  const { port } = server.address() as AddressInfo
  const sent = send(port, [message(endless)], clock, {}, (machine) => (client = machine))
  while (client?.patience.waitingFor !== 'room for message data') await new Promise(setImmediate)
  // What the network holds goes on its way first.
  for (let before = -1, still = 0; still < 200; still = octets === before ? still + 1 : 0) {
    before = octets
    await new Promise(setImmediate)
  }
  clock.advance(179_000)
  await new Promise(setImmediate)
  assert.equal(client.patience.waitingFor, 'room for message data')
  clock.advance(2_000)
  assert.ok(octets > 0)
  assert.deepEqual(
    (await sent).map(({ kind, stage, by, reply }) => `${kind} at ${stage} by ${by}: ${reply.status}`),
    ['deferred at end of data by us: 4.4.2'],
  )
})

/** Reads no further once the message comes. */
async function stopReading(socket: Socket): Promise<void> {
  const words = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  socket.on('error', () => {})
  for (const text of ['220 mx.example\r\n', '250 mx.example\r\n', '250 ok\r\n', '250 ok\r\n']) {
    socket.write(text)
    await words.next()
  }
  socket.write('354 go\r\n')
}
