import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatReply, parseReplyText, reply, REPLY_LINE_OCTETS, replyText, type Reply } from './reply.ts'
import { replies, substitutes, type CatalogueReply } from './replies.ts'

/** The catalogue with something put in where a reply names something. */
const all = Object.entries({ ...replies, ...substitutes }).map(
  ([name, entry]): readonly [string, CatalogueReply] => {
    if (typeof entry !== 'function') return [name, entry]
    const make = entry as (...named: readonly unknown[]) => CatalogueReply
    return [name, make(name === 'expanded' ? ['x'] : 'x', ['X'])]
  },
)

suite('every reply of the catalogue', () => {
  for (const [name, entry] of all) {
    test(name, () => {
      assert.ok(entry.code >= 200 && entry.code < 560, 'no reply code')
      assert.match(entry.rfc, /^RFC \d+ §[\d.]+$/)
      // RFC 2034 §4, RFC 3463 §2: severity and first digit agree; 3yz and greetings have none
      const severity = entry.status?.[0]
      if (severity !== undefined) assert.equal(severity, String(entry.code)[0], 'status and code disagree')
      else assert.ok([220, 250, 334, 354].includes(entry.code), 'an enhanced status is missing')
      const wire = formatReply(entry).toString()
      assert.match(wire, /^(?:\d{3}[- ][\x20-\x7e]*\r\n)+$/)
      assert.ok(wire.length <= REPLY_LINE_OCTETS)
    })
  }
})

suite('formatting', () => {
  const lines = (given: Reply): string[] => formatReply(given).toString().split('\r\n').slice(0, -1)

  test('puts code and status on every line', () => {
    assert.deepEqual(lines(reply(250, '2.0.0', 'one\ntwo')), ['250-2.0.0 one', '250 2.0.0 two'])
  })

  test('lets no text break the line or the client', () => {
    assert.deepEqual(lines(reply(550, '5.7.1', 'evil\r\n250 2.0.0 ok\0 ü')), [
      '550-5.7.1 evil?',
      '550 5.7.1 250 2.0.0 ok? ?',
    ])
  })

  test('says UTF-8 to a client that asked for it, in lines that are not too long, and still breaks none', () => {
    const utf8 = (text: string): string[] => lines({ ...reply(250, '2.1.5', text), utf8: true })
    assert.deepEqual(utf8('<ü@mx.example>\n\u0085\r'), ['250-2.1.5 <ü@mx.example>', '250 2.1.5 ??'])
    const wrapped = utf8('\u{1f600}'.repeat(300))
    for (const line of wrapped) assert.ok(Buffer.byteLength(line) + 2 <= REPLY_LINE_OCTETS)
    assert.equal(wrapped.map((line) => line.slice(10)).join(''), '\u{1f600}'.repeat(300))
  })

  test('continues a text that is too long for a line on the next', () => {
    const wrapped = lines(reply(550, '5.7.1', 'word '.repeat(300)))
    assert.ok(wrapped.length > 2)
    for (const line of wrapped) assert.ok(line.length + 2 <= REPLY_LINE_OCTETS)
    const endless = lines(reply(550, undefined, 'x'.repeat(1200)))
    assert.equal(endless.map((line) => line.slice(4)).join(''), 'x'.repeat(1200))
  })

  test('of a reply without text keeps the space that some clients want', () => {
    assert.equal(formatReply(replies.challenge('')).toString(), '334 \r\n')
  })
})

test('a reply on one line is read as it was written', () => {
  for (const given of [reply(250, '2.0.0', 'ok'), reply(550, undefined, 'no'), reply(421, '4.3.2', '')]) {
    assert.deepEqual(parseReplyText(replyText(given)), given)
  }
  for (const none of ['', '25', '2500 x', '600 x', '299-x', 'x 250'])
    assert.equal(parseReplyText(none), undefined, none)
})
