import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { MessageIndexer } from './message-indexer.ts'
import { shiftedIndex } from './shifted-index.ts'

const folder = join(import.meta.dirname, '../../fixtures/mime')
const messages = readdirSync(folder).map((name) => ({
  name,
  octets: Buffer.from(
    readFileSync(join(folder, name), 'utf8').split('=====\n', 2)[1]!.replaceAll('\n', '\r\n'),
  ),
}))

function indexed(prefix: string, message: Buffer) {
  const indexer = new MessageIndexer()
  indexer.write(Buffer.from(prefix))
  indexer.write(message)
  return indexer.end()
}

const SHORT = 'Delivered-To: a@b\r\nReceived: by c\r\n'
const LONG = `Delivered-To: ${'a'.repeat(80)}\r\n @cartero.test\r\nReceived: by c\r\n`

test('there are awkward messages to try it on', () => {
  assert.ok(messages.length > 10, String(messages.length))
})

for (const { name, octets } of messages) {
  test(`${name} behind other trace fields has the index that reading it again would give`, () => {
    const [short, long] = [indexed(SHORT, octets), indexed(LONG, octets)]
    const shift = { octets: LONG.length - SHORT.length, lines: 1 }
    assert.deepEqual(shiftedIndex(short, shift), long)
    assert.deepEqual(shiftedIndex(long, { octets: -shift.octets, lines: -1 }), short)
  })
}
