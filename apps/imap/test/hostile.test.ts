import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MailboxTracker } from '@cartero/imap/server'
import { HEADER_LIMITS } from '@cartero/message'
import { searchMessages } from '../src/search.ts'
import { letter, Stage } from './stage.ts'

/** The most octets that are read at once from now on. */
function largestRead({ content }: Stage): () => number {
  const read = content.read.bind(content)
  let largest = 0
  content.read = async (id, range) => {
    const octets = await read(id, range)
    largest = Math.max(largest, octets.length)
    return octets
  }
  return () => largest
}

test('a header as long as a message is not held whole for each item that looks into it', async () => {
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', `Subject: long\n${'X-Pad: x\n'.repeat(100_000)}${letter('inner')}`)
  const client = await stage.enter('ana', 'INBOX')
  const largest = largestRead(stage)
  assert.match(
    await client.say('a FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[HEADER.FIELDS (TO)])\r\n'),
    /\r\nSubject: long\r\n\r\n[^]*a OK /,
  )
  assert.match(await client.say('b SEARCH HEADER X-Pad y\r\n'), /^\* SEARCH\r\nb OK /)
  assert.match(await client.say('c SEARCH TEXT inner\r\n'), /c OK /)
  assert.ok(largest() <= HEADER_LIMITS.headerOctets + 1, `${largest()} octets were read at once`)
})

test('a search of hundreds of keys over thousands of messages lets others have their turn', async () => {
  const flags = Array.from({ length: 20 }, (_, i) => `Keyword${i}`)
  const rows = Array.from({ length: 5_000 }, (_, i) => ({ uid: i + 1, flags, modseq: 1 }))
  const context = { view: { tracker: new MailboxTracker(rows) } } as unknown as Parameters<
    typeof searchMessages
  >[0]
  let turns = 0
  const count = (): void => {
    turns++
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  const found = await searchMessages(context, {
    key: 'AND',
    keys: [
      { key: 'FLAG', flag: 'KEYWORD19' },
      { key: 'NOT', not: { key: 'FLAG', flag: 'Keyword20' } },
    ],
  })
  clearImmediate(immediate)
  assert.equal(found.uids.length, 5_000)
  assert.ok(turns > 10, `${turns} turns`)
})

test('fields read once for all keys of a search are not taken for those of the next message', async () => {
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', 'X-A: one\nX-B: two\n\n', 'X-A: two\nX-B: one\n\n')
  const client = await stage.enter('ana', 'INBOX')
  assert.match(await client.say('a SEARCH OR HEADER X-A one HEADER X-A none\r\n'), /^\* SEARCH 1\r\n/)
  assert.match(await client.say('b SEARCH HEADER X-A two HEADER X-B one\r\n'), /^\* SEARCH 2\r\n/)
})
