import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageIndexer } from '@cartero/message'
import { encodeBodyStructure } from './body-structure.ts'
import { Encoder } from './encoder.ts'
import { encodeEnvelope } from './envelope.ts'

function index(text: string) {
  const indexer = new MessageIndexer()
  indexer.write(Buffer.from(text.replaceAll('\n', '\r\n')))
  return indexer.end()
}

function structure(text: string, extended: boolean): string {
  const encoder = new Encoder({ utf8: false })
  encodeBodyStructure(encoder, index(text).root, extended)
  return encoder.take().toString('latin1')
}

const MIXED = `Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

a=20b
--b
Content-Type: image/png; name="x y.png"
Content-Disposition: attachment; filename="x y.png"
Content-Transfer-Encoding: base64
Content-ID: <1@x>
Content-Language: de, en

AAAA
--b--
`

test('extension data is not in BODY, and all of it in BODYSTRUCTURE', () => {
  assert.equal(
    structure(MIXED, false),
    '(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 5 0)("IMAGE" "PNG" ("NAME" "x y.png") "<1@x>" NIL "BASE64" 4) "MIXED")',
  )
  assert.equal(
    structure(MIXED, true),
    '(("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 5 0 NIL NIL NIL NIL)("IMAGE" "PNG" ("NAME" "x y.png") "<1@x>" NIL "BASE64" 4 NIL ("ATTACHMENT" ("FILENAME" "x y.png")) ("de" "en") NIL) "MIXED" ("BOUNDARY" "b") NIL NIL NIL)',
  )
})

test('a message within a message shows its envelope', () => {
  const text = 'Content-Type: message/rfc822\n\nSubject: in\nFrom: a@b\n\nx\n'
  assert.equal(
    structure(text, false),
    '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 29 (NIL "in" ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 3 1) 4)',
  )
})

test('groups and quoted names do not break an envelope', () => {
  const encoder = new Encoder({ utf8: false })
  encodeEnvelope(encoder, index('To: Team: "A \\"B\\"" <a@b>, c@d;\nSubject: =?utf-8?q?x?=\n\n').envelope)
  assert.equal(
    encoder.take().toString('latin1'),
    '(NIL "=?utf-8?q?x?=" NIL NIL NIL ((NIL NIL "Team" NIL)("A \\"B\\"" NIL "a" "b")(NIL NIL "c" "d")(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
  )
})
