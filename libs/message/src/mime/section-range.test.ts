import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MessageIndexer } from './message-indexer.ts'
import { partAt, sectionRange, type SectionKind } from './section-range.ts'

const fixture = readFileSync(new URL('../../fixtures/mime/nested-message.txt', import.meta.url), 'utf8')
const message = Buffer.from(fixture.split('=====\n')[1]!.replaceAll('\n', '\r\n'))

function indexed(octets: Buffer) {
  const indexer = new MessageIndexer()
  indexer.write(octets)
  return indexer.end()
}

const index = indexed(message)

function section(path: readonly number[], kind: SectionKind): string | undefined {
  const range = sectionRange(index, path, kind)
  return range && message.toString('latin1', range.start, range.end).replaceAll('\r\n', '\n')
}

test('every section of RFC 3501 §6.4.5 is a range of the message', () => {
  assert.equal(section([], 'body'), message.toString().replaceAll('\r\n', '\n'))
  assert.equal(section([], 'header'), 'Subject: outer\nContent-Type: multipart/mixed; boundary=o\n\n')
  assert.ok(section([], 'text')!.startsWith('--o\n\nsee below\n--o'))
  assert.equal(section([1], 'body'), 'see below')
  assert.equal(section([1], 'mime'), '\n')
  assert.equal(section([2], 'mime'), 'Content-Type: message/rfc822\n\n')
  assert.ok(section([2], 'body')!.startsWith('Subject: middle\n'))
  assert.equal(section([2], 'header'), 'Subject: middle\nContent-Type: multipart/mixed; boundary=m\n\n')
  assert.ok(section([2], 'text')!.startsWith('--m\n\nmiddle text'))
  assert.equal(section([2, 1], 'body'), 'middle text')
  assert.equal(section([2, 2], 'header'), 'Subject: inner\n\n')
  assert.equal(section([2, 2], 'text'), 'inner text')
  assert.equal(section([2, 2, 1], 'body'), 'inner text')
  assert.equal(section([2, 2, 1], 'mime'), 'Subject: inner\n\n')
})

test('sections that are not there are not made up', () => {
  for (const path of [[4], [0], [-1], [1, 1], [2, 3], [2, 2, 2], [2, 2, 1, 1], [Number.NaN]]) {
    assert.equal(partAt(index, path), undefined, path.join('.'))
    assert.equal(section(path, 'body'), undefined, path.join('.'))
  }
  assert.equal(section([], 'mime'), undefined)
  assert.equal(section([1], 'header'), undefined)
  assert.equal(section([1], 'text'), undefined)
})

test('a message that is no multipart has one part', () => {
  const octets = Buffer.from('Subject: x\r\n\r\nbody')
  const single = indexed(octets)
  assert.deepEqual(sectionRange(single, [1], 'body'), { start: 14, end: 18 })
  assert.deepEqual(sectionRange(single, [1], 'mime'), { start: 0, end: 14 })
  assert.equal(sectionRange(single, [1, 1], 'body'), undefined)
  assert.equal(sectionRange(single, [2], 'body'), undefined)
})
