import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { serveSession, SmtpServerMachine, type SmtpServerOptions } from '@cartero/smtp/server'
import { ManualClock } from '@cartero/wire'
import { Listener } from '@cartero/wire/node'
import { scriptSession } from './script-session.ts'

const listeners: Listener[] = []
after(() => Promise.all(listeners.map((each) => each.drain(AbortSignal.abort()))))

interface Door {
  readonly clock: ManualClock
  readonly told: readonly string[]
  dial(): Socket
}

/** A listening server with a clock of its own. */
async function open(options: Partial<SmtpServerOptions>, greeting?: () => Promise<undefined>): Promise<Door> {
  const clock = new ManualClock()
  const told: string[] = []
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    accept: () => {
      told.push('connected')
      const session = { ...scriptSession(new Set(), told), ...(greeting && { greeting }) }
      const machine = new SmtpServerMachine(session, { hostname: 'mx.example', ...options })
      return { machine, decide: serveSession(session) }
    },
  })
  listeners.push(listener)
  await listener.listen()
  return { clock, told, dial: () => connect(listener.port, '127.0.0.1') }
}

async function until(socket: Socket, wanted: string): Promise<string> {
  let text = ''
  while (!text.includes(wanted)) text += String((await once(socket, 'data'))[0])
  return text
}

async function toTheEnd(socket: Socket): Promise<string> {
  let text = ''
  for await (const bytes of socket) text += String(bytes)
  return text
}

/** So many turns of the event loop, in which what must not happen had its chance. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}

async function untilTold(door: Door, what: string): Promise<void> {
  while (!door.told.includes(what)) await turns(1)
}

test('a client that speaks while it ought to wait is refused over a real connection', async () => {
  const door = await open({ earlyTalkers: 'refuse', limits: { greetingDelay: 3000 } })
  const socket = door.dial()
  socket.write('EHLO spammer.example\r\nMAIL FROM:<a@spammer.example>\r\n')
  await untilTold(door, 'connected')
  await turns(20)
  assert.equal(socket.bytesRead, 0, 'it was told something before its time')
  door.clock.advance(3000)
  assert.equal(await toTheEnd(socket), '554 5.5.0 mx.example You spoke before the greeting\r\n')
  await untilTold(door, 'closed dismissed')
  assert.equal(door.told.length, 2, 'it was listened to')
})

test('a client that speaks while the session still thinks about it is refused', async () => {
  const thinking = Promise.withResolvers<undefined>()
  const door = await open({ earlyTalkers: 'refuse', limits: { greetingDelay: 0 } }, () => thinking.promise)
  const socket = door.dial()
  socket.write('EHLO spammer.example\r\n')
  await untilTold(door, 'connected')
  await turns(20)
  thinking.resolve(undefined)
  assert.equal(await toTheEnd(socket), '554 5.5.0 mx.example You spoke before the greeting\r\n')
})

test('a client that waits is greeted when its time has come', async () => {
  const door = await open({ earlyTalkers: 'refuse', limits: { greetingDelay: 3000 } })
  const socket = door.dial()
  await untilTold(door, 'connected')
  await turns(20)
  assert.equal(socket.bytesRead, 0)
  door.clock.advance(3000)
  assert.equal(await until(socket, '\n'), '220 mx.example ESMTP Cartero\r\n')
  socket.write('QUIT\r\n')
  await toTheEnd(socket)
})

test('a guesser waits for each answer, and what it sent meanwhile is not lost', async () => {
  const door = await open({ limits: { softErrors: 1, errorDelay: 1000 } })
  const socket = door.dial()
  await until(socket, '220')
  socket.write('A\r\nB\r\nNOOP\r\n')
  assert.equal(await until(socket, '\n'), '500 5.5.1 Unknown command\r\n')
  await turns(20)
  assert.equal(socket.readableLength, 0)
  door.clock.advance(1000)
  assert.equal(await until(socket, '250'), '500 5.5.1 Unknown command\r\n250 2.0.0 OK\r\n')
  socket.destroy()
})

test('a message that drips in without end is given up, although octets keep coming', async () => {
  const door = await open({ limits: { dataPatience: 10_000, dataDuration: 25_000 } })
  const socket = door.dial()
  await until(socket, '220')
  socket.write('HELO c\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<a@mx.example>\r\n')
  await until(socket, 'Recipient OK')
  socket.write('DATA\r\n')
  await until(socket, '354')
  const end = toTheEnd(socket)
  for (let drops = 1; drops <= 3; drops++) {
    socket.write('x\r\n')
    await untilTold(door, `body ${String.raw`x\r\n`.repeat(drops)}`)
    door.clock.advance(9000)
  }
  assert.equal(await end, '421 4.4.2 mx.example waited too long for you\r\n')
  await untilTold(door, 'closed timedOut')
  assert.equal(door.told.at(-2), 'reset')
})

test('a connection that was served for long is told to come again, however busy it is', async () => {
  const door = await open({ limits: { connectionDuration: 100_000 } })
  const socket = door.dial()
  await until(socket, '220')
  for (let i = 0; i < 9; i++) {
    socket.write('NOOP\r\n')
    await until(socket, '250')
    door.clock.advance(11_000)
  }
  const end = toTheEnd(socket)
  door.clock.advance(2_000)
  assert.equal(await end, '421 4.4.5 mx.example You have been here for long, come again\r\n')
})
