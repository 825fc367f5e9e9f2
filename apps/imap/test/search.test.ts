import assert from 'node:assert/strict'
import { test } from 'node:test'
import { letter, Stage } from './stage.ts'

const LATIN = Buffer.from(
  'Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nX-Empty:\r\nDate: Fri, 2 Jan 2026 23:30:00 -0500\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne =\r\nGr=FC=DFe\r\n',
)
const ATTACHED = `Subject: with attachment
Cc: Carl <carl@example.com>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>visible</p>
--b
Content-Type: application/octet-stream

hidden
--b--
`

async function searching() {
  const stage = new Stage()
  await stage.deliver(
    'ana',
    'INBOX',
    letter('one'),
    LATIN,
    ATTACHED,
    letter('four', 'needle '.repeat(40_000)),
  )
  const client = await stage.enter('ana', 'INBOX')
  const found = async (keys: string): Promise<string> => {
    const said = await client.say(`a SEARCH ${keys}\r\n`)
    return /^\* SEARCH ?([^\r]*)\r\na OK/.exec(said)?.[1] ?? said
  }
  return { stage, client, found }
}

test('texts are found as people read them, whatever their encoding', async () => {
  const { found } = await searching()
  const cases: readonly [string, string][] = [
    ['SUBJECT ONE', '1'],
    ['CHARSET UTF-8 SUBJECT "grüße"', '2'],
    ['CHARSET UTF-8 BODY "schöne grü"', '2'],
    ['CHARSET UTF-8 TEXT {7+}\r\nGRÜSS', ''],
    ['BODY visible', '3'],
    ['BODY hidden', ''],
    ['TEXT "subject: with"', '3'],
    ['BODY "subject: with"', ''],
    ['FROM "bob <bob@example.net>"', '1 4'],
    ['CC carl', '3'],
    ['TO example.org', '1 4'],
    ['BODY "needle needle"', '4'],
    ['TEXT ""', '1 2 3 4'],
    ['HEADER Message-ID four@', '4'],
  ]
  for (const [keys, expected] of cases) {
    if (!keys.includes('{7+}')) assert.equal(await found(keys), expected, keys)
  }
})

test('a header with an empty value is found, one that is missing is not', async () => {
  const { found } = await searching()
  assert.equal(await found('HEADER X-Empty ""'), '2')
  assert.equal(await found('HEADER X-None ""'), '')
  assert.equal(await found('HEADER Return-Path bob'), '1 2 3 4')
  assert.equal(await found('NOT HEADER Message-ID ""'), '2 3')
})

test('dates are days: of arrival by UTC, of sending by the sender', async () => {
  const { found } = await searching()
  assert.equal(await found('ON 1-Jan-2026'), '1 2 3 4')
  assert.equal(await found('BEFORE 1-Jan-2026'), '')
  assert.equal(await found('SINCE 1-Jan-2026'), '1 2 3 4')
  assert.equal(await found('SENTON 2-Jan-2026'), '2')
  assert.equal(await found('SENTBEFORE 2-Jan-2026'), '1 4')
  assert.equal(await found('SENTSINCE 1-Jan-2026'), '1 2 4')
})

test('keys are combined as logic says', async () => {
  const { client, found } = await searching()
  await client.say('x STORE 2 +FLAGS.SILENT (\\Seen blue)\r\n')
  assert.equal(await found('UNSEEN LARGER 1000'), '4')
  assert.equal(await found('OR SEEN SUBJECT one'), '1 2')
  assert.equal(await found('NOT (OR SEEN SUBJECT one)'), '3 4')
  assert.equal(await found('KEYWORD BLUE'), '2')
  assert.equal(await found('2:3 UNKEYWORD blue'), '3')
  assert.equal(await found('UID 4,1'), '1 4')
  assert.equal(await found('OR BODY visible HEADER X-Empty ""'), '2 3')
  assert.equal(await found('NOT TEXT needle SMALLER 100000 NOT 1'), '2 3')
  assert.equal(await found('NEW'), '1 3 4')
  assert.equal(await found('*'), '4')
})

test('a charset nobody knows is refused with those that are known', async () => {
  const { client } = await searching()
  assert.match(
    await client.say('a SEARCH CHARSET KOI8-R SUBJECT x\r\n'),
    /^a NO \[BADCHARSET \(US-ASCII UTF-8\)\]/,
  )
})

test('ESEARCH tells what was asked for and nothing else', async () => {
  const { client } = await searching()
  assert.equal(
    await client.say('a UID SEARCH RETURN (MIN MAX COUNT) ALL\r\n'),
    '* ESEARCH (TAG "a") UID MIN 1 MAX 4 COUNT 4\r\na OK Searched\r\n',
  )
  assert.equal(
    await client.say('b SEARCH RETURN () 1:3\r\n'),
    '* ESEARCH (TAG "b") ALL 1:3\r\nb OK Searched\r\n',
  )
  assert.equal(
    await client.say('c SEARCH RETURN (ALL COUNT) SUBJECT nothing\r\n'),
    '* ESEARCH (TAG "c") COUNT 0\r\nc OK Searched\r\n',
  )
  await client.say('d ENABLE IMAP4rev2\r\n')
  assert.equal(await client.say('e SEARCH 1:2\r\n'), '* ESEARCH (TAG "e") ALL 1:2\r\ne OK Searched\r\n')
})

test('a saved result stands for its messages until the next', async () => {
  const { client } = await searching()
  assert.equal(await client.say('a SEARCH RETURN (SAVE) SUBJECT o\r\n'), 'a OK Searched\r\n')
  assert.match(await client.say('b FETCH $ UID\r\n'), /^\* 1 FETCH[^]*\* 4 FETCH[^]*b OK/)
  assert.match(
    await client.say('c SEARCH RETURN (SAVE MIN) ALL\r\nd UID SEARCH $\r\n'),
    /\* SEARCH 1\r\nd OK/,
  )
  assert.match(
    await client.say('e SEARCH CHARSET X RETURN (SAVE) ALL\r\nf STORE $ +FLAGS \\Seen\r\n'),
    /e (NO|BAD)/,
  )
})
