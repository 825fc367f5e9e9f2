import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deriveScramKeys, mechanismNamed, mechanisms } from '@cartero/sasl'
import fc from 'fast-check'
import {
  replies,
  serveSession,
  SmtpServerMachine,
  type ServedSession,
  type SmtpEvent,
} from '@cartero/smtp/server'
import { Pump } from './pump.ts'

const HARMLESS: ServedSession = {
  mail: () => undefined,
  rcpt: () => undefined,
  data: () => undefined,
  body: () => undefined,
  endOfData: () => replies.done,
  reset: () => undefined,
}

/** Says the lines one after the other; returns what was answered and what was observed. */
async function say(
  session: ServedSession,
  lines: readonly string[],
): Promise<{ said: string[]; bugs: string[]; closed: boolean }> {
  const bugs: string[] = []
  const observer = (event: SmtpEvent): void => {
    if (event.kind === 'bug') bugs.push(event.during)
  }
  const machine = new SmtpServerMachine(session, {
    hostname: 'mx.example',
    allowPlaintextAuth: true,
    observer,
  })
  const pump = new Pump(machine, serveSession(session))
  await pump.run()
  const said: string[] = []
  for (const line of lines) {
    machine.receive(Buffer.from(`${line}\r\n`))
    said.push((await pump.run()).toString().split('\r\n').at(-2) ?? '')
  }
  machine.disconnected()
  return { said, bugs, closed: pump.closed }
}

const bug = (): never => {
  throw new TypeError('a bug')
}

test('a session whose side calls throw does not take the connection with it', async () => {
  const session: ServedSession = {
    ...HARMLESS,
    honours: bug,
    mechanisms: bug,
    start: bug,
    reset: bug,
    closed: bug,
  }
  const { said, bugs } = await say(session, ['EHLO c', 'MAIL FROM:<a@b.example>', 'RSET'])
  assert.deepEqual(said, ['250 HELP', '250 2.1.0 Sender OK', '250 2.0.0 OK'])
  assert.deepEqual(bugs, ['honours', 'mechanisms', 'reset', 'closed'])
})

test('a mechanism that cannot be started is a temporary failure', async () => {
  const session: ServedSession = { ...HARMLESS, mechanisms: () => ['PLAIN'], start: bug }
  const { said } = await say(session, ['EHLO c', 'AUTH PLAIN', 'NOOP'])
  assert.deepEqual(said.slice(1), ['454 4.7.0 Temporary authentication failure', '250 2.0.0 OK'])
})

test('an account that is refused after it proved itself is not logged in', async () => {
  const session: ServedSession = {
    ...HARMLESS,
    mechanisms: () => ['PLAIN'],
    start: () => ({ next: () => ({ kind: 'success', account: 'tim@example.org' }) }),
    authenticated: () => replies.notAuthorised,
  }
  const { said } = await say(session, ['EHLO c', 'AUTH PLAIN =', 'AUTH PLAIN ='])
  assert.deepEqual(said.slice(1), ['550 5.7.1 Not authorised', '550 5.7.1 Not authorised'])
})

test('a last word of the mechanism is acknowledged before success', async () => {
  const session: ServedSession = {
    ...HARMLESS,
    mechanisms: () => ['X'],
    start: () => ({
      next: () => ({ kind: 'success', account: 'tim@example.org', final: Buffer.from('v=1') }),
    }),
  }
  const { said } = await say(session, ['EHLO c', 'AUTH X =', 'dGlt', 'AUTH X =', ''])
  assert.deepEqual(said.slice(1), [
    '334 dj0x',
    '501 5.5.4 Malformed authentication data',
    '334 dj0x',
    '235 2.7.0 Authentication succeeded',
  ])
})

test('a session that says 421 has the connection closed', async () => {
  const { said, closed } = await say({ ...HARMLESS, rcpt: () => replies.notAvailable('mx.example') }, [
    'EHLO c',
    'MAIL FROM:<a@b.example>',
    'RCPT TO:<a@b.example>',
  ])
  assert.equal(said.at(-1), '421 4.3.0 mx.example Service not available, try again later')
  assert.equal(closed, true)
})

test('words of the session replace ours when they accept', async () => {
  const session: ServedSession = { ...HARMLESS, rcpt: () => replies.willForward('<c@far.example>') }
  const { said } = await say(session, ['HELO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<a@b.example>', 'DATA'])
  assert.deepEqual(said.slice(2), [
    '251 2.1.6 User not local; will forward to <c@far.example>',
    '354 End data with <CRLF>.<CRLF>',
  ])
})

test('a ReplyError with a positive reply is a bug and no acceptance', async () => {
  const { ReplyError } = await import('@cartero/smtp/server')
  const session: ServedSession = {
    ...HARMLESS,
    endOfData: () => {
      throw new ReplyError(replies.done)
    },
  }
  const { said, bugs } = await say(session, [
    'HELO c',
    'MAIL FROM:<a@b.example>',
    'RCPT TO:<a@b.example>',
    'DATA',
    '.',
  ])
  assert.equal(said.at(-1), '451 4.3.0 Internal error, try again later')
  assert.deepEqual(bugs, ['endOfData'])
})

test('a chunk of a gigabyte is handed on as it comes, and nothing of it is held', () => {
  let octets = 0
  const session: ServedSession = { ...HARMLESS, body: (piece) => void (octets += piece.length) }
  const machine = new SmtpServerMachine(session, { hostname: 'mx.example', limits: { messageSize: 0 } })
  const decide = serveSession(session)
  const drive = (bytes: Buffer): string => {
    let said = ''
    machine.receive(bytes)
    for (let output = machine.next(); output !== undefined; output = machine.next()) {
      if (output.kind === 'ask') machine.answer(decide(output.question) as never)
      else if (output.kind === 'send') said += String(output.bytes)
    }
    return said
  }
  drive(Buffer.from('EHLO c\r\nMAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<a@b.example>\r\n'))
  const piece = Buffer.alloc(1 << 20, 'x')
  assert.equal(drive(Buffer.from(`BDAT ${piece.length << 10} LAST\r\n`)), '')
  for (let i = 1; i < 1024; i++) {
    assert.equal(drive(piece), '')
    assert.equal(octets, piece.length * i, 'octets were held')
  }
  assert.equal(drive(piece), '250 2.0.0 OK\r\n')
})

test('a line of a message that never ends is handed on as it comes', async () => {
  const pieces: number[] = []
  const session: ServedSession = { ...HARMLESS, body: (piece) => void pieces.push(piece.length) }
  const machine = new SmtpServerMachine(session, { hostname: 'mx.example' })
  const pump = new Pump(machine, serveSession(session))
  await pump.run()
  machine.receive(Buffer.from('HELO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n'))
  await pump.run()
  for (let i = 0; i < 10; i++) {
    machine.receive(Buffer.alloc(100_000, 'x'))
    await pump.run()
  }
  assert.deepEqual(
    pieces,
    Array.from({ length: 10 }, () => 100_000),
  )
})

test('whatever octets come in an exchange, each line has one answer and nobody is logged in', async () => {
  const keys = await deriveScramKeys('secret', Buffer.from('salt'), 4096)
  const nobody = async (): Promise<undefined> => undefined
  const verifier = { password: nobody, scramKeys: async () => keys, token: nobody, cramMd5: nobody }
  const context = { verifier, inTheClear: true, newNonce: () => 'server-nonce', hostname: 'mx.example' }
  const names = mechanisms.map(({ name }) => name)
  const session: ServedSession = {
    ...HARMLESS,
    mechanisms: () => names,
    start: (mechanism) => mechanismNamed(mechanism)!.create(context),
    authenticated: () => assert.fail('somebody was logged in'),
  }
  const bytes = fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets))
  const response = fc.oneof(
    bytes.map((octets) => octets.toString('base64')),
    bytes.map((octets) => octets.toString('latin1').replaceAll(/[\r\n]/g, '')),
    fc.constantFrom('', '*', '=', '====', 'n,,n=tim,r=x', Buffer.from('n,,n=tim,r=x').toString('base64')),
  )
  const mechanism = fc.constantFrom(...names)
  await fc.assert(
    fc.asyncProperty(
      mechanism,
      fc.boolean(),
      fc.array(response, { maxLength: 4 }),
      async (name, initial, list) => {
        const machine = new SmtpServerMachine(session, { hostname: 'mx.example', allowPlaintextAuth: true })
        const pump = new Pump(machine, serveSession(session))
        const [first, ...others] = list
        const opening = initial && first !== undefined ? `AUTH ${name} ${first}` : `AUTH ${name}`
        await pump.run()
        machine.receive(Buffer.from('EHLO c\r\n'))
        await pump.run()
        for (const line of [opening, ...others]) {
          machine.receive(Buffer.from(`${line}\r\n`, 'latin1'))
          const said = (await pump.run()).toString()
          assert.match(said, pump.closed ? /^(\d{3} .*\r\n){1,2}$/ : /^\d{3} .*\r\n$/)
          if (pump.closed) return
        }
      },
    ),
    { numRuns: 300 },
  )
})
