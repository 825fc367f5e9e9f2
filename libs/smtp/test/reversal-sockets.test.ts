import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { deriveScramKeys, mechanismNamed, offeredMechanisms, type CredentialVerifier } from '@cartero/sasl'
import {
  parseForwardPath,
  parseReversePath,
  serveErrand,
  SmtpClientMachine,
  type ClientEnding,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpErrand,
} from '@cartero/smtp/client'
import { replies, serveSession, SmtpServerMachine, type ServedSession } from '@cartero/smtp/server'
import { CERTIFICATE, KEY } from '@cartero/testkit'
import { ManualClock, systemClock, type Clock, type Role, type TlsFacts } from '@cartero/wire'
import { dial, Listener, TlsServer } from '@cartero/wire/node'

const LOGIN = 'home'
const PASSWORD = 'tanstaaftanstaaf'

const verifier: CredentialVerifier = {
  password: async (login, password) => (login === LOGIN && password === PASSWORD ? LOGIN : undefined),
  scramKeys: async () => ({
    ...(await deriveScramKeys(PASSWORD, Buffer.from('salt'), 4096)),
    account: LOGIN,
  }),
}

const CONTENTS = [
  'Subject: one\r\n\r\nHello.\r\n',
  `Subject: two\r\n\r\n${'..and more\r\n'.repeat(30_000)}`,
  'Subject: three\r\n\r\n.\r\n',
]

interface Provider {
  readonly port: number
  readonly listener: Listener
  readonly outcomes: RecipientOutcome[]
  /** How the conversation in which mail is given out ended. */
  readonly ended: Promise<ClientEnding>
  /** What it knew when it could send. */
  offered: string[]
}

interface Setting {
  readonly clock?: Clock
  readonly implicitTls?: boolean
  readonly lineRecords?: boolean
  readonly greetingPatience?: number
}

async function providing(context: TestContext, setting: Setting = {}): Promise<Provider> {
  const clock = setting.clock ?? systemClock
  const ended = Promise.withResolvers<ClientEnding>()
  const outcomes: RecipientOutcome[] = []
  const offered: string[] = []
  const sender = (tls: TlsFacts | undefined): Role => {
    const waiting = CONTENTS.map(messageOf)
    const errand: SmtpErrand = {
      next: ({ offer }) => {
        offered.push(...offer.keys())
        return waiting.shift()
      },
      settled: (_, each) => void outcomes.push(...each),
      closed: ended.resolve,
    }
    const machine = new SmtpClientMachine(errand, {
      hostname: 'odmr.example',
      startTls: 'opportunistic',
      ...(tls && { tls }),
      ...(setting.greetingPatience !== undefined && { patience: { greeting: setting.greetingPatience } }),
    })
    return { machine, decide: serveErrand(errand) }
  }
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    clock,
    tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
    implicitTls: setting.implicitTls ?? false,
    lineRecords: setting.lineRecords,
    accept: ({ tls }) => {
      const session = providerSession(tls, sender)
      const machine = new SmtpServerMachine(session, {
        hostname: 'odmr.example',
        protocol: 'odmr',
        startTls: true,
        ...(tls && { tls }),
      })
      return { machine, decide: serveSession(session) }
    },
  })
  await listener.listen()
  context.after(() => listener.drain(AbortSignal.abort()))
  return { port: listener.port, listener, outcomes, ended: ended.promise, offered }
}

function messageOf(content: string, i: number): OutgoingTransaction {
  return {
    reversePath: parseReversePath('a@far.example')!,
    recipients: [{ path: parseForwardPath(`tim${i}@home.example`)! }],
    content: Buffer.from(content),
  }
}

function providerSession(
  atFirst: TlsFacts | undefined,
  sender: (tls: TlsFacts | undefined) => Role,
): ServedSession {
  let tls = atFirst
  return {
    mail: () => replies.notImplemented,
    rcpt: () => replies.notImplemented,
    data: () => replies.notImplemented,
    body: () => undefined,
    endOfData: () => replies.notImplemented,
    reset: () => undefined,
    tlsStarted: (facts) => void (tls = facts),
    mechanisms: () => offeredMechanisms({ verifier, inTheClear: true }).map(({ name }) => name),
    start: (name) => mechanismNamed(name)!.create({ verifier }),
    turn: () => ({ reply: replies.turning, role: sender(tls) }),
  }
}

/** Takes what comes, and tells how it ended. */
function taker(taken: string[], tls: TlsFacts | undefined, ended: (how: string) => void): Role {
  let pieces: Buffer[] = []
  const session: ServedSession = {
    mail: () => undefined,
    rcpt: () => undefined,
    data: () => undefined,
    body: (octets) => void pieces.push(Buffer.from(octets)),
    endOfData: async () => {
      taken.push(Buffer.concat(pieces).toString())
      pieces = []
      return replies.queued(String(taken.length))
    },
    reset: () => void (pieces = []),
    closed: ended,
  }
  // STARTTLS would be offered, were TLS not there already.
  const machine = new SmtpServerMachine(session, {
    hostname: 'home.example',
    startTls: true,
    ...(tls && { tls }),
  })
  return { machine, decide: serveSession(session) }
}

/** Fetches as a customer does: TLS, SCRAM, ATRN. Gives what was taken, and how both of its conversations ended. */
async function fetch(port: number, implicitTls: boolean): Promise<{ taken: string[]; endings: string[] }> {
  const taken: string[] = []
  const endings: string[] = []
  const signal = new AbortController().signal
  const errand = (): SmtpErrand => ({
    next: ({ tls, offer }) => {
      assert.ok(offer.has('ATRN'))
      const heard = (): Role => taker(taken, tls, (how) => endings.push(`server ${how}`))
      return { command: { verb: 'ATRN', domains: ['home.example'] }, heard }
    },
    settled: () => undefined,
    closed: ({ kind }) => endings.push(`client ${kind}`),
  })
  const failed = await dial({
    host: '127.0.0.1',
    port,
    clock: systemClock,
    signal,
    implicitTls,
    tls: { unverified: 'accept' },
    role: ({ tls }) => {
      const own = errand()
      const machine = new SmtpClientMachine(own, {
        hostname: 'home.example',
        startTls: 'required',
        ...(tls && { tls }),
        authenticate: (offered) =>
          offered.includes('SCRAM-SHA-256')
            ? {
                name: 'SCRAM-SHA-256',
                exchange: mechanismNamed('SCRAM-SHA-256')!.connect({ login: LOGIN, password: PASSWORD }),
              }
            : undefined,
      })
      return { machine, decide: serveErrand(own) }
    },
  })
  assert.equal(failed, undefined)
  return { taken, endings }
}

for (const [name, setting] of [
  ['STARTTLS', {}],
  ['implicit TLS', { implicitTls: true }],
  ['implicit TLS, line by line', { implicitTls: true, lineRecords: true }],
] as const)
  test(`mail comes to the customer over the connection that he has made: ${name}`, async (context) => {
    const provider = await providing(context, setting)
    const { taken, endings } = await fetch(provider.port, 'implicitTls' in setting)
    assert.deepEqual(taken, CONTENTS)
    assert.deepEqual(
      provider.outcomes.map(({ kind }) => kind),
      CONTENTS.map(() => 'delivered'),
    )
    assert.deepEqual(endings, ['client turned', 'server quit'])
    assert.deepEqual(await provider.ended, { kind: 'quit' })
    // There is TLS, so nobody offers it a second time.
    assert.ok(provider.offered.includes('PIPELINING'))
    assert.equal(provider.offered.includes('STARTTLS'), false)
  })

/** A customer who has logged in, by hand. */
async function loggedIn(port: number): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await said(socket, '220 odmr.example ESMTP Cartero\r\n')
  socket.write('EHLO home.example\r\n')
  await said(socket, '250 HELP\r\n')
  const plain = Buffer.from(`\0${LOGIN}\0${PASSWORD}`).toString('base64')
  socket.write(`AUTH PLAIN ${plain}\r\n`)
  await said(socket, 'succeeded\r\n')
  return socket
}

async function turned(port: number): Promise<Socket> {
  const socket = await loggedIn(port)
  socket.write('ATRN\r\n')
  await said(socket, 'reversing the connection\r\n')
  return socket
}

async function said(socket: Socket, words: string): Promise<void> {
  let text = ''
  while (!text.endsWith(words)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    text += bytes.toString()
  }
}

test('a customer that never greets is left, and the mail is where it was', async (context) => {
  const clock = new ManualClock()
  const provider = await providing(context, { clock, implicitTls: true, greetingPatience: 60_000 })
  const socket = await turned(provider.port)
  const gone = once(socket, 'close')
  clock.advance(59_000)
  clock.advance(2_000)
  assert.equal((await provider.ended).kind, 'timedOut')
  socket.end()
  await gone
  assert.deepEqual(provider.outcomes, [])
})

test('a customer that goes away after the turn is no server that refused', async (context) => {
  const provider = await providing(context, { implicitTls: true })
  const socket = await turned(provider.port)
  socket.destroy()
  const { kind } = await provider.ended
  assert.equal(kind, 'lost')
  assert.deepEqual(provider.outcomes, [])
})

test('a customer that goes away within a message has not got it, nor those behind it', async (context) => {
  const provider = await providing(context, { implicitTls: true })
  const socket = await turned(provider.port)
  socket.write('220 home.example\r\n')
  await said(socket, 'EHLO odmr.example\r\n')
  socket.write('250 home.example\r\n')
  await said(socket, 'MAIL FROM:<a@far.example>\r\n')
  socket.write('250 ok\r\n')
  await said(socket, 'RCPT TO:<tim0@home.example>\r\n')
  socket.write('250 ok\r\n')
  await said(socket, 'DATA\r\n')
  socket.destroy()
  assert.equal((await provider.ended).kind, 'lost')
  assert.deepEqual(
    provider.outcomes.map(({ kind, cutOff }) => [kind, cutOff]),
    [['deferred', 'early']],
  )
})

test('a provider that leaves finishes the message that is under way, and says goodbye as a client does', async (context) => {
  const provider = await providing(context, { implicitTls: true })
  const socket = await turned(provider.port)
  socket.write('220 home.example\r\n')
  await said(socket, 'EHLO odmr.example\r\n')
  socket.write('250 home.example\r\n')
  await said(socket, 'MAIL FROM:<a@far.example>\r\n')
  const drained = provider.listener.drain(new AbortController().signal)
  socket.write('250 ok\r\n')
  await said(socket, 'RCPT TO:<tim0@home.example>\r\n')
  socket.write('250 ok\r\n')
  await said(socket, 'DATA\r\n')
  socket.write('354 go\r\n')
  await said(socket, '\r\n.\r\n')
  socket.write('250 taken\r\n')
  await said(socket, 'QUIT\r\n')
  socket.end('221 bye\r\n')
  await drained
  assert.deepEqual(
    provider.outcomes.map(({ kind }) => kind),
    ['delivered'],
  )
  assert.deepEqual(await provider.ended, { kind: 'quit' })
})

test('a customer that greets before it is told so has nothing turned, and hears why', async (context) => {
  const provider = await providing(context, { implicitTls: true })
  const socket = await loggedIn(provider.port)
  socket.write('ATRN\r\n220 home.example\r\n')
  await said(socket, '503 5.5.0 Nothing may be pipelined behind ATRN\r\n')
  await once(socket, 'end')
  socket.destroy()
  assert.deepEqual(provider.offered, [])
})
