import assert from 'node:assert/strict'
import { test } from 'node:test'
import { letter, Stage } from './stage.ts'

const SCRIPT = [
  'a LOGIN {3+}\r\nana sesame',
  'b SELECT INBOX',
  'c APPEND INBOX (\\Seen) {24+}\r\nSubject: x\r\n\r\nhello you!\r\n',
  'd FETCH 1:* (UID FLAGS BODY.PEEK[TEXT])',
  'e IDLE\r\nDONE',
  'f UID STORE 2 +FLAGS (\\Deleted)',
  'g EXPUNGE',
  'h SEARCH SUBJECT {3+}\r\none',
  'i AUTHENTICATE PLAIN',
  'j BOGUS {5+}\r\nabcde',
  'k LOGOUT',
].join('\r\n')

test('how the stream is cut changes no answer', async () => {
  const play = async (chunk: number): Promise<string> => {
    const stage = new Stage({ chunk })
    await stage.deliver('ana', 'INBOX', letter('one'))
    const client = await stage.connect()
    const said = await client.say(`${SCRIPT}\r\n`)
    return said.replaceAll(/(UIDVALIDITY|APPENDUID) \d+/g, '$1')
  }
  const whole = await play(100_000)
  assert.match(whole, /k OK/)
  for (const chunk of [1, 2, 3, 5, 17, 64]) assert.equal(await play(chunk), whole, `chunks of ${chunk}`)
})
