import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitTypedText } from './typed-text.ts'

test('an address of type utf-8 is read as it is meant, and what is no escape stays', () => {
  const read = (text: string): string => splitTypedText(`UTF-8; ${text}`).text
  assert.equal(read('b\\x{FC}cher@example.org'), 'bücher@example.org')
  for (const none of ['\\x{}', '\\x{1}', '\\x{D800}', '\\x{DFFF}', '\\x{110000}', '\\x{zz}'])
    assert.equal(read(none), none)
})
