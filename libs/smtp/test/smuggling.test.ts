import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { replies, serveSession, SmtpServerMachine, type SmtpSession } from '@cartero/smtp/server'
import { cut, Pump } from './pump.ts'

/** What a server made of some octets that came behind its 354. */
interface Taken {
  /** Messages that it took responsibility for. */
  readonly messages: readonly Buffer[]
  readonly senders: readonly string[]
  readonly said: string
}

const ENVELOPE = 'MAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n'

async function take(
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
  machine.receive(Buffer.from(`HELO client.example\r\n${ENVELOPE}`))
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
  machine.receive(Buffer.from(`HELO client.example\r\n${ENVELOPE}MAIL FROM:<evil@client.example>\r\n.\r\n`))
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
