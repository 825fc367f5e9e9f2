import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { ManualClock, type MaybePromise, type Output } from '@cartero/wire'
import { Listener } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { open, rest, turns, until, untilTrue } from './sockets.ts'

const clock = new ManualClock()
const machines: EchoMachine[] = []
let make = (): EchoMachine => new EchoMachine()
let decide: (question: string) => MaybePromise<string> = (question) => question
let ended = Promise.withResolvers<void>()

function listener(): Listener {
  return new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    accept: () => {
      const machine = make()
      machines.push(machine)
      return { machine, decide: (question: string) => decide(question) }
    },
    closed: () => ended.resolve(),
  })
}

const server = listener()
before(() => server.listen())
after(() => server.drain(AbortSignal.abort()))

test('what was said before a pause goes out at once, what comes behind it waits, and nothing is obeyed meanwhile', async () => {
  const socket = await open(server)
  const machine = machines.at(-1)!
  socket.write('pause 3000\r\necho ahead\r\n')
  assert.equal(await until(socket, '\r\n'), 'wait\r\n')
  clock.advance(2_999)
  await turns(20)
  assert.deepEqual([machine.seen, rest(socket)], [['pause'], ''])
  clock.advance(1)
  assert.equal(await until(socket, 'ahead\r\n'), 'waited\r\nahead\r\n')
  socket.destroy()
})

test('what comes during a pause is kept and not handed over before its end', async () => {
  const socket = await open(server)
  const machine = machines.at(-1)!
  socket.write('pause 3000\r\n')
  await until(socket, 'wait\r\n')
  socket.write('echo meanwhile\r\n')
  await turns(20)
  assert.deepEqual(machine.seen, ['pause'])
  assert.equal(machine.lines.buffered, 0)
  clock.advance(3_000)
  await until(socket, 'meanwhile\r\n')
  socket.destroy()
})

test('our own pause is not taken for the silence of the peer', async () => {
  const socket = await open(server)
  socket.write('pause 60000\r\n')
  await until(socket, 'wait\r\n')
  clock.advance(60_000)
  assert.equal(await until(socket, '\r\n'), 'waited\r\n')
  clock.advance(11_000)
  assert.equal(await until(socket, '\r\n'), 'too slow\r\n')
  socket.destroy()
})

test('a peer that leaves during a pause is over at once, and the end of the pause finds nobody', async () => {
  const socket = await open(server)
  const machine = machines.at(-1)!
  socket.write('pause 3000\r\n')
  await until(socket, 'wait\r\n')
  ended = Promise.withResolvers()
  socket.resetAndDestroy()
  await ended.promise
  clock.advance(3_000)
  assert.deepEqual(machine.seen, ['pause', 'disconnected'])
})

test('a drain does not wait for pauses, neither those that last nor those to come', async () => {
  const leaving = listener()
  await leaving.listen()
  const socket = await open(leaving)
  socket.write('pause 3000 3000\r\n')
  await until(socket, 'wait\r\n')
  const drained = leaving.drain(AbortSignal.timeout(5_000))
  assert.equal(await until(socket, 'going\r\n'), 'wait\r\nwaited\r\ngoing\r\n')
  socket.end()
  await drained
})

/** Greets after a question or a pause, and says how much the peer had said by then. */
class Greeter extends EchoMachine {
  #first: Output<string> | undefined
  #greetNext = false

  constructor(first: Output<string>) {
    super('')
    this.#first = first
  }

  override next(): Output<string> | undefined {
    const first = this.#first
    this.#first = undefined
    if (first !== undefined) this.#greetNext = true
    else if (this.#greetNext) return this.#greet()
    return first ?? super.next()
  }

  override answer(): void {}

  #greet(): Output<string> {
    this.#greetNext = false
    return { kind: 'send', bytes: Buffer.from(`heard ${this.lines.buffered}\r\n`) }
  }
}

for (const [name, first] of [
  ['question', { kind: 'ask', question: 'who is it?' }],
  ['pause', { kind: 'pause', milliseconds: 3_000 }],
] as const)
  test(`who talks during the first ${name} is known to have done so before it is greeted`, async () => {
    make = () => new Greeter(first)
    const before = machines.length
    const gate = Promise.withResolvers<string>()
    decide = () => gate.promise
    const socket = connect(server.port, '127.0.0.1')
    await new Promise((resolve) => socket.write('echo x\r\n', resolve))
    await untilTrue(() => machines.length > before)
    await turns(20)
    assert.equal(machines.at(-1)!.lines.buffered, 0)
    gate.resolve('nobody')
    clock.advance(3_000)
    assert.match(await until(socket, '\r\n'), /^heard 8\r\n/)
    socket.destroy()
    make = () => new EchoMachine()
    decide = (question) => question
  })

test('a state that may last so long in all ends then, however busy the peer is', async () => {
  const socket = await open(server)
  socket.write('lump\r\n')
  await until(socket, 'lump\r\n')
  for (let i = 0; i < 4; i++) {
    clock.advance(6_000)
    socket.write('echo busy\r\n')
    assert.equal(await until(socket, '\r\n'), 'busy\r\n')
  }
  clock.advance(1_000)
  assert.equal(await until(socket, '\r\n'), 'too slow\r\n')
  socket.destroy()
})

test('a state that was left and entered again has all of its time anew, within one chunk, too', async () => {
  const socket = await open(server)
  socket.write('lump\r\n')
  await until(socket, 'lump\r\n')
  for (let i = 0; i < 8; i++) {
    clock.advance(8_000)
    socket.write('done\r\nlump\r\n')
    assert.equal(await until(socket, 'lump\r\n'), 'command\r\nlump\r\n')
  }
  socket.destroy()
  await once(socket, 'close')
})
