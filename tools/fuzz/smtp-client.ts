import assert from 'node:assert/strict'
import { preferredMechanism } from '@cartero/sasl'
import { parseForwardPath, parseReversePath } from '@cartero/smtp'
import {
  serveErrand,
  SmtpClientMachine,
  type OutgoingTransaction,
  type RecipientOutcome,
  type SmtpClientOptions,
  type SmtpErrand,
} from '@cartero/smtp/client'
import { cut } from './cut.ts'
import type { Target } from './engine.ts'
import { pump } from './pump.ts'
import type { Random } from './random.ts'

const recipients = (...addresses: readonly string[]) =>
  addresses.map((address) => ({
    path: parseForwardPath(address)!,
    parameters: { notify: ['failure'] as const },
  }))

/** Octets with everything in them that must not get out as it is. */
const CONTENT = Buffer.from(
  'Subject: ä\r\n\r\n.\r\n..dots\rand\nbare ends\r\n.\r\nMAIL FROM:<x@y.example>\r\nno end',
)

const TRANSACTIONS: readonly OutgoingTransaction[] = [
  {
    reversePath: parseReversePath('a@c.example')!,
    recipients: recipients('b@d.example', 'c@d.example'),
    content: CONTENT,
    body: '8bit',
    size: CONTENT.length,
  },
  {
    reversePath: undefined,
    recipients: recipients('b@d.example'),
    content: () => pieces(CONTENT),
    envelopeId: 'x y',
    return: 'headers',
  },
  {
    reversePath: parseReversePath('ä@c.example')!,
    recipients: recipients('b@d.example', 'b@e.example', 'b@f.example'),
    content: CONTENT,
    smtpUtf8: true,
  },
  {
    reversePath: parseReversePath('a@c.example')!,
    recipients: recipients('b@d.example'),
    content: CONTENT,
    requireTls: true,
    priority: 3,
    deliverBy: { seconds: 120, mode: 'return', trace: false },
  },
]

async function* pieces(octets: Buffer): AsyncIterable<Buffer> {
  for (let at = 0; at < octets.length; at += 7) yield octets.subarray(at, at + 7)
}

/** An errand that holds the machine to its promises. */
class WatchfulErrand implements SmtpErrand {
  readonly #left = [...TRANSACTIONS]
  readonly #open = new Set<OutgoingTransaction>()
  delivered = 0
  #isClosed = false

  next(): OutgoingTransaction | undefined {
    assert.equal(this.#open.size, 0, 'the next is asked for while one is open')
    return this.#give()
  }

  more(): OutgoingTransaction | undefined {
    return this.#give()
  }

  settled(transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void {
    assert.ok(this.#open.delete(transaction), 'settled twice, or never given')
    assert.equal(outcomes.length, transaction.recipients.length, 'a recipient without an outcome')
    for (const [i, { recipient, kind, reply, by }] of outcomes.entries()) {
      assert.deepEqual(recipient, transaction.recipients[i]!.path, 'outcomes out of order')
      assert.equal(kind === 'delivered', reply.code < 400, 'delivered by a refusal')
      if (kind === 'delivered') assert.equal(by, 'peer', 'delivered by nobody')
    }
    if (outcomes.some(({ kind }) => kind === 'delivered')) this.delivered++
  }

  closed(): void {
    assert.ok(!this.#isClosed, 'closed twice')
    this.#isClosed = true
    assert.equal(this.#open.size, 0, 'a message without an outcome')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  #give(): OutgoingTransaction | undefined {
    const transaction = this.#left.shift()
    if (transaction !== undefined) this.#open.add(transaction)
    return transaction
  }
}

/** One of the ways in which a client can be set up. */
function anyOptions(random: Random): SmtpClientOptions {
  const choice = random.below(420)
  const login = { login: 'tim', password: 'pencil', newNonce: () => 'client-nonce' }
  return {
    hostname: 'client.example',
    protocol: choice % 5 === 0 ? 'lmtp' : 'smtp',
    startTls: (['off', 'opportunistic', 'required'] as const)[choice % 3]!,
    chunking: choice % 2 === 0 ? 'prefer' : 'never',
    allowPlaintextAuth: true,
    downgrade: { headers: choice % 7 < 4, signed: 'send' },
    ...(choice % 4 === 0 && {
      authenticate: (offered, tls) => {
        const row = preferredMechanism(offered, { ...login, tls, inTheClear: true, offered })
        return row && { name: row.name, exchange: row.connect({ ...login, tls, inTheClear: true, offered }) }
      },
    }),
  }
}

async function converse(chunks: readonly Buffer[], options: SmtpClientOptions) {
  const errand = new WatchfulErrand()
  const machine = new SmtpClientMachine(errand, options)
  const said = await pump(machine, serveErrand(errand), chunks)
  machine.disconnected()
  assert.ok(errand.isClosed, 'nobody was told of the end')
  return { said: said.toString('latin1'), delivered: errand.delivered }
}

/** Mostly one reply at a time, as servers say them: whoever answers before he was asked is left at once. */
function inTurn(input: Buffer, random: Random): readonly Buffer[] {
  if (random.oneIn(8)) return cut(input, random)
  const chunks: Buffer[] = []
  let from = 0
  for (let at = 0; at < input.length;) {
    const next = input.indexOf('\n', at) + 1 || input.length
    // RFC 5321 §4.2.1: a hyphen behind the code says that the reply goes on
    const goesOn = input[at + 3] === 0x2d
    at = next
    if (goesOn || random.oneIn(20)) continue
    chunks.push(Buffer.from(input.subarray(from, at)))
    from = at
  }
  if (from < input.length) chunks.push(Buffer.from(input.subarray(from)))
  return chunks
}

/** RFC 5321 §2.3.8 */
function checkWords(said: string): void {
  assert.doesNotMatch(said, /\r(?!\n)|(?<!\r)\n/, 'a bare CR or LF was sent')
}

/** RFC 3207 §4: nothing of consequence goes before TLS. */
function checkSecrecy(said: string, { startTls }: SmtpClientOptions): void {
  if (startTls !== 'required') return
  const clear = said.split('STARTTLS\r\n')[0]!
  assert.doesNotMatch(clear, /^(?:MAIL|RCPT|AUTH|DATA|BDAT)/im, 'said in the clear')
}

const lines = (...text: readonly string[]): Buffer => Buffer.from(`${text.join('\r\n')}\r\n`, 'latin1')
const EHLO = [
  '250-mx.example',
  '250-PIPELINING',
  '250-SIZE 10000',
  '250-8BITMIME',
  '250-CHUNKING',
  '250-DSN',
  '250-SMTPUTF8',
  '250 ENHANCEDSTATUSCODES',
]

/** Anything a server may say: nothing is thrown, every message is settled once, and nothing that ends lines is let out. */
export const smtpClient: Target = {
  name: 'smtp-client',
  scripts: /\/libs\/(smtp|sasl|syntax|wire|message)\/src\//,
  words: [
    '220 mx.example ESMTP',
    '250 ok',
    '250 2.1.0 ok',
    '251 will forward',
    '252 maybe',
    '354 go on',
    '421 bye',
    '450 4.2.1 later',
    '452 4.5.3 too many',
    '454 no TLS',
    '500 what',
    '502 5.5.1 no',
    '503 5.5.1 sequence',
    '530 5.7.0 first',
    '535 5.7.8 no',
    '550 5.1.1 unknown',
    '552 5.3.4 size',
    '554 5.0.0 no',
    '555 5.5.4 what',
    '334 ',
    '334 VXNlcm5hbWU6',
    '235 2.7.0 ok',
    '221 bye',
    '200 odd',
    '299 odd',
    '399 odd',
    '599 odd',
    '250-',
    '250',
    '25',
    '2500 x',
    '250-mx.example',
    '250-PIPELINING',
    '250-SIZE 10',
    '250-SIZE 0',
    '250-8BITMIME',
    '250-CHUNKING',
    '250-BINARYMIME',
    '250-DSN',
    '250-SMTPUTF8',
    '250-STARTTLS',
    '250-AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1',
    '250-REQUIRETLS',
    '250-DELIVERBY 60',
    '250-MT-PRIORITY',
    '250-LIMITS RCPTMAX=1 MAILMAX=1',
    '250-LIMITS RCPTDOMAINMAX=1',
    '250 HELP',
    '\r\n',
    '\n',
    '\r',
  ],
  seeds: [
    lines('220 mx.example ESMTP', ...EHLO, ...Array.from({ length: 20 }, () => '250 2.0.0 ok')),
    lines(
      '220 mx.example ESMTP',
      '250 mx.example',
      '250 ok',
      '250 ok',
      '250 ok',
      '354 go',
      '250 ok',
      '250 ok',
      '250 ok',
      '354 go',
      '250 ok',
      '221 bye',
    ),
    lines(
      '220 mx.example ESMTP',
      '250-mx.example',
      '250 STARTTLS',
      '220 go',
      ...EHLO,
      '250 ok',
      '550 5.1.1 no',
      '450 4.2.0 later',
      '503 no',
    ),
    lines(
      '220 mx.example ESMTP',
      '250-mx.example',
      '250-STARTTLS',
      '250 AUTH PLAIN LOGIN',
      '235 ok',
      '250 ok',
      '250 ok',
      '421 bye',
    ),
    lines(
      '220 x',
      '250-x',
      '250-PIPELINING',
      '250 LIMITS RCPTMAX=1 MAILMAX=2',
      '250 ok',
      '250 ok',
      '354 go',
      '250 ok',
      '452 no',
      '250 ok',
    ),
  ],
  async run(input: Buffer, random: Random) {
    const options = anyOptions(random)
    const { said, delivered } = await converse(inTurn(input, random), options)
    checkWords(said)
    checkSecrecy(said, options)
    const accepted = input.toString('latin1').match(/^2\d\d/gm)?.length ?? 0
    assert.ok(delivered <= accepted, 'delivered without a word of the server')
  },
}
