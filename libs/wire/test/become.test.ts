import assert from 'node:assert/strict'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { LineReader, ManualClock, type Output, type ProtocolMachine, type Role } from '@cartero/wire'
import { dial, Listener, TlsServer, type ListenerOptions } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { identity } from './identities.ts'
import { turns, until, untilTrue } from './sockets.ts'

/** Asks whether it may turn, and becomes another machine; `answer` tells what it had heard by then. */
class TurningMachine implements ProtocolMachine<string, string> {
  readonly patience = { milliseconds: 1_000, waitingFor: 'command' }
  readonly lifetime = 60_000
  readonly seen: string[] = []
  readonly #lines = new LineReader(1000)
  readonly #outputs: Output<string>[]
  readonly #next: Role
  readonly #attentive: boolean

  constructor(next: Role, { greeting = 'first', attentive = false } = {}) {
    this.#next = next
    this.#attentive = attentive
    this.#outputs = [{ kind: 'send', bytes: Buffer.from(`${greeting}\r\n`) }]
  }

  receive(bytes: Buffer): void {
    this.#lines.push(bytes)
  }

  next(): Output<string> | undefined {
    const output = this.#outputs.shift()
    if (output !== undefined) return output
    const line = this.#lines.next()
    if (line?.kind !== 'line') return undefined
    this.seen.push(line.bytes.toString())
    return { kind: 'ask', question: 'turn', ...(this.#attentive && { attentive: true }) }
  }

  answer(answer: string): void {
    this.seen.push(`${answer}, ${this.#lines.buffered} octets ahead`)
    this.#outputs.push(
      { kind: 'send', bytes: Buffer.from('turning\r\n') },
      { kind: 'become', role: this.#next },
    )
  }

  fail(): void {}
  streamed(): void {}
  tlsStarted(): void {}

  timedOut(): void {
    this.seen.push('timedOut')
  }

  drain(): void {
    this.seen.push('drain')
  }

  outlived(): void {
    this.seen.push('outlived')
  }

  disconnected(): void {
    this.seen.push('disconnected')
  }

  wake(): void {
    this.seen.push('wake')
  }
}

/** The machine that takes over: an EchoMachine with a life of its own. */
class SecondMachine extends EchoMachine {
  readonly lifetime = 500_000

  constructor() {
    super('second')
    this.patience = { milliseconds: 30_000, waitingFor: 'command' }
  }

  outlived(): void {
    this.seen.push('outlived')
  }
}

interface Turned {
  readonly clock: ManualClock
  readonly listener: Listener
  readonly first: TurningMachine
  readonly second: SecondMachine
  readonly socket: Socket
}

interface Setting {
  readonly attentive?: boolean
  readonly decide?: () => string | Promise<string>
  readonly listener?: Partial<ListenerOptions>
}

async function connected(context: TestContext, setting: Setting = {}): Promise<Turned> {
  const clock = new ManualClock()
  const second = new SecondMachine()
  const first = new TurningMachine(
    { machine: second, decide: (question) => question },
    { attentive: setting.attentive ?? false },
  )
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    accept: () => ({ machine: first, decide: setting.decide ?? (() => 'yes') }),
    ...setting.listener,
  })
  await listener.listen()
  context.after(() => listener.drain(AbortSignal.abort()))
  const socket = connect(listener.port, '127.0.0.1')
  await until(socket, 'first\r\n')
  return { clock, listener, first, second, socket }
}

async function turned(context: TestContext, setting: Setting = {}): Promise<Turned> {
  const all = await connected(context, setting)
  all.socket.write('turn\r\n')
  await until(all.socket, 'turning\r\nsecond\r\n')
  return all
}

test('a machine that takes over has its own patience and lifetime, and none of those before it', async (context) => {
  const { clock, first, second, socket } = await turned(context)
  // The first machine would have given up, and its lifetime is over.
  clock.advance(29_000)
  assert.deepEqual(second.seen, [])
  socket.write('echo here\r\n')
  await until(socket, 'here\r\n')
  for (let passed = 29_000; passed < 499_000; passed += 20_000) {
    socket.write('echo still\r\n')
    await until(socket, 'still\r\n')
    clock.advance(20_000)
  }
  assert.equal(second.seen.filter((seen) => seen === 'outlived').length, 1)
  clock.advance(31_000)
  assert.equal(await until(socket, 'slow\r\n'), 'too slow\r\n')
  assert.deepEqual(first.seen, ['turn', 'yes, 0 octets ahead'])
  socket.destroy()
})

test('the end of the connection is told to the machine that has it, and to no other', async (context) => {
  const { first, second, socket } = await turned(context)
  socket.destroy()
  await untilTrue(() => second.seen.length > 0)
  assert.deepEqual(second.seen, ['disconnected'])
  assert.deepEqual(first.seen, ['turn', 'yes, 0 octets ahead'])
})

test('a process that leaves tells the machine that has the connection', async (context) => {
  const { listener, first, second, socket } = await turned(context)
  const drained = listener.drain(new AbortController().signal)
  assert.equal(await until(socket, 'going\r\n'), 'going\r\n')
  socket.end()
  await drained
  assert.deepEqual(first.seen, ['turn', 'yes, 0 octets ahead'])
  assert.deepEqual(second.seen, ['disconnected'])
})

test('a process that was leaving before the turn tells the machine that comes', async (context) => {
  const gate = Promise.withResolvers<string>()
  const { listener, first, socket } = await connected(context, { decide: () => gate.promise })
  socket.write('turn\r\n')
  await untilTrue(() => first.seen.includes('turn'))
  const drained = listener.drain(new AbortController().signal)
  gate.resolve('yes')
  assert.match(await until(socket, 'going\r\n'), /^turning\r\n(?:second\r\n)?going\r\n$/)
  socket.end()
  await drained
  assert.deepEqual(first.seen, ['turn', 'drain', 'yes, 0 octets ahead'])
})

test('what was said before the turn is never taken by the machine that comes: the connection is cut', async (context) => {
  const gate = Promise.withResolvers<string>()
  const { first, second, socket } = await connected(context, { decide: () => gate.promise })
  socket.write('turn\r\n')
  await untilTrue(() => first.seen.includes('turn'))
  await new Promise((resolve) => socket.write('echo injected\r\n', resolve))
  await turns(20)
  const gone = once(socket, 'close')
  gate.resolve('yes')
  await gone
  assert.deepEqual(second.seen, ['disconnected'])
  assert.deepEqual(first.seen, ['turn', 'yes, 0 octets ahead'])
})

test('a machine that wants to know is told before the answer what the peer said meanwhile', async (context) => {
  const gate = Promise.withResolvers<string>()
  const { first, second, socket } = await connected(context, { attentive: true, decide: () => gate.promise })
  socket.write('turn\r\n')
  await untilTrue(() => first.seen.includes('turn'))
  await new Promise((resolve) => socket.write('echo injected\r\n', resolve))
  await turns(20)
  gate.resolve('yes')
  await untilTrue(() => first.seen.length > 1)
  assert.deepEqual(first.seen, ['turn', 'yes, 15 octets ahead'])
  assert.equal(second.seen.includes('echo'), false)
  socket.destroy()
})

test('a peer that does not read what comes after the turn stops it, and gets all of it when it does', async (context) => {
  const { second, socket } = await turned(context)
  socket.pause()
  socket.write('pour 3000\r\necho behind\r\n')
  await untilTrue(() => second.seen.includes('pour'))
  await turns(50)
  // 30 MB are in no buffer of ours or the system's.
  assert.equal(second.seen.includes('echo'), false)
  let octets = 0
  socket.removeAllListeners('data')
  socket.on('data', (bytes: Buffer) => (octets += bytes.length))
  socket.resume()
  await untilTrue(() => octets >= 30_000_000 + 'poured\r\nbehind\r\n'.length)
  socket.destroy()
})

test('who has turned starts no TLS: each would take the other for the one who begins', async (context) => {
  const { second, socket } = await turned(context, { listener: { tls: new TlsServer(identity('first')) } })
  const gone = once(socket, 'close')
  socket.write('starttls\r\n')
  await gone
  assert.deepEqual(second.seen, ['starttls', 'disconnected'])
})

test('who has dialled can be taken over from, too', async (context) => {
  const server = createServer((socket) => {
    peer.resolve(socket)
    socket.write('turn\r\n')
  }).listen(0, '127.0.0.1')
  const peer = Promise.withResolvers<Socket>()
  await once(server, 'listening')
  context.after(() => server.close())
  const second = new SecondMachine()
  const first = new TurningMachine({ machine: second, decide: (question) => question })
  const clock = new ManualClock()
  const ended = dial({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    clock,
    signal: new AbortController().signal,
    role: { machine: first, decide: () => 'yes' },
  })
  const socket = await peer.promise
  await until(socket, 'first\r\nturning\r\nsecond\r\n')
  socket.write('echo here\r\n')
  await until(socket, 'here\r\n')
  clock.advance(29_000)
  socket.write('quit\r\n')
  await untilTrue(() => second.seen.includes('quit'))
  socket.end()
  assert.equal(await ended, undefined)
  assert.deepEqual(first.seen, ['turn', 'yes, 0 octets ahead'])
  assert.deepEqual(second.seen, ['echo', 'quit', 'disconnected'])
})
