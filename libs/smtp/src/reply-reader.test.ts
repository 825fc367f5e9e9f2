import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINE_OCTETS, LINES, ReplyReader, ReplySyntaxError } from './reply-reader.ts'

function reading(text: string): ReplyReader {
  const reader = new ReplyReader()
  reader.push(Buffer.from(text))
  return reader
}

test('a reply line at the limit is read, a longer one is given up and not kept', () => {
  const room = LINE_OCTETS - '250 '.length
  assert.equal(reading(`250 ${'x'.repeat(room)}\r\n`).next()?.lines[0]?.length, room)
  assert.throws(() => reading(`250 ${'x'.repeat(room + 1)}\r\n`).next(), ReplySyntaxError)
})

test('a reply with as many lines as are borne with is read, one without end is given up', () => {
  const lines = '250-x\r\n'.repeat(LINES - 1)
  assert.equal(reading(`${lines}250 x\r\n`).next()?.lines.length, LINES)
  assert.throws(() => reading(`${lines}250-x\r\n250 x\r\n`).next(), ReplySyntaxError)
})

test('what follows a whole reply is left for the next', () => {
  const reader = reading('250-one\r\n250 two\r\n354 go\r\n')
  assert.deepEqual(
    [reader.next(), reader.next(), reader.next()].map((reply) => reply?.code),
    [250, 354, undefined],
  )
})
