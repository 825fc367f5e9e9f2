import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  replies,
  ReplyError,
  serveSession,
  SmtpServerMachine,
  type SmtpServerOptions,
  type SmtpSession,
} from '@cartero/smtp/server'
import { cut, Pump } from './pump.ts'

/** What a server made of some octets that came behind its 354. */
interface Taken {
  /** Messages that it took responsibility for. */
  readonly messages: readonly Buffer[]
  readonly senders: readonly string[]
  readonly said: string
}

const ENVELOPE = 'MAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\n'

const take = (octets: Buffer, bareNewlines: 'reject' | 'clean', sizes: readonly number[]): Promise<Taken> =>
  takeBehind(`${ENVELOPE}DATA\r\n`, octets, bareNewlines, sizes)

const takeChunks = (
  octets: Buffer,
  bareNewlines: 'reject' | 'clean',
  sizes: readonly number[],
): Promise<Taken> => takeBehind(ENVELOPE, octets, bareNewlines, sizes)

async function takeBehind(
  envelope: string,
  octets: Buffer,
  bareNewlines: 'reject' | 'clean',
  sizes: readonly number[],
): Promise<Taken> {
  const messages: Buffer[] = []
  const senders: string[] = []
  let pieces: Buffer[] = []
  const session: SmtpSession = {
    mail: ({ reversePath }) => void senders.push(reversePath?.localPart ?? ''),
    rcpt: () => undefined,
    data: () => undefined,
    body: (piece) => void pieces.push(piece),
    endOfData: () => {
      messages.push(Buffer.concat(pieces))
      pieces = []
      return replies.done
    },
    reset: () => void (pieces = []),
  }
  const machine = new SmtpServerMachine(session, { hostname: 'mx.example', bareNewlines })
  const pump = new Pump(machine, serveSession(session))
  machine.receive(Buffer.from(`EHLO client.example\r\n${envelope}`))
  await pump.run()
  let said = ''
  for (const chunk of cut(octets, sizes)) {
    machine.receive(chunk)
    said += (await pump.run()).toString()
  }
  return { messages, senders, said }
}

const CUTS: readonly (readonly number[])[] = [[], [1], [2], [3], [4, 1, 2], [7]]

/** What is not CRLF.CRLF, and which server took it for the end. */
const LOOKALIKES: readonly (readonly [octets: string, who: string])[] = [
  ['\n.\n', 'Sendmail CVE-2023-51765, Exim CVE-2023-51766'],
  ['\n.\r\n', 'Postfix CVE-2023-51764, Haraka #3268, James CVE-2023-51747'],
  ['\r\n.\n', 'go-smtp #244'],
  ['\r.\r', 'smuggling.txt'],
  ['\r\n.\r', 'Cisco, as a feature'],
  ['\r.\r\n', 'smuggling.txt'],
  ['\n.\r', 'smuggling.txt'],
  ['\r\n.\r\r\n', 'Postfix, the second round'],
  ['\r\r\n.\r\r\n', 'Postfix, the second round'],
  ['\r\n\x00.\r\n', 'a NUL that a C string ends at'],
  ['\r\n.\x00\r\n', 'a NUL that a C string ends at'],
  ['\r\n. \r\n', 'a trimmed line'],
  ['\r\n.\t\r\n', 'a trimmed line'],
  ['\r\n..\r\n', 'unstuffing twice'],
  ['\r\n.\u0085', 'another newline'],
]

suite('nothing but CRLF.CRLF ends a message', () => {
  for (const [octets, who] of LOOKALIKES) {
    for (const bareNewlines of ['reject', 'clean'] as const) {
      test(`${JSON.stringify(octets)}, where the policy for bare newlines is ${bareNewlines} (${who})`, async () => {
        const smuggled = `text${octets}MAIL FROM:<smuggled@client.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\nevil\r\n.\r\n`
        for (const sizes of CUTS) {
          const { messages, senders } = await take(Buffer.from(smuggled, 'latin1'), bareNewlines, sizes)
          assert.ok(messages.length <= 1, 'two messages')
          assert.deepEqual(senders, ['a'], 'a second transaction')
        }
      })
    }
  }
})

suite('a message with a bare CR or LF', () => {
  const messages = [
    'a\nb\r\n',
    'a\rb\r\n',
    '\n\r\n',
    '\r\r\n',
    'a\r\n\nb\r\n',
    '.\rx\r\n',
    '.\n\r\n',
    'a\r\n.\r.\r\n',
    'header: x\n\nbody\r\n',
  ]
  for (const text of messages) {
    test(`is refused, and its end is found: ${JSON.stringify(text)}`, async () => {
      for (const sizes of CUTS) {
        const taken = await take(Buffer.from(`${text}.\r\nNOOP\r\n`), 'reject', sizes)
        assert.equal(taken.said, '550 5.6.0 Message contains bare CR or LF\r\n250 2.0.0 OK\r\n')
        assert.equal(taken.messages.length, 0)
      }
    })
    test(`is kept with CRLF in its place where that is chosen: ${JSON.stringify(text)}`, async () => {
      // Only a dot behind CRLF, or at the very start, is a stuffed one.
      const kept = text.replaceAll(/(^|\r\n)\./g, '$1').replaceAll(/\r\n|\r|\n/g, '\r\n')
      for (const sizes of CUTS) {
        const taken = await take(Buffer.from(`${text}.\r\nNOOP\r\n`), 'clean', sizes)
        assert.equal(taken.said, '250 2.0.0 OK\r\n250 2.0.0 OK\r\n')
        assert.equal(taken.messages[0]?.toString(), kept)
      }
    })
  }
})

test('a message with a NUL is refused, wherever it stands', async () => {
  for (const text of ['\0\r\n', 'a\0b\r\n', '.\0\r\n', 'a\r\0\n\r\n', 'ab\0']) {
    for (const sizes of CUTS) {
      const taken = await take(Buffer.from(`${text}\r\n.\r\nNOOP\r\n`), 'clean', sizes)
      assert.equal(
        taken.said,
        '550 5.6.0 Message contains NUL octets\r\n250 2.0.0 OK\r\n',
        JSON.stringify(text),
      )
    }
  }
})

test('a body that comes with DATA in one piece is neither read nor taken for commands', async () => {
  const senders: string[] = []
  const session: SmtpSession = {
    mail: ({ reversePath }) => void senders.push(reversePath!.localPart),
    rcpt: () => undefined,
    data: () => undefined,
    body: () => assert.fail('a body was read'),
    endOfData: () => assert.fail('a message was taken'),
    reset: () => undefined,
  }
  const machine = new SmtpServerMachine(session, { hostname: 'mx.example' })
  const pump = new Pump(machine, serveSession(session))
  await pump.run()
  machine.receive(
    Buffer.from(`HELO client.example\r\n${ENVELOPE}DATA\r\nMAIL FROM:<evil@client.example>\r\n.\r\n`),
  )
  assert.match((await pump.run()).toString(), /\r\n503 5\.5\.0 Nothing may be pipelined behind DATA\r\n$/)
  assert.equal(pump.closed, true)
  assert.deepEqual(senders, ['a'])
})

test('whatever octets a message has and however they are cut, the same message is taken and the next command read', async () => {
  const octet = fc.constantFrom(...Buffer.from('\r\n.\0ax'))
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(octet, { maxLength: 24 }), sizes, async (octets, cuts) => {
      const wire = Buffer.concat([Buffer.from(octets), Buffer.from('\r\n.\r\nNOOP\r\n')])
      for (const bareNewlines of ['reject', 'clean'] as const) {
        const whole = await take(wire, bareNewlines, [])
        assert.deepEqual(await take(wire, bareNewlines, cuts), whole)
        assert.ok(whole.said.endsWith('250 2.0.0 OK\r\n') || whole.said.includes('500 '), whole.said)
      }
    }),
    { numRuns: 300 },
  )
})

suite('nothing in a chunk is taken for anything else', () => {
  for (const [octets, who] of [...LOOKALIKES, ['\r\n.\r\n', 'the end of DATA'] as const]) {
    for (const bareNewlines of ['reject', 'clean'] as const) {
      test(`${JSON.stringify(octets)}, where the policy for bare newlines is ${bareNewlines} (${who})`, async () => {
        const text = Buffer.from(`text${octets}MAIL FROM:<smuggled@client.example>\r\nQUIT\r\n`, 'latin1')
        for (let border = 0; border <= text.length; border++) {
          const wire = Buffer.concat([
            Buffer.from(`BDAT ${border}\r\n`),
            text.subarray(0, border),
            Buffer.from(`BDAT ${text.length - border} LAST\r\n`),
            text.subarray(border),
            Buffer.from('NOOP\r\n'),
          ])
          const sizes = CUTS[border % CUTS.length]!
          const { senders, said, messages } = await takeChunks(wire, bareNewlines, sizes)
          assert.deepEqual(senders, ['a'], 'a second transaction')
          assert.ok(said.endsWith('\r\n250 2.0.0 OK\r\n'), said)
          assert.ok(messages.length === 0 || said.startsWith(`250 2.0.0 ${border} octets received\r\n`), said)
        }
      })
    }
  }
})

test('a bare newline is found in chunks wherever their borders are, and CRLF is none', async () => {
  for (const [text, isBare] of [
    ['a\r\nb\r\n', false],
    ['a\nb\r\n', true],
    ['a\rb\r\n', true],
    ['a\r\r\n', true],
    ['a\r\n\n', true],
    ['a\r', true],
    ['\r\n\r\n', false],
  ] as const) {
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        const wire = [text.slice(0, first), text.slice(first, second), text.slice(second)]
          .map((chunk, i) => `BDAT ${chunk.length}${i === 2 ? ' LAST' : ''}\r\n${chunk}`)
          .join('')
        for (const sizes of [[], [1]]) {
          const rejected = await takeChunks(Buffer.from(wire), 'reject', sizes)
          assert.equal(rejected.messages.length, isBare ? 0 : 1, JSON.stringify(wire))
          const cleaned = await takeChunks(Buffer.from(wire), 'clean', sizes)
          assert.equal(cleaned.messages[0]?.toString(), text.replaceAll(/\r\n|\r|\n/g, '\r\n'))
        }
      }
    }
  }
})

/** What a client may do wrong or right, in pieces between which it waits for an answer. */
suite('what stands behind a BDAT that cannot be read is not read as commands', () => {
  const evil = 'MAIL FROM:<smuggled@client.example>\r\nRCPT TO:<b@mx.example>\r\nBDAT 4 LAST\r\nevil'
  for (const line of [
    `BDAT ${evil.length} LAST\n`,
    `BDAT ${evil.length}\rLAST\r\n`,
    `bdat\t${evil.length} LAST\r\n`,
    `BDAT\n${evil.length} LAST\r\n`,
    `BDAT ${evil.length} ${'LAST'.padStart(20_000)}\r\n`,
    `BDAT ${evil.length} LAST\n${'x'.repeat(20_000)}\r\n`,
  ]) {
    test(JSON.stringify(line.length > 100 ? `${line.slice(0, 20)}…` : line), async () => {
      for (const sizes of CUTS) {
        const { messages, senders } = await takeChunks(Buffer.from(`RSET\r\n${line}${evil}`), 'reject', sizes)
        assert.equal(messages.length, 0)
        assert.deepEqual(senders, ['a'])
      }
    })
  }
})

const text = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '.', '\r\n.', '\0', 'a', 'x', 'QUIT\r\n', 'RSET\r\n'), {
    maxLength: 9,
  })
  .map((parts) => parts.join(''))
const chunk = fc
  .record({ text, off: fc.constantFrom(0, 0, 0, 1, -1), last: fc.boolean() })
  .map(({ text, off, last }) => `BDAT ${Math.max(0, text.length + off)}${last ? ' LAST' : ''}\r\n${text}`)
const command = fc.constantFrom(
  'MAIL FROM:<a@client.example>',
  'MAIL FROM:<a@client.example> SIZE=99',
  'RCPT TO:<b@mx.example>',
  'RSET',
  'NOOP',
  'EHLO c',
  'HELO c',
  'BOGUS',
  'NOOP\nRSET',
  'NOOP'.padEnd(200, 'x'),
  'BDAT',
  'BDAT 3 x',
  'BDAT 70\r\n',
  'BDAT 3\n',
  'BDAT 3'.padEnd(200),
)
const commands = fc.array(
  fc.oneof(
    command.map((line) => `${line}\r\n`),
    chunk,
  ),
  { maxLength: 6 },
)
const message = text.map((octets) => ['DATA\r\n', `${octets}\r\n.\r\n`])
const begin = fc.constant(['EHLO c\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\n'])
const turns = fc
  .array(
    fc.oneof(
      begin,
      begin,
      message,
      commands.map((parts) => [parts.join('')]),
    ),
    { maxLength: 8 },
  )
  .map((list) => list.flat())

test('however octets are cut, the same is said, taken and waited for, in SMTP and in LMTP', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })
  const policy = fc.record({
    bareNewlines: fc.constantFrom('reject', 'clean'),
    protocol: fc.constantFrom('smtp', 'smtp', 'lmtp'),
  })
  await fc.assert(
    fc.asyncProperty(turns, sizes, policy, async (said, cuts, options) => {
      const lines = said.map((each) => (options.protocol === 'lmtp' ? each.replaceAll('EHLO', 'LHLO') : each))
      const whole = await converse(lines, options, [])
      assert.deepEqual(await converse(lines, options, cuts), whole)
      assert.deepEqual(await converse(lines, options, [1]), whole)
    }),
    { numRuns: 400 },
  )
})

/** Says each turn in pieces and waits for what is answered; the limits are so low that they are met. */
async function converse(
  turns: readonly string[],
  options: Partial<SmtpServerOptions>,
  sizes: readonly number[],
): Promise<unknown> {
  const told: string[] = []
  const session: SmtpSession = {
    mail: () => void told.push('mail'),
    rcpt: () => void told.push('rcpt'),
    data: () => void told.push('data'),
    body: (piece) => {
      // A full disk must not hide what else is wrong, for that depends on how the message was cut.
      if (piece.includes(0x78)) throw new ReplyError(replies.storeFull)
      if (told.at(-1)?.startsWith('body ') === true) told[told.length - 1] += piece.toString('latin1')
      else told.push(`body ${piece.toString('latin1')}`)
    },
    endOfData: () => {
      told.push('end')
      return replies.done
    },
    reset: () => void told.push('reset'),
    closed: (how) => void told.push(how),
  }
  const machine = new SmtpServerMachine(session, {
    hostname: 'mx.example',
    limits: {
      messageSize: 25,
      discarded: 30,
      commandLine: 60,
      authLine: 80,
      errors: 6,
      softErrors: 2,
      junk: 8,
    },
    ...options,
  })
  const pump = new Pump(machine, serveSession(session))
  let said = (await pump.run()).toString()
  for (const octets of turns) {
    for (const piece of cut(Buffer.from(octets), sizes)) {
      machine.receive(piece)
      said += (await pump.run()).toString()
    }
  }
  machine.disconnected()
  // What was handed on of a message that came to nothing is a matter of how it was cut.
  const kept = told.filter((each, i) => !each.startsWith('body ') || told[i + 1] === 'end')
  return { said, kept, paused: pump.paused, closed: pump.closed }
}
