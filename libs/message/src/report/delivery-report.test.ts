import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeMessageId, parseDateTime } from '@cartero/syntax'
import { contentFacts } from '../content-facts.ts'
import { HeaderBlock } from '../header-block.ts'
import { MessageIndexer } from '../mime/message-indexer.ts'
import { REPORT_LIMITS, type DeliveryReport, type RecipientReport } from './delivery-report.ts'
import { formatDeliveryReport, type DeliveryReportOptions } from './format-delivery-report.ts'
import { parseDeliveryReport } from './parse-delivery-report.ts'
import { readReport } from './report-reader.ts'
import type { ReportMessage } from './report-message.ts'

const FIXTURES = new URL('../../fixtures/report/', import.meta.url)
const fixtures = readdirSync(FIXTURES).map((name) => {
  const [head, message] = readFileSync(new URL(name, FIXTURES), 'utf8').split('=====\n', 2) as [
    string,
    string,
  ]
  const expected = head
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('')
  return { name, expected: JSON.parse(expected, inMilliseconds) as DeliveryReport, message }
})

function inMilliseconds(key: string, value: unknown): unknown {
  const isTime = ['arrivedAt', 'lastAttemptAt', 'willRetryUntil'].includes(key)
  return isTime ? parseDateTime(value as string)!.epochMs : value
}

test("no mailer's report is misread", () => {
  assert.ok(fixtures.length >= 7)
  for (const { name, expected, message } of fixtures) {
    for (const lineEnd of ['\r\n', '\n'])
      assert.deepEqual(parseDeliveryReport(Buffer.from(message.replaceAll('\n', lineEnd))), expected, name)
  }
})

test('a report that comes in pieces is the same', async () => {
  const { message, expected } = fixtures.find(({ name }) => name === 'postfix.txt')!
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const octet of Buffer.from(message)) yield Uint8Array.of(octet)
  }
  assert.deepEqual(await parseDeliveryReport(pieces()), expected)
})

test('what is no report is not taken for one', () => {
  for (const text of [
    '',
    'Subject: Undelivered\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b\r\n',
  ])
    assert.equal(parseDeliveryReport(Buffer.from(text)), undefined)
})

test('a report without end is not read to its end', async () => {
  let given = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n')
    for (;;) {
      given++
      yield Buffer.from(`\r\nFinal-Recipient: rfc822; ${given}@example.net\r\n`.repeat(100))
    }
  }
  const report = await parseDeliveryReport(endless())
  assert.equal(report!.recipients.length, REPORT_LIMITS.readRecipients)
  assert.ok(given * 100 * 30 < 3 * REPORT_LIMITS.readOctets)
})

test('no octets make the reader throw or stall', () => {
  const lines = fixtures.flatMap(({ message }) => message.split('\n'))
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...lines), { maxLength: 60, size: 'max' }), (chosen) => {
      parseDeliveryReport(Buffer.from(chosen.join('\r\n')))
    }),
    { numRuns: 200 },
  )
})

const AT = Date.UTC(2025, 10, 21, 10, 0, 0)
const FAILED: RecipientReport = {
  finalRecipient: 'rfc822;bob@example.net',
  action: 'failed',
  status: '5.1.1',
  remoteMta: 'dns;mx.example.net',
  diagnosticCode: 'smtp;550-5.1.1 no such user\n550 5.1.1 really',
}
const REPORT: DeliveryReport = {
  reportingMta: 'dns;mail.example.org',
  envelopeId: 'QQ1',
  arrivedAt: AT,
  recipients: [FAILED],
}
const ORIGINAL = Buffer.from(
  'Message-ID: <a@b>\r\nReferences: <x@y>\r\nSubject: hello\r\nX-Mark: header\r\n\r\nthe body\r\n',
)
const OPTIONS: DeliveryReportOptions = {
  host: 'mail.example.org',
  now: () => AT + 1_000,
  random: (octets) => new Uint8Array(octets).fill(7),
  to: 'ann@example.com',
  queueId: '01JD8Z5Y3Q',
}

const octetsOf = ({ header, body }: ReportMessage<Buffer>): Buffer => Buffer.concat([header, body])

function formatted(
  report: Partial<DeliveryReport> = {},
  options: Partial<DeliveryReportOptions> = {},
  original: Buffer | undefined = ORIGINAL,
): string {
  return octetsOf(
    formatDeliveryReport({ ...REPORT, ...report }, original, { ...OPTIONS, ...options }),
  ).toString()
}

const partTypes = (message: string): readonly string[] => {
  const indexer = new MessageIndexer()
  indexer.write(Buffer.from(message))
  return indexer.end().root.parts!.map(({ type, subtype }) => `${type}/${subtype}`)
}

test('the header says what it is, so that nothing answers it', () => {
  const header = HeaderBlock.parse(Buffer.from(formatted()))
  const values = Object.fromEntries(header.fields.map((field) => [field.name, field.value]))
  const id = makeMessageId('mail.example.org', OPTIONS.now, OPTIONS.random)
  assert.deepEqual(values, {
    From: 'Mail delivery system <postmaster@mail.example.org>',
    To: '<ann@example.com>',
    Subject: 'Your message could not be delivered',
    Date: 'Fri, 21 Nov 2025 10:00:01 +0000',
    'Message-ID': id,
    'In-Reply-To': '<a@b>',
    References: '<x@y> <a@b>',
    'Auto-Submitted': 'auto-replied',
    'MIME-Version': '1.0',
    'Content-Type':
      'multipart/report; report-type=delivery-status; boundary="=_07070707070707070707070707070707"',
    'Content-Transfer-Encoding': '7bit',
  })
  assert.match(id, /^<[^<>]+>$/)
})

test('an id that no line could hold is not repeated', () => {
  const message = formatted({}, {}, Buffer.from(`Message-ID: <${'a'.repeat(980)}@b>\r\n\r\n`))
  assert.ok(!message.includes('In-Reply-To'))
})

test('words for people come first, and tell what happened, to whom, the exact words, the queue id and what to do', () => {
  const message = formatted()
  const words = message.slice(0, message.indexOf('message/delivery-status'))
  for (const part of [
    'Your message could not be delivered to:',
    '<bob@example.net>',
    'mx.example.net said:\r\n      550-5.1.1 no such user\r\n      550 5.1.1 really',
    'There is no such mailbox. Look whether the address is spelled right.',
    'Queue id: 01JD8Z5Y3Q',
    'write to postmaster@mail.example.org',
    'Subject: hello',
  ])
    assert.ok(words.includes(part), part)
})

test('who is not concerned by a remote reads our own reason', () => {
  const recipients = [
    {
      finalRecipient: 'rfc822;bob@x.example',
      action: 'failed',
      status: '5.2.2',
      reason: 'the mailbox is full',
    },
  ] as const
  assert.match(
    formatted({ recipients }),
    /<bob@x\.example>\r\n {4}the mailbox is full\r\n {4}The mailbox is full\. Try/,
  )
  const recipient = { ...FAILED, originalRecipient: 'rfc822;robert@example.net' }
  assert.match(formatted({ recipients: [recipient] }), /to which mail for <robert@example\.net> goes/)
})

test('a delay says until when it is tried, and nothing else does', () => {
  const until = { willRetryUntil: AT + 86_400_000 }
  const delayed = formatted({ recipients: [{ ...FAILED, ...until, action: 'delayed', status: '4.4.1' }] })
  assert.match(delayed, /^Subject: Your message is delayed\r$/m)
  assert.match(delayed, /It is still being tried, until Sat, 22 Nov 2025 10:00:00 \+0000\./)
  assert.match(delayed, /^Will-Retry-Until: Sat, 22 Nov 2025/m)
  assert.ok(!formatted({ recipients: [{ ...FAILED, ...until }] }).includes('Will-Retry-Until'))
})

test('the content comes back only where it is asked for, of a failure, not too large and not bound to TLS', () => {
  const full = { return: 'full' } as const
  assert.ok(formatted({}, full).includes('the body'))
  assert.equal(partTypes(formatted({}, full))[2], 'message/rfc822')
  const delivered = { recipients: [{ ...FAILED, action: 'delivered', status: '2.1.5' }] } as const
  for (const message of [
    formatted(),
    formatted({}, { return: 'headers' }),
    formatted(delivered, full),
    formatted({}, { ...full, requireTls: true }),
    formatted({}, { ...full, mostContentOctets: ORIGINAL.length - 1 }),
    formatted({}, full, Buffer.concat([ORIGINAL, Buffer.alloc(REPORT_LIMITS.contentOctets, 'x')])),
  ]) {
    assert.ok(!message.includes('the body') && message.includes('X-Mark: header'))
    assert.equal(partTypes(message)[2], 'text/rfc822-headers')
  }
})

test('a report has no line that is too long, whatever the header of the message is like', () => {
  for (const wish of ['full', 'headers'] as const) {
    const long = Buffer.from(`Subject: ${'s'.repeat(5_000)}\r\nX-Mark: header\r\n\r\nthe body\r\n`)
    const message = octetsOf(formatDeliveryReport(REPORT, long, { ...OPTIONS, return: wish }))
    assert.ok(contentFacts(message).longestLine <= 998)
    assert.equal(partTypes(message.toString())[2], 'text/rfc822-headers')
    const { original } = readReport(message, ['message/delivery-status'])
    assert.equal(original?.find('subject')?.value.trim().length, 5_000)
  }
})

test('a header without end is cut between fields', () => {
  const header = Buffer.from('X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(4_000))
  const message = formatted({}, {}, header)
  assert.ok(message.length < REPORT_LIMITS.headerOctets + 4_000)
  assert.match(message, /a\r\n\r\n--=_/)
})

test('nobody is told of a report, and no report tells nothing', () => {
  assert.throws(() => formatted({}, { to: '' }), RangeError)
  assert.throws(() => formatted({ recipients: [] }), RangeError)
})

test('a boundary that stands in a part is not used', () => {
  const taken = `--=_${'07'.repeat(16)}`
  const original = Buffer.concat([ORIGINAL, Buffer.from(`\r\n${taken}\r\n${taken}.1--\r\n`)])
  const message = formatted({}, { return: 'full' }, original)
  assert.equal(partTypes(message).length, 3)
  assert.match(message, /boundary="=_(?:07){16}\.2"/)
})

test('UTF-8 is written only where it may be, and is there again when it is read', () => {
  const jörg = {
    ...FAILED,
    finalRecipient: 'utf-8;jörg@bücher.example',
    diagnosticCode: 'smtp;550 Empfänger unbekannt',
  }
  const original = Buffer.from('Subject: Grüße\r\nFrom: jörg@x.example\r\n\r\nGrüße\r\n')
  const narrow = formatDeliveryReport({ ...REPORT, recipients: [jörg] }, original, {
    ...OPTIONS,
    to: 'änn@x.example',
    return: 'full',
  })
  const facts = contentFacts(octetsOf(narrow))
  assert.ok(!facts.eightBitHeader && !facts.eightBitBody && !narrow.needsSmtpUtf8)
  assert.equal(parseDeliveryReport(octetsOf(narrow))!.recipients[0]!.finalRecipient, jörg.finalRecipient)
  assert.deepEqual(partTypes(octetsOf(narrow).toString()), [
    'text/plain',
    'message/delivery-status',
    'message/rfc822',
  ])

  const wide = formatDeliveryReport({ ...REPORT, recipients: [jörg] }, original, {
    ...OPTIONS,
    return: 'full',
    smtpUtf8: true,
  })
  assert.ok(wide.needsSmtpUtf8)
  assert.deepEqual(partTypes(octetsOf(wide).toString()), [
    'text/plain',
    'message/global-delivery-status',
    'message/global',
  ])
  assert.deepEqual(parseDeliveryReport(octetsOf(wide))!.recipients, [jörg])
  assert.equal(
    partTypes(formatted({ recipients: [jörg] }, { smtpUtf8: true }, original))[2],
    'message/global-headers',
  )
  assert.ok(!formatDeliveryReport(REPORT, ORIGINAL, { ...OPTIONS, smtpUtf8: true }).needsSmtpUtf8)
})

test('a message that is streamed comes out streamed, and is the same', async () => {
  const original = Buffer.concat([ORIGINAL, Buffer.from('Grüße\r\n')])
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < original.length; at += 5) yield original.subarray(at, at + 5)
  }
  const streamed = { header: original.subarray(0, 80), octets: original.length, source: source() }
  const options = { ...OPTIONS, return: 'full' } as const
  const { header, body } = formatDeliveryReport(REPORT, streamed, options)
  const pieces: Buffer[] = []
  for await (const piece of body as AsyncIterable<Buffer>) pieces.push(piece)
  const whole = formatDeliveryReport(REPORT, original, options)
  assert.deepEqual(Buffer.concat(pieces), whole.body)
  assert.deepEqual(header, whole.header)
  assert.ok(Buffer.isBuffer(formatDeliveryReport(REPORT, streamed, OPTIONS).body))
})

test('whatever the remote says, a well-formed report comes out and is read back', () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      'a',
      '\r',
      '\n',
      '\0',
      ' ',
      ';',
      ':',
      'é',
      '\ud800',
      '🙂',
      '<',
      '--=_07',
      '.',
      '"',
      '\u202e',
      'x'.repeat(500),
    ),
    maxLength: 30,
  })
  fc.assert(
    fc.property(nasty, nasty, nasty, fc.boolean(), (words, address, name, smtpUtf8) => {
      const recipient = {
        ...FAILED,
        finalRecipient: `rfc822;x${address}`,
        diagnosticCode: `smtp;x${words}`,
        reason: words,
      }
      const report = { ...REPORT, envelopeId: `x${name}`, recipients: [recipient, FAILED] }
      const options = { ...OPTIONS, smtpUtf8, to: `x${address}@example.com`, queueId: words }
      const message = octetsOf(formatDeliveryReport(report, ORIGINAL, options))
      const facts = contentFacts(message)
      assert.ok(!facts.binary, message.toString())
      assert.ok(smtpUtf8 || !(facts.eightBitHeader || facts.eightBitBody))
      assert.equal(HeaderBlock.parse(message).fields.length, 11)
      assert.equal(partTypes(message.toString()).length, 3)
      const read = parseDeliveryReport(message)!
      assert.equal(read.recipients.length, 2)
      assert.deepEqual(read.recipients[1]!.finalRecipient, FAILED.finalRecipient)
      assert.deepEqual(
        read.recipients.map(({ action, status }) => [action, status]),
        [
          ['failed', '5.1.1'],
          ['failed', '5.1.1'],
        ],
      )
    }),
    { numRuns: 300 },
  )
})

test('machines are told of every recipient, people of as many as they will read', () => {
  const recipients = Array.from({ length: 1_000 }, (_, n) => ({
    ...FAILED,
    finalRecipient: `rfc822;bob${n}@example.net`,
  }))
  const message = formatted({ recipients })
  assert.equal(parseDeliveryReport(Buffer.from(message))!.recipients.length, 1_000)
  assert.match(message, /lists 900 more/)
})
