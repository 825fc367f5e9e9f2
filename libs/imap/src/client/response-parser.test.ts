import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseReader } from './response-reader.ts'

function read(text: string, chunk: number) {
  const reader = new ResponseReader()
  const seen = []
  for (let at = 0; at < text.length; at += chunk) {
    reader.push(Buffer.from(text.slice(at, at + chunk), 'latin1'))
    for (let next = reader.next(); next !== undefined; next = reader.next()) seen.push(next)
  }
  return seen
}

const TEXT =
  '* OK [CAPABILITY IMAP4rev1] hi\r\n* 2 FETCH (UID 7 BODY[HEADER.FIELDS (TO CC)] {4}\r\nx\r\ny FLAGS (\\Seen) X NIL)\r\n+ go on\r\na NO [TRYCREATE] no\r\n* SEARCH 1 2\r\n'

test('responses are read whatever the chunks', () => {
  for (const chunk of [1, 2, 7, 1000]) {
    assert.deepEqual(read(TEXT, chunk), [
      { kind: 'status', tag: '*', status: 'OK', code: 'CAPABILITY IMAP4rev1', text: 'hi' },
      {
        kind: 'data',
        name: 'FETCH',
        number: 2,
        values: [
          ['UID', '7', 'BODY[HEADER.FIELDS (TO CC)]', Buffer.from('x\r\ny'), 'FLAGS', ['\\Seen'], 'X', null],
        ],
      },
      { kind: 'continuation', text: 'go on' },
      { kind: 'status', tag: 'a', status: 'NO', code: 'TRYCREATE', text: 'no' },
      { kind: 'data', name: 'SEARCH', values: ['1', '2'] },
    ])
  }
})
