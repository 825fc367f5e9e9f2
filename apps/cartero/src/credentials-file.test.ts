import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { generatePassword, readCredentials, writeCredentials } from './credentials-file.ts'

function fileIn(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-credentials-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'credentials.json')
}

test('a generated password survives shells, URLs and SASL as it is, and is never the same', () => {
  const passwords = new Set(Array.from({ length: 100 }, generatePassword))
  assert.equal(passwords.size, 100)
  for (const password of passwords) assert.match(password, /^[a-hj-kmnp-z2-9]{5}(-[a-hj-kmnp-z2-9]{5}){3}$/)
})

test('credentials are read back as written, by their owner only', (context) => {
  const file = fileIn(context)
  const accounts = [{ address: 'a@b.test', password: 'x' }]
  const odmr = [{ domain: 'c.test', address: 'fetch@c.test', password: 'y' }]
  writeCredentials(file, { accounts, odmr })
  assert.deepEqual(readCredentials(file), { accounts, odmr })
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('no file is no credentials; a spoilt one is named together with the way out', (context) => {
  const file = fileIn(context)
  assert.deepEqual(readCredentials(file), { accounts: [], odmr: [] })
  const customer = '{"accounts":[],"odmr":[{"address":"a","password":"b"}]}'
  for (const spoilt of [
    '{',
    '{}',
    '{"accounts":[{"address":1}]}',
    'null',
    '{"accounts":[],"odmr":1}',
    customer,
  ]) {
    writeFileSync(file, spoilt)
    assert.throws(() => readCredentials(file), {
      name: 'OperatorError',
      remedy: /remove it: new passwords are made/,
    })
  }
})

test('a file from before there were customers is read as it is', (context) => {
  const file = fileIn(context)
  writeFileSync(file, '{"accounts":[{"address":"a@b.test","password":"x"}]}')
  assert.deepEqual(readCredentials(file), { accounts: [{ address: 'a@b.test', password: 'x' }], odmr: [] })
})
