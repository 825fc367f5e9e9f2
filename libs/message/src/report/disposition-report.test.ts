import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contentFacts } from '../content-facts.ts'
import { HeaderBlock } from '../header-block.ts'
import { MessageIndexer } from '../mime/message-indexer.ts'
import { formatDisposition, parseDisposition, type DispositionReport } from './disposition-report.ts'
import { dispositionRequest } from './disposition-request.ts'
import { formatDispositionReport, type DispositionReportOptions } from './format-disposition-report.ts'
import { parseDispositionReport } from './parse-disposition-report.ts'

const header = (...lines: string[]): HeaderBlock =>
  HeaderBlock.parse(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))
const asking = (value: string, ...more: string[]): HeaderBlock =>
  header(`Disposition-Notification-To: ${value}`, ...more)

test('a report that is asked for goes without consent only to the one who sent the message', () => {
  assert.deepEqual(dispositionRequest(asking('Ann <ann@Example.com>'), 'ann@example.COM'), {
    to: ['ann@Example.com'],
  })
  for (const [value, reversePath, consentFor] of [
    ['ann@example.com', undefined, 'no return path'],
    ['ann@example.com', '', 'other return path'],
    ['ann@example.com', 'Ann@example.com', 'other return path'],
    ['ann@example.com', 'list-owner@example.org', 'other return path'],
    ['ann@example.com, bob@example.com', 'ann@example.com', 'several addresses'],
  ] as const)
    assert.equal(dispositionRequest(asking(value), reversePath)?.consentFor, consentFor, value)
  assert.deepEqual(dispositionRequest(asking('a@b, "A" <a@B>'), 'a@b'), { to: ['a@B'] })
})

test('no report is made of a report, of nothing, or where an option is required that nobody knows', () => {
  assert.equal(dispositionRequest(header('Subject: x'), 'a@b'), undefined)
  assert.equal(dispositionRequest(asking('nobody'), 'a@b'), undefined)
  const type = 'Content-Type: multipart/report; report-type=disposition-notification; boundary=x'
  assert.equal(dispositionRequest(asking('a@b', type), 'a@b'), undefined)
  const option = 'Disposition-Notification-Options: signed-receipt=required,pkcs7'
  assert.equal(dispositionRequest(asking('a@b', option), 'a@b'), undefined)
  assert.ok(dispositionRequest(asking('a@b', option.replace('required', 'optional')), 'a@b'))
})

test('two fields that ask are not one that is overlooked', () => {
  const request = dispositionRequest(asking('a@b', 'Disposition-Notification-To: c@d'), 'a@b')
  assert.deepEqual(request, { to: ['a@b', 'c@d'], consentFor: 'several addresses' })
})

test('a disposition is read as it is written, however that is', () => {
  for (const [text, type, action, sending, modifiers] of [
    ['manual-action/MDN-sent-manually; displayed', 'displayed', 'manual-action', 'MDN-sent-manually', []],
    [
      'automatic-action/MDN-sent-automatically; deleted/error',
      'deleted',
      'automatic-action',
      'MDN-sent-automatically',
      ['error'],
    ],
    [
      'Manual-Action / mdn-sent-automatically;Processed / Error , x-y',
      'processed',
      'manual-action',
      'MDN-sent-automatically',
      ['error', 'x-y'],
    ],
    ['displayed', 'displayed', 'manual-action', 'MDN-sent-manually', []],
  ] as const) {
    const read = parseDisposition(text)
    assert.deepEqual(read, { type, action, sending, modifiers })
    assert.deepEqual(parseDisposition(formatDisposition(read)), read)
  }
  for (const text of ['', ';', 'a/b;', 'a/b; c d']) assert.equal(parseDisposition(text), undefined)
})

const REPORT: DispositionReport = {
  reportingUa: 'mail.example.org; Cartero',
  originalRecipient: 'rfc822;robert@example.net',
  finalRecipient: 'rfc822;bob@example.net',
  originalMessageId: '<a@b>',
  disposition: { action: 'manual-action', sending: 'MDN-sent-manually', type: 'displayed', modifiers: [] },
  errors: [],
}
const OPTIONS: DispositionReportOptions = {
  host: 'mail.example.org',
  now: () => Date.UTC(2025, 10, 21, 10, 0, 0),
  random: (octets) => new Uint8Array(octets).fill(7),
  from: 'bob@example.net',
  to: ['ann@example.com'],
}
const ORIGINAL = Buffer.from('Message-ID: <a@b>\r\nSubject: hello\r\n\r\nbody\r\n')

test('a report says what became of the message, for people and for machines', () => {
  const { header, body } = formatDispositionReport(REPORT, ORIGINAL, OPTIONS)
  const message = Buffer.concat([header, body]).toString()
  assert.match(message, /^From: <bob@example\.net>\r\nTo: <ann@example\.com>\r\n/)
  assert.match(message, /report-type=disposition-notification/)
  assert.match(message, /^Auto-Submitted: auto-replied\r$/m)
  assert.match(message, /sent to <bob@example\.net> was displayed\. Nobody can tell whether it was read/)
  assert.match(message, /^Disposition: manual-action\/MDN-sent-manually; displayed\r$/m)
  assert.ok(!message.includes('body\r\n'))
  assert.deepEqual(parseDispositionReport(Buffer.concat([header, body])), REPORT)
  assert.throws(() => formatDispositionReport(REPORT, ORIGINAL, { ...OPTIONS, to: [] }), RangeError)
})

test('the reports of other programs are read', async () => {
  const message = Buffer.from(
    'From: bob@example.net\r\nContent-Type: multipart/report; report-type="disposition-notification"; boundary=x\r\n\r\n' +
      '--x\r\n\r\nread\r\n--x\r\nContent-Type: message/disposition-notification\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
      `${Buffer.from('Reporting-UA: a.example; Mailer 1.0 (x)\nFinal-Recipient: <bob@example.net>\n\nOriginal-Message-ID: (c) <a@b>\nDisposition: automatic-action/MDN-sent-automatically; deleted/error\nError: full\n').toString('base64')}\r\n--x--\r\n`,
  )
  const expected: DispositionReport = {
    reportingUa: 'a.example; Mailer 1.0 (x)',
    finalRecipient: 'rfc822;bob@example.net',
    originalMessageId: '<a@b>',
    disposition: {
      action: 'automatic-action',
      sending: 'MDN-sent-automatically',
      type: 'deleted',
      modifiers: ['error'],
    },
    errors: ['full'],
  }
  assert.deepEqual(parseDispositionReport(message), expected)
  async function* source(): AsyncGenerator<Uint8Array> {
    yield message
  }
  assert.deepEqual(await parseDispositionReport(source()), expected)
  assert.equal(parseDispositionReport(ORIGINAL), undefined)
})

test('whatever stands in it, a well-formed report comes out', () => {
  const nasty = fc.string({
    unit: fc.constantFrom('a', '\r', '\n', '\0', ' ', ';', ':', 'é', '<', '>', ',', 'x'.repeat(500)),
  })
  fc.assert(
    fc.property(nasty, nasty, fc.boolean(), (text, address, smtpUtf8) => {
      const report = {
        ...REPORT,
        finalRecipient: `rfc822;x${address}`,
        errors: [text],
        disposition: { ...REPORT.disposition, type: `x${text}` },
      }
      const options = { ...OPTIONS, smtpUtf8, from: `x${address}`, to: [`x${address}`] }
      const { header, body } = formatDispositionReport(report, ORIGINAL, options)
      const message = Buffer.concat([header, body])
      const facts = contentFacts(message)
      assert.ok(!facts.binary && (smtpUtf8 || !(facts.eightBitHeader || facts.eightBitBody)))
      const indexer = new MessageIndexer()
      indexer.write(message)
      assert.equal(indexer.end().root.parts?.length, 3)
    }),
    { numRuns: 200 },
  )
})
