import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContentId } from '@cartero/content'
import type { StoredMessage } from '@cartero/mailstore'
import { MessageIndexer } from '@cartero/message'
import { MessageCache } from './message-cache.ts'

function message(uid: number, header = 'Subject: x\r\n'): StoredMessage {
  const indexer = new MessageIndexer()
  indexer.write(Buffer.from(`${header}\r\n`))
  const index = indexer.end()
  return {
    uid,
    flags: [],
    modseq: 1,
    internalDate: 0,
    size: index.size,
    content: 'c' as ContentId,
    prefix: Buffer.alloc(0),
    index,
  }
}

const held = (cache: MessageCache, uids: number): number =>
  Array.from({ length: uids }, (_, uid) => cache.get(1, uid)).filter(Boolean).length

test('the cache does not grow with what is read', () => {
  const cache = new MessageCache(100_000)
  for (let uid = 0; uid < 1_000; uid++) cache.keep(1, message(uid))
  assert.ok(held(cache, 1_000) < 60)
})

test('a message of many parts does not count as one of few', () => {
  const small = new MessageCache(100_000)
  const large = new MessageCache(100_000)
  const subject = `Subject: ${'y'.repeat(10_000)}\r\n`
  for (let uid = 0; uid < 100; uid++) {
    small.keep(1, message(uid))
    large.keep(1, message(uid, subject))
  }
  assert.ok(held(large, 100) < held(small, 100) / 3)
})

test('what is asked for again and again outlives what is not', () => {
  const cache = new MessageCache(100_000)
  cache.keep(1, message(0))
  for (let uid = 1; uid < 1_000; uid++) {
    cache.keep(1, message(uid))
    assert.ok(cache.get(1, 0), `after ${uid}`)
  }
  assert.equal(cache.get(1, 1), undefined)
})

test('a uid of one mailbox is not taken for that of another', () => {
  const cache = new MessageCache(100_000)
  cache.keep(1, message(12))
  assert.equal(cache.get(11, 2), undefined)
  assert.equal(cache.get(2, 12), undefined)
})

test('a cache of nothing keeps nothing', () => {
  const cache = new MessageCache(0)
  cache.keep(1, message(1))
  assert.equal(cache.get(1, 1), undefined)
})
