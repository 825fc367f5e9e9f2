import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { OperatorError } from '@cartero/agent/lifecycle'

import { secretKey } from './secret-key.ts'

function fileIn(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-key-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'directory.key')
}

test('a key is made when it is needed, for its owner only, and stays the same', (context) => {
  const file = fileIn(context)
  const key = secretKey(file)
  assert.equal(existsSync(file), false)
  const made = Buffer.from(key())
  assert.equal(made.length, 32)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(Buffer.from(secretKey(file)()), made)
})

test('a file that is no key is told to the operator, and never written over', (context) => {
  const file = fileIn(context)
  writeFileSync(file, 'half a key')
  assert.throws(secretKey(file), OperatorError)
  assert.equal(statSync(file).size, 10)
})
