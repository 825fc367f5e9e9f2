import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContentId } from '@cartero/content'
import { MessageIndexer } from '@cartero/message'
import { Packer } from './parcel.ts'

const OCTETS = Buffer.from('From: a@b.example\r\nSubject: hello\r\n\r\nHello.\r\n')
const letter = { content: 'x' as ContentId, size: OCTETS.length, receivedAt: 0, key: 'k' }
const copies = ['bob', 'alice the second'].map((account) => ({
  account,
  prefix: Buffer.from(`Delivered-To: ${account}\r\nReceived: by x\r\n\tfor y; now\r\n`),
}))

function indexed(octets: Buffer) {
  const indexer = new MessageIndexer()
  indexer.write(octets)
  return indexer.end()
}

const reading = { read: () => Promise.resolve(OCTETS), get: () => assert.fail('it is small') }
const unreadable = { read: () => assert.fail('it was read'), get: () => assert.fail('it was read') }

test('a message whose structure is known is not read again', async () => {
  const known = await new Packer(unreadable).pack({ ...letter, index: indexed(OCTETS) }, copies)
  assert.deepEqual(known, await new Packer(reading).pack(letter, copies))
})

test('each copy has the structure of what is in its mailbox', async () => {
  for (const { prefix, index, size } of await new Packer(reading).pack(letter, copies)) {
    assert.deepEqual(index, indexed(Buffer.concat([prefix, OCTETS])))
    assert.equal(size, prefix.length + OCTETS.length)
  }
})
