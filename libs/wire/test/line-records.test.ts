import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { ManualClock } from '@cartero/wire'
import { Listener, TlsServer, type ListenerOptions } from '@cartero/wire/node'
import { EchoMachine } from './echo-machine.ts'
import { identity } from './identities.ts'
import { until } from './sockets.ts'

const APPLICATION_DATA = 23
const RECORD_HEADER = 5

/** Counts the records of application data among the octets of a TLS connection, however they are cut. */
class RecordCounter {
  count = 0
  #octets = Buffer.alloc(0)

  read(bytes: Buffer): void {
    this.#octets = Buffer.concat([this.#octets, bytes])
    while (this.#octets.length >= RECORD_HEADER) {
      const end = RECORD_HEADER + this.#octets.readUInt16BE(3)
      if (this.#octets.length < end) return
      if (this.#octets[0] === APPLICATION_DATA) this.count++
      this.#octets = this.#octets.subarray(end)
    }
  }
}

async function listening(context: TestContext, more: Partial<ListenerOptions>): Promise<Listener> {
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    clock: new ManualClock(),
    tls: new TlsServer(identity('first')),
    accept: () => ({ machine: new EchoMachine('hello'), decide: (question) => question }),
    ...more,
  })
  await listener.listen()
  context.after(() => listener.drain(AbortSignal.abort()))
  return listener
}

/** A client that sees its own records; in TLS 1.2, whose handshake is not among the application data. */
async function secured(plain: Socket, records: RecordCounter): Promise<TLSSocket> {
  const seen = new Duplex({
    read: () => void plain.resume(),
    write: (bytes: Buffer, _encoding, done) => void plain.write(bytes, done),
    final: (done) => void plain.end(done),
    destroy: (error, done) => {
      plain.destroy()
      done(error)
    },
  })
  plain.on('data', (bytes: Buffer) => {
    records.read(bytes)
    seen.push(bytes)
  })
  plain.on('end', () => seen.push(null))
  const socket = connectTls({ socket: seen, rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
  await once(socket, 'secureConnect')
  return socket
}

const LINES = 300
const QUESTIONS = Array.from({ length: LINES }, (_, i) => `echo ${i}\r\n`).join('')
const ANSWERS = Array.from({ length: LINES }, (_, i) => `${i}\r\n`).join('')

test('each line is a TLS record of its own, so that fetchmail does not wait for what it has', async (context) => {
  const listener = await listening(context, { implicitTls: true, lineRecords: true })
  const records = new RecordCounter()
  const socket = await secured(connect(listener.port, '127.0.0.1'), records)
  assert.equal(await until(socket, 'hello\r\n'), 'hello\r\n')
  assert.equal(records.count, 1)
  socket.write(QUESTIONS)
  assert.equal(await until(socket, `${LINES - 1}\r\n`), ANSWERS)
  assert.equal(records.count, 1 + LINES)
  socket.destroy()
})

test('lines of one reply, and of what is streamed, are no exception, and half a line waits for nothing', async (context) => {
  const accept = (): { machine: EchoMachine; decide: (question: unknown) => unknown } => ({
    machine: new EchoMachine('hello\r\nthere'),
    decide: () => 'one\r\ntwo\r\nthree',
  })
  const listener = await listening(context, { implicitTls: true, lineRecords: true, accept })
  const records = new RecordCounter()
  const socket = await secured(connect(listener.port, '127.0.0.1'), records)
  await until(socket, 'there\r\n')
  assert.equal(records.count, 2)
  socket.write('echo x\r\n')
  assert.equal(await until(socket, 'three\r\n'), 'one\r\ntwo\r\nthree\r\n')
  assert.equal(records.count, 5)
  // 20,000 octets without a newline, which are more than a record has, and the word behind them.
  socket.write('pour 2\r\n')
  assert.equal(await until(socket, 'poured\r\n'), `${'.'.repeat(20_000)}poured\r\n`)
  socket.destroy()
})

test('after STARTTLS, too', async (context) => {
  const listener = await listening(context, { lineRecords: true })
  const plain = connect(listener.port, '127.0.0.1')
  await until(plain, 'hello\r\n')
  plain.write('starttls\r\n')
  await until(plain, 'go ahead\r\n')
  plain.removeAllListeners('data')
  const records = new RecordCounter()
  const socket = await secured(plain, records)
  await until(socket, 'secured TLSv1.2\r\n')
  socket.write(QUESTIONS)
  assert.equal(await until(socket, `${LINES - 1}\r\n`), ANSWERS)
  assert.equal(records.count, 1 + LINES)
  socket.destroy()
})

test('nobody else pays for it: what is said at once is one record, and in the clear nothing is cut', async (context) => {
  const listener = await listening(context, { implicitTls: true })
  const records = new RecordCounter()
  const socket = await secured(connect(listener.port, '127.0.0.1'), records)
  await until(socket, 'hello\r\n')
  socket.write(QUESTIONS)
  assert.equal(await until(socket, `${LINES - 1}\r\n`), ANSWERS)
  assert.ok(records.count < LINES / 2, `${records.count} records`)
  socket.destroy()
  const clear = await listening(context, { lineRecords: true })
  const plain = connect(clear.port, '127.0.0.1')
  await until(plain, 'hello\r\n')
  plain.write(QUESTIONS)
  assert.equal(await until(plain, `${LINES - 1}\r\n`), ANSWERS)
  plain.destroy()
})
