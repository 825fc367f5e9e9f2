import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeMessageId, MOST_MESSAGE_IDS, parseMessageId, parseMessageIds } from './message-id.ts'

function corpus(name: string): readonly string[] {
  const file = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
  return file.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

test('no valid msg-id is refused', () => {
  for (const line of corpus('message-id.valid.txt')) {
    const [text, expected] = line.split(' => ') as [string, string]
    assert.equal(parseMessageId(text), expected, text)
  }
})

test('nothing else passes for a msg-id', () => {
  assert.equal(parseMessageId(''), undefined)
  for (const text of corpus('message-id.invalid.txt')) assert.equal(parseMessageId(text), undefined, text)
})

test('a msg-id cannot smuggle a line end or a NUL', () => {
  assert.equal(parseMessageId('<a\r\nBcc: x@example.com>'), undefined)
  assert.equal(parseMessageId('<"a\r\nb"@example.com>'), undefined)
  assert.equal(parseMessageId('<a\0b@example.com>'), undefined)
})

test('a made msg-id shows its clock and its randomness and is valid', () => {
  const random = (octets: number) => Uint8Array.from({ length: octets }, (_, i) => i)
  const made = makeMessageId('mx.example.com', () => 1_000_000, random)
  assert.equal(made, '<lfls.0001020304050607@mx.example.com>')
  assert.equal(parseMessageId(made), made)
})

test('references are kept in order, each once, and phrases are passed over', () => {
  const text = '"Joe" on Monday <a@b> <c@d>\r\n\t<a@b> (why) <odd-one> <e f@g> <>'
  assert.deepEqual(parseMessageIds(text), ['<a@b>', '<c@d>', '<odd-one>'])
})

test('broken brackets hide no later msg-id', () => {
  assert.deepEqual(parseMessageIds('<lost <a@b> > <c@d> <open'), ['<a@b>', '<c@d>'])
  assert.deepEqual(parseMessageIds(''), [])
})

test('a list of msg-ids is bounded', () => {
  const many = Array.from({ length: MOST_MESSAGE_IDS + 5 }, (_, i) => `<${i}@example.com>`).join('\r\n ')
  assert.equal(parseMessageIds(many).length, MOST_MESSAGE_IDS)
  assert.deepEqual(parseMessageIds(`<${'a'.repeat(5_000)}@b>`), [])
  assert.deepEqual(parseMessageIds('<'.repeat(1_000_000)), [])
})
