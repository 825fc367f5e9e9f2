import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { writeDurably } from './durable-file.ts'

test('a file is replaced as a whole, and one that is to be new is never written over; nothing is left beside it', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-durable-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'file')
  writeDurably(file, 'first', { mode: 0o600, isNew: true })
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.throws(() => writeDurably(file, 'second', { mode: 0o600, isNew: true }), { code: 'EEXIST' })
  assert.equal(readFileSync(file, 'utf8'), 'first')
  writeDurably(file, 'third', { mode: 0o644 })
  assert.equal(readFileSync(file, 'utf8'), 'third')
  assert.deepEqual(readdirSync(folder), ['file'])
})
