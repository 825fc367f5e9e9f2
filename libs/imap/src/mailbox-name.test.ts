import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalName, decodeMailboxName, encodeMailboxName } from './mailbox-name.ts'

const decode = (text: string, utf8 = false) => decodeMailboxName(Buffer.from(text, 'latin1'), utf8)

test('names of RFC 3501 §5.1.3 are not garbled', () => {
  assert.equal(decode('~peter/mail/&U,BTFw-/&ZeVnLIqe-'), '~peter/mail/台北/日本語')
  assert.equal(encodeMailboxName('~peter/mail/台北/日本語', false), '~peter/mail/&U,BTFw-/&ZeVnLIqe-')
  assert.equal(decode('Tom &- Jerry'), 'Tom & Jerry')
  assert.equal(encodeMailboxName('Tom & Jerry', false), 'Tom &- Jerry')
})

test('what is not modified UTF-7 is refused and not guessed', () => {
  for (const text of ['&', '&Jjo', '&Jjo!-', '&AA', 'caf\xe9', '&2D3-', 'a\x01b', '&AAAA-x&-&']) {
    assert.equal(decode(text), undefined, text)
  }
})

test('no name is lost on its way out and in, in either form', () => {
  const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed())
  fc.assert(
    fc.property(name, fc.boolean(), (text, utf8) => {
      const wire = Buffer.from(encodeMailboxName(text, utf8), 'latin1')
      assert.equal(decodeMailboxName(wire, utf8), canonicalName(text))
    }),
    { numRuns: 300 },
  )
})

test('no octet above 127 leaves in modified UTF-7', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const character of encodeMailboxName(text, false)) {
        assert.ok(character >= ' ' && character <= '~')
      }
    }),
  )
})

test('inbox in any case is INBOX, and only that', () => {
  assert.equal(canonicalName('inBox'), 'INBOX')
  assert.equal(canonicalName('inbox/a'), 'INBOX/a')
  assert.equal(canonicalName('inboxes'), 'inboxes')
  assert.equal(canonicalName('a/inbox'), 'a/inbox')
  assert.equal(canonicalName('ınbox'), 'ınbox')
})
