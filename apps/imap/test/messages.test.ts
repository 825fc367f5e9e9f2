import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { letter, Stage } from './stage.ts'

const NESTED = `From: "Ünï" <a@example.net>
Subject: nested
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

R3LDvMOfZQ==
--b
Content-Type: message/rfc822

Subject: inner
To: x@example.org

inner text
--b--
`

async function selected(...messages: readonly (string | Buffer)[]) {
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', ...messages)
  return { stage, client: await stage.enter('ana', 'INBOX') }
}

/** The octets of the first literal of an answer. */
function literal(said: string): string {
  const [head, size] = /\{(\d+)\}\r\n/.exec(said) ?? assert.fail(said)
  const start = said.indexOf(head) + head.length
  return said.slice(start, start + Number(size))
}

test('what is fetched is what was received, octet by octet', async () => {
  const octets = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 256))
  const message = Buffer.concat([Buffer.from('Subject: odd\r\n\r\n'), octets])
  const { client } = await selected(message)
  const fetched = literal(await client.say('a FETCH 1 BODY.PEEK[]\r\n'))
  const expected = Buffer.concat([Buffer.from('Return-Path: <bob@example.net>\r\n'), message])
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  assert.equal(hash(Buffer.from(fetched, 'latin1')), hash(expected))
})

test('what is appended comes back as it was, also when the wire cuts it to pieces', async () => {
  const stage = new Stage({ chunk: 7 })
  const client = await stage.enter('ana', 'INBOX')
  const message = 'Subject: x\r\n\r\nbare\nlf and \r cr\r\n.\r\n'
  assert.match(
    await client.say(
      `a APPEND INBOX (\\Seen blue) "17-Jul-1996 02:44:25 -0700" {${message.length}}\r\n${message}\r\n`,
    ),
    /\* 1 EXISTS\r\na OK \[APPENDUID \d+ 1\]/,
  )
  assert.equal(literal(await client.say('b FETCH 1 BODY.PEEK[]\r\n')), message)
  assert.match(
    await client.say('c FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)\r\n'),
    /FLAGS \(\\Seen blue\) INTERNALDATE "17-Jul-1996 09:44:25 \+0000" RFC822.SIZE 35/,
  )
})

test('sections are the octets they name', async () => {
  const { client } = await selected(NESTED)
  const section = async (name: string) => literal(await client.say(`a FETCH 1 BODY.PEEK[${name}]\r\n`))
  assert.equal(await section('1'), 'R3LDvMOfZQ==')
  assert.equal(
    await section('1.MIME'),
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n',
  )
  assert.equal(await section('2'), 'Subject: inner\r\nTo: x@example.org\r\n\r\ninner text')
  assert.equal(await section('2.HEADER'), 'Subject: inner\r\nTo: x@example.org\r\n\r\n')
  assert.equal(await section('2.TEXT'), 'inner text')
  assert.equal(await section('2.1'), 'inner text')
  assert.equal(await section('2.HEADER.FIELDS (to)'), 'To: x@example.org\r\n\r\n')
  assert.equal(await section('HEADER.FIELDS (SUBJECT nope)'), 'Subject: nested\r\n\r\n')
  assert.match(await section('HEADER.FIELDS.NOT (subject from)'), /^Return-Path: [^]*\r\n\r\n$/)
  assert.match(await section('TEXT'), /^preamble/)
  assert.match(await client.say('b FETCH 1 BODY.PEEK[3]\r\n'), /BODY\[3\] NIL/)
  assert.match(await client.say('b FETCH 1 BODY.PEEK[1.HEADER]\r\n'), /BODY\[1.HEADER\] NIL/)
})

test('a piece beyond the end is empty, not an error', async () => {
  const { client } = await selected(letter('one'))
  assert.match(await client.say('a FETCH 1 BODY.PEEK[]<100000.10>\r\n'), /BODY\[\]<100000> \{0\}\r\n\)/)
  assert.equal(literal(await client.say('b FETCH 1 BODY.PEEK[TEXT]<2.3>\r\n')), 'llo')
  assert.equal(literal(await client.say('c FETCH 1 BODY.PEEK[TEXT]<2.4294967295>\r\n')), 'llo.\r\n')
})

test('BINARY gives octets without their encoding', async () => {
  const { client } = await selected(NESTED)
  assert.equal(
    Buffer.from(literal(await client.say('a FETCH 1 BINARY.PEEK[1]\r\n')), 'latin1').toString(),
    'Grüße',
  )
  assert.match(await client.say('b FETCH 1 BINARY.SIZE[1]\r\n'), /BINARY.SIZE\[1\] 7/)
  assert.equal(literal(await client.say('c FETCH 1 BINARY.PEEK[1]<1.2>\r\n')), 'r\xc3')
})

test('BINARY of a large part is decoded as it is sent', async () => {
  const octets = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 256))
  const head = 'Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n'
  const lines = octets.toString('base64').replaceAll(/.{76}/g, '$&\n')
  const { client } = await selected(`${head}${lines}\n`)
  const whole = literal(await client.say('a FETCH 1 BINARY.PEEK[1]\r\n'))
  assert.ok(Buffer.from(whole, 'latin1').equals(octets))
  const piece = literal(await client.say('b FETCH 1 BINARY.PEEK[1]<100000.70000>\r\n'))
  assert.ok(Buffer.from(piece, 'latin1').equals(octets.subarray(100_000, 170_000)))
  assert.match(await client.say('c FETCH 1 BINARY.SIZE[1]\r\n'), /BINARY.SIZE\[1\] 300000\)/)
})

test('a client that leaves halfway finds unseen what it has not got', async () => {
  const { client, stage } = await selected(
    ...Array.from({ length: 100 }, (_, i) => letter(`m${i}`, 'x'.repeat(100_000))),
  )
  const command = client.say('a FETCH 1:* BODY[]\r\n')
  await client.until('* 1 FETCH')
  client.disconnect()
  await command
  const other = await stage.enter('ana', 'INBOX')
  const unseen = /UNSEEN (\d+)/.exec(await other.say('b STATUS INBOX (UNSEEN)\r\n'))![1]
  assert.ok(Number(unseen) >= 60, `${unseen} unseen`)
})

test('BINARY of an encoding that nobody knows is refused', async () => {
  const { client } = await selected('Content-Transfer-Encoding: x-rot13\n\nuryyb\n')
  assert.match(await client.say('a FETCH 1 BINARY.PEEK[1]\r\n'), /^a NO \[UNKNOWN-CTE\]/)
})

test('reading marks as seen and says so, peeking does not', async () => {
  const { client } = await selected(letter('one'))
  await client.say('x STORE 1 FLAGS.SILENT ()\r\n')
  assert.doesNotMatch(await client.say('a FETCH 1 (BODY.PEEK[] RFC822.HEADER BINARY.PEEK[1])\r\n'), /Seen/)
  assert.match(await client.say('b FETCH 1 BODY[TEXT]\r\n'), /FLAGS \(\\Seen \\Recent\)\)/)
  assert.doesNotMatch(await client.say('c FETCH 1 BODY[TEXT]\r\n'), /FLAGS/)
})

test('a mailbox that is examined does not change', async () => {
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', letter('one'))
  const client = await stage.enter('ana')
  assert.match(await client.say('e EXAMINE INBOX\r\n'), /PERMANENTFLAGS \(\)[^]*e OK \[READ-ONLY\]/)
  assert.doesNotMatch(await client.say('a FETCH 1 BODY[]\r\n'), /Seen/)
  for (const command of ['STORE 1 +FLAGS \\Seen', 'EXPUNGE', 'MOVE 1 Trash', 'UID EXPUNGE 1']) {
    assert.match(await client.say(`b ${command}\r\n`), /^b NO /, command)
  }
  assert.match(await client.say('c COPY 1 Trash\r\n'), /^c OK/)
})

test('neither envelope nor structure sends an octet above 127', async () => {
  const { client } = await selected(NESTED.replace('Subject: nested', 'Subject: Grüße'))
  const said = await client.say('a FETCH 1 (ENVELOPE BODYSTRUCTURE)\r\n')
  // oxlint-disable-next-line no-control-regex -- octets are what is looked for
  assert.match(said, /^[\x00-\x7f]*$/)
  assert.match(said, /=\?UTF-8\?B\?/)
})

test('UID FETCH N:* above the last uid gives the last message', async () => {
  const { client } = await selected(letter('one'), letter('two'))
  assert.match(await client.say('a UID FETCH 559:* FLAGS\r\n'), /^\* 2 FETCH \(UID 2 FLAGS/)
  assert.match(await client.say('b UID FETCH 559 FLAGS\r\n'), /^b OK/)
  assert.match(await client.say('c FETCH 559 FLAGS\r\n'), /^c (NO|BAD) /)
  assert.match(await client.say('d FETCH *:1 UID\r\n'), /\* 1 FETCH[^]*\* 2 FETCH/)
})

test('COPY and MOVE tell the new uids, and a moved message comes back under another', async () => {
  const { client } = await selected(letter('one'), letter('two'))
  assert.match(await client.say('a COPY 1:2 Archive\r\n'), /^a OK \[COPYUID \d+ 1:2 1:2\]/)
  assert.match(
    await client.say('b UID MOVE 1 Archive\r\n'),
    /^\* OK \[COPYUID \d+ 1 3\] [^\r]*\r\n\* 1 EXPUNGE\r\nb OK/,
  )
  await client.say('c SELECT Archive\r\nd MOVE 3 INBOX\r\n')
  const said = await client.say('e SELECT INBOX\r\nf FETCH 1:* UID\r\n')
  assert.match(said, /\* 1 FETCH \(UID 2\)\r\n\* 2 FETCH \(UID 3\)/)
  assert.match(
    await client.say('g COPY 1 nope\r\nh MOVE 1 nope\r\n'),
    /g NO \[TRYCREATE\][^]*h NO \[TRYCREATE\]/,
  )
  assert.match(
    await client.say('i UID COPY 999 Archive\r\nj UID MOVE 999 Archive\r\n'),
    /i OK Copied\r\nj OK/,
  )
})

test('APPEND to where nothing can be kept is refused before the octets come', async () => {
  const { stage, client } = await selected(letter('one'))
  assert.match(await client.say('a APPEND nope {10}\r\n'), /^a NO \[TRYCREATE\]/)
  assert.match(
    await client.say('b APPEND nope {10+}\r\n0123456789\r\nc NOOP\r\n'),
    /^b NO \[TRYCREATE\][^\r]*\r\nc OK/,
  )
  await stage.mailStore.setQuota('ana', 1000)
  assert.match(await client.say('d APPEND INBOX {5000}\r\n'), /^d NO \[OVERQUOTA\]/)
})

test('a refused APPEND leaves nothing in the mailbox', async () => {
  const { client } = await selected(letter('one'))
  assert.match(await client.say('a APPEND INBOX {3+}\r\nabc junk\r\n'), /^a BAD/)
  assert.match(await client.say('b STATUS INBOX (MESSAGES)\r\n'), /MESSAGES 1/)
})

test('CLOSE removes without a word, UNSELECT removes nothing', async () => {
  const { client } = await selected(letter('one'), letter('two'))
  await client.say('a STORE 1 +FLAGS.SILENT \\Deleted\r\n')
  assert.equal(await client.say('b UNSELECT\r\n'), 'b OK Unselected\r\n')
  assert.match(await client.say('c STATUS INBOX (MESSAGES DELETED)\r\n'), /MESSAGES 2 DELETED 1/)
  await client.say('d SELECT INBOX\r\n')
  assert.equal(await client.say('e CLOSE\r\n'), 'e OK Closed\r\n')
  assert.match(await client.say('f STATUS INBOX (MESSAGES)\r\n'), /MESSAGES 1/)
})

test('flags change as asked, and keywords keep their spelling', async () => {
  const { client } = await selected(letter('one'))
  const flags = async (command: string) =>
    /FETCH \(FLAGS \(([^)]*)\)\)/.exec(await client.say(`a STORE 1 ${command}\r\n`))![1]
  assert.equal(await flags('FLAGS (\\Seen Blue)'), '\\Seen Blue \\Recent')
  assert.equal(await flags('+FLAGS blue \\flagged'), '\\Flagged \\Seen Blue \\Recent')
  assert.equal(await flags('-FLAGS (\\Seen)'), '\\Flagged Blue \\Recent')
  assert.equal(await flags('FLAGS ()'), '\\Recent')
  assert.equal(await client.say('b STORE 1 +FLAGS.SILENT (\\Seen)\r\n'), 'b OK Stored\r\n')
})

test('CONDSTORE: modseq moves with every change, and stale changes are refused', async () => {
  const { client } = await selected(letter('one'), letter('two'))
  const modseq = Number(/MODSEQ \((\d+)\)/.exec(await client.say('a FETCH 1 MODSEQ\r\n'))![1])
  assert.match(
    await client.say(`b STORE 1 (UNCHANGEDSINCE ${modseq}) +FLAGS.SILENT \\Seen\r\n`),
    /\* 1 FETCH \(MODSEQ \(\d+\)\)\r\nb OK Stored/,
  )
  assert.match(
    await client.say(`c STORE 1:2 (UNCHANGEDSINCE ${modseq}) +FLAGS \\Flagged\r\n`),
    /c OK \[MODIFIED 1:2\]|c OK \[MODIFIED 1\]/,
  )
  assert.match(
    await client.say(`d FETCH 1:* (FLAGS) (CHANGEDSINCE ${modseq})\r\n`),
    /\* 1 FETCH \([^\r]*MODSEQ \(\d+\)/,
  )
  assert.match(await client.say(`e SEARCH MODSEQ ${modseq + 1}\r\n`), /\* SEARCH [^\r]*\(MODSEQ \d+\)/)
  assert.match(await client.say('f STATUS INBOX (HIGHESTMODSEQ)\r\n'), /HIGHESTMODSEQ \d+/)
})

test('whoever enabled CONDSTORE is told the modseq with every change of flags', async () => {
  const { stage, client } = await selected(letter('one'))
  await client.say('a ENABLE CONDSTORE\r\n')
  assert.match(
    await client.say('b STORE 1 +FLAGS \\Seen\r\n'),
    /\* 1 FETCH \(FLAGS \([^)]*\) MODSEQ \(\d+\)\)/,
  )
  const other = await stage.enter('ana', 'INBOX')
  await other.say('c STORE 1 +FLAGS \\Flagged\r\n')
  assert.match(await client.say('d NOOP\r\n'), /\* 1 FETCH \(UID 1 FLAGS \([^)]*\) MODSEQ \(\d+\)\)/)
  assert.match(await client.say('e SELECT INBOX (CONDSTORE)\r\n'), /\[HIGHESTMODSEQ \d+\]/)
})
