import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import MailComposer from 'nodemailer/lib/mail-composer'
import {
  decodeEncodedWords,
  MessageIndexer,
  parameter,
  parameterText,
  partAt,
  PartTextDecoder,
  sectionRange,
  textOf,
  transferDecoder,
  type MessageIndex,
} from '../src/index.ts'

function indexOf(message: Buffer): MessageIndex {
  const indexer = new MessageIndexer()
  for (let at = 0; at < message.length; at += 1_000) indexer.write(message.subarray(at, at + 1_000))
  return indexer.end()
}

test('a message that another composer made is taken apart as it was put together', async () => {
  const attachment = randomBytes(50_000)
  const inner = 'Subject: inner\r\nContent-Type: text/plain\r\n\r\nforwarded\r\n'
  const message = await new MailComposer({
    from: { name: 'Jörg Müller', address: 'joerg@example.com' },
    to: ['Ann <ann@example.org>', { name: 'Doe, John', address: 'john@example.org' }],
    subject: 'Grüße aus der Küche, '.repeat(8),
    text: 'Schöne Grüße,\n\n-- \nJörg and a very long line that must be folded somehow '.repeat(3),
    html: '<p>Schöne <img src="cid:img@example.com"> Grüße</p>',
    attachments: [
      { filename: 'image.png', content: randomBytes(300), cid: 'img@example.com' },
      {
        filename: 'ein sehr langer Dateiname für Größen und Maße, der gefaltet werden muss.pdf',
        content: attachment,
      },
      { contentType: 'message/rfc822', content: inner, contentTransferEncoding: '7bit' },
    ],
  })
    .compile()
    .build()
  const index = indexOf(message)
  const octets = (path: readonly number[]): Buffer => {
    const range = sectionRange(index, path, 'body')!
    return message.subarray(range.start, range.end)
  }

  assert.equal(decodeEncodedWords(index.envelope.subject!), 'Grüße aus der Küche, '.repeat(8))
  assert.equal(decodeEncodedWords(index.envelope.from![0]!.name!), 'Jörg Müller')
  assert.deepEqual(index.envelope.to, [
    { name: 'Ann', mailbox: 'ann', host: 'example.org' },
    { name: 'Doe, John', mailbox: 'john', host: 'example.org' },
  ])

  const types = [[1], [1, 1], [1, 2], [1, 2, 1], [1, 2, 2], [2], [3]].map((path) => {
    const part = partAt(index, path)
    return part && `${path.join('.')} ${part.type}/${part.subtype}`
  })
  assert.deepEqual(types, [
    '1 multipart/alternative',
    '1.1 text/plain',
    '1.2 multipart/related',
    '1.2.1 text/html',
    '1.2.2 image/png',
    '2 application/pdf',
    '3 message/rfc822',
  ])

  const plain = partAt(index, [1, 1])!
  const text = new PartTextDecoder(plain.encoding, parameter(plain.parameters, 'charset'))
  assert.match(text.write(octets([1, 1])) + text.end(), /^Schöne Grüße,\s+-- \s+Jörg and/)

  const pdf = partAt(index, [2])!
  assert.equal(
    parameterText(pdf.disposition!.parameters, 'filename'),
    'ein sehr langer Dateiname für Größen und Maße, der gefaltet werden muss.pdf',
  )
  const decoder = transferDecoder(pdf.encoding)
  assert.deepEqual(Buffer.concat([decoder.write(octets([2])), decoder.end()]), attachment)

  assert.equal(partAt(index, [1, 2, 2])!.id, '<img@example.com>')
  assert.equal(partAt(index, [3])!.message!.envelope.subject, 'inner')
  assert.equal(octets([3, 1]).toString(), 'forwarded\r\n')
  assert.equal(textOf(octets([3]).toString('latin1')), inner)
})
