import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'
import { ManualClock, type Output, type TlsFacts } from '@cartero/wire'
import { dial, DialError, INBOX_LIMIT, Listener, TlsServer } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { identity } from './identities.ts'
import { open, turns, until, untilTrue } from './sockets.ts'

const clock = new ManualClock()
const tls = new TlsServer(identity('first'))
const machines: EchoMachine[] = []
let gate = Promise.withResolvers<string>()
let ended = Promise.withResolvers<Error | undefined>()

const server = new Listener({
  host: '127.0.0.1',
  port: 0,
  clock,
  tls,
  accept: () => {
    const machine = new EchoMachine()
    machines.push(machine)
    return { machine, decide: (question: string) => (question === 'wait' ? gate.promise : question) }
  },
  closed: (_facts, error) => ended.resolve(error),
})
before(() => server.listen())
after(() => server.drain(AbortSignal.abort()))

async function secured(socket: Socket): Promise<TLSSocket> {
  const upgraded = connectTls({ socket, rejectUnauthorized: false })
  await until(upgraded, 'secured TLSv1.3\r\n')
  return upgraded
}

// CVE-2011-0411 and its kin
for (const [name, first, second] of [
  ['in the same segment', 'starttls\r\necho injected\r\n', ''],
  ['in the same segment, unfinished', 'starttls\r\necho inj', ''],
  ['in a segment of its own, while a question is out', 'echo wait\r\nstarttls\r\n', 'echo injected\r\n'],
] as const)
  test(`plaintext behind STARTTLS, ${name}, is neither obeyed nor glued to what comes in TLS`, async () => {
    gate = Promise.withResolvers()
    const socket = await open(server)
    const machine = machines.at(-1)!
    socket.write(first)
    await untilTrue(() => machine.seen.length > 0)
    if (second !== '') await new Promise((resolve) => socket.write(second, resolve))
    await turns(20)
    gate.resolve('waited')
    await until(socket, 'go ahead\r\n')
    const upgraded = await secured(socket)
    upgraded.write('echo honest\r\n')
    assert.equal(await until(upgraded, '\r\n'), 'honest\r\n')
    assert.deepEqual(machine.seen.slice(-2), ['starttls', 'echo'])
    upgraded.destroy()
  })

test('plaintext that the socket itself held back does not become part of the handshake', async () => {
  gate = Promise.withResolvers()
  const socket = await open(server)
  const machine = machines.at(-1)!
  socket.write('echo wait\r\nstarttls\r\n')
  await untilTrue(() => machine.seen.length > 0)
  // More than the inbox holds: the rest stays in the socket.
  socket.write(Buffer.alloc(INBOX_LIMIT + 100_000, 'echo injected\r\n'))
  await turns(50)
  ended = Promise.withResolvers()
  gate.resolve('waited')
  await until(socket, 'go ahead\r\n')
  const upgraded = connectTls({ socket, rejectUnauthorized: false })
  upgraded.on('error', () => {})
  await Promise.race([ended.promise, once(upgraded, 'secureConnect')])
  assert.equal(machine.seen.filter((verb) => verb === 'echo').length, 1)
  upgraded.destroy()
})

/** The client's side of STARTTLS: asks for it, and notes what it hears afterwards. */
class StartingClient extends EchoMachine {
  readonly heard: string[] = []
  facts: TlsFacts | undefined
  #script: Output<string>[] = []
  #stage: 'greeting' | 'asked' | 'secured' = 'greeting'

  constructor() {
    super('')
    super.next()
  }

  override next(): Output<string> | undefined {
    const planned = this.#script.shift()
    if (planned !== undefined) return planned
    const line = this.lines.next()
    if (line?.kind !== 'line') return undefined
    const text = line.bytes.toString()
    this.heard.push(text)
    if (this.#stage === 'greeting') {
      this.#stage = 'asked'
      return { kind: 'send', bytes: Buffer.from('starttls\r\n') }
    }
    if (this.#stage === 'asked') {
      this.lines.clear()
      return { kind: 'startTls' }
    }
    return { kind: 'close' }
  }

  override tlsStarted(facts: TlsFacts): void {
    this.facts = facts
    this.#stage = 'secured'
  }
}

/** A server that says `reply` to STARTTLS and then goes on as `then` says. */
async function impostor(
  reply: string,
  then: (socket: Socket) => void,
): Promise<{ port: number; close: () => void }> {
  const plain = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('hello\r\n')
    socket.once('data', () => socket.write(reply, () => then(socket)))
  }).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  return { port: (plain.address() as AddressInfo).port, close: () => plain.close() }
}

function call(port: number, machine: StartingClient): Promise<Error | undefined> {
  const role = { machine, decide: (question: unknown) => question as string }
  const { signal } = new AbortController()
  return dial({ host: '127.0.0.1', port, clock, role, signal, tls: { unverified: 'accept' } })
}

// CVE-2021-38371
test('what a server says in the clear behind its consent to TLS is not believed', async () => {
  const { certificate: cert, key } = identity('first')
  const fake = await impostor('go ahead\r\ninjected\r\ninj', (socket) => {
    socket.removeAllListeners('data')
    const upgraded = new TLSSocket(socket, {
      isServer: true,
      secureContext: createSecureContext({ cert, key }),
    })
    upgraded.on('error', () => {})
    upgraded.on('secure', () => upgraded.write('honest\r\n'))
  })
  const machine = new StartingClient()
  await call(fake.port, machine)
  assert.deepEqual(machine.heard, ['hello', 'go ahead', 'honest'])
  assert.equal(machine.facts?.verified, false)
  fake.close()
})

test('a server that goes on in the clear after its consent is left, and nothing of it is heard', async () => {
  const fake = await impostor('go ahead\r\n', (socket) => socket.write('all in the clear\r\n'))
  const machine = new StartingClient()
  const error = await call(fake.port, machine)
  assert.ok(error instanceof DialError)
  assert.deepEqual([error.stage, error.fault], ['handshake', 'peer'])
  assert.deepEqual(machine.heard, ['hello', 'go ahead'])
  fake.close()
})
