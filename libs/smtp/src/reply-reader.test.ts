import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEPT_LINES, LINE_OCTETS, LINES, ReplyReader, ReplySyntaxError } from './reply-reader.ts'

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

test('a reply of a thousand lines is heard, and only so much of it is kept', () => {
  const reader = reading(`${'550-x\r\n'.repeat(999)}550 x\r\n250 next\r\n`)
  const reply = reader.next()
  assert.equal(reply?.code, 550)
  assert.equal(reply.lines.length, KEPT_LINES)
  assert.equal(reader.next()?.code, 250)
})

test('a reply without end is given up', () => {
  const lines = '250-x\r\n'.repeat(LINES)
  assert.equal(reading(`${'250-x\r\n'.repeat(LINES - 1)}250 x\r\n`).next()?.code, 250)
  assert.throws(() => reading(`${lines}250 x\r\n`).next(), ReplySyntaxError)
})

test('a code that no standard has is taken by its first digit, and one without a meaning is none', () => {
  assert.equal(reading('571 5.7.1 go away\r\n').next()?.code, 571)
  for (const text of ['150 wait', '600 what', '25 x', '2500 x', '250x', '-250 x', '', ' 250 ok']) {
    assert.throws(() => reading(`${text}\r\n`).next(), ReplySyntaxError, text)
  }
})

test('what follows a whole reply is left for the next', () => {
  const reader = reading('250-one\r\n250 two\r\n354 go\r\n')
  assert.deepEqual(
    [reader.next(), reader.next(), reader.next()].map((reply) => reply?.code),
    [250, 354, undefined],
  )
})

test('a server that says one line without end is not listened to until its time is over', () => {
  const reader = new ReplyReader()
  reader.push(Buffer.from(`220 ${'x'.repeat(LINE_OCTETS - 10)}`))
  assert.equal(reader.next(), undefined)
  reader.push(Buffer.alloc(LINE_OCTETS, 'x'))
  assert.throws(() => reader.next(), ReplySyntaxError)
})
