import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MessageIndexer, shiftedIndex } from '@cartero/message'
import { ContentIndex, LONGEST_MESSAGE_ID, MOST_INDEXED_HEADER, MOST_INDEXED_PARTS } from './content-index.ts'

const RECEIVED = Buffer.from(
  'Received: from a.example by b.example\r\n\twith ESMTP; Mon, 23 Nov 2026 00:00:00 +0000\r\n',
)
const FIXTURES = new URL('../../../message/fixtures/mime/', import.meta.url)

function contentOf(...chunks: readonly Buffer[]) {
  const index = new ContentIndex()
  for (const chunk of chunks) index.write(chunk)
  return index.end()
}

function indexOf(...chunks: readonly Buffer[]) {
  return contentOf(...chunks).index
}

function multipart(parts: number): Buffer {
  const part = '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n'
  return Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(parts)}--b--\r\n`)
}

test('an index made on the way is the one made of the stored message, behind its trace fields', () => {
  let compared = 0
  for (const name of readdirSync(FIXTURES)) {
    const text = readFileSync(new URL(name, FIXTURES), 'latin1')
    const content = Buffer.from(text.slice(text.indexOf('=====\n') + 6), 'latin1')
    // Reception makes no index where it puts an empty line in front.
    if (!/^[!-9;-~]+:/.test(content.toString('latin1'))) continue
    for (const cut of [1, 7, content.length >> 1, content.length]) {
      const known = indexOf(content.subarray(0, cut), content.subarray(cut))
      const whole = new MessageIndexer()
      whole.write(Buffer.concat([RECEIVED, content]))
      assert.deepEqual(
        shiftedIndex(known!, { octets: RECEIVED.length, lines: 2 }),
        whole.end(),
        `${name} at ${cut}`,
      )
      compared++
    }
  }
  assert.ok(compared > 50)
})

test('a message of very many parts does not stay in memory with all of them', () => {
  assert.notEqual(indexOf(multipart(MOST_INDEXED_PARTS - 1)), undefined)
  assert.equal(indexOf(multipart(MOST_INDEXED_PARTS)), undefined)
})

test('a message to half the world does not stay in memory with all of them', () => {
  const to = (octets: number): Buffer =>
    Buffer.from(`To: ${'a@b.example, '.repeat(octets / 13)}a@b.example\r\n\r\n`)
  assert.notEqual(indexOf(to(MOST_INDEXED_HEADER - 100)), undefined)
  assert.equal(indexOf(to(MOST_INDEXED_HEADER + 100)), undefined)
})

test('the Message-ID is known without another look, whatever it looks like, but for one that no line has room for', () => {
  const idOf = (field: string): string | undefined =>
    contentOf(Buffer.from(`${field}\r\n\r\nbody\r\n`)).messageId
  assert.equal(idOf('Message-ID: <a.b@example.org>'), '<a.b@example.org>')
  assert.equal(idOf('MESSAGE-ID:\r\n <ä@bücher.example>'), '<ä@bücher.example>')
  assert.equal(idOf('Subject: none'), undefined)
  assert.equal(idOf(`Message-ID: <${'a'.repeat(LONGEST_MESSAGE_ID)}@b>`), undefined)
})
