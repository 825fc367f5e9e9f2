import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Loopback } from '@cartero/imap/client'
import { letter, Stage } from './stage.ts'

const names = (said: string): readonly string[] =>
  [...said.matchAll(/^\* L(?:IST|SUB) \([^)]*\) "\/" "?([^"\r]*)"?/gm)].map((match) => match[1]!)

async function entered(): Promise<{ stage: Stage; client: Loopback }> {
  const stage = new Stage()
  return { stage, client: await stage.enter('ana') }
}

test('parents, children and wildcards are listed as RFC 3501 §6.3.8 says', async () => {
  const { client } = await entered()
  await client.say('a CREATE Work/Deep/er\r\nb CREATE "A b/"\r\n')
  assert.deepEqual(names(await client.say('c LIST "" Work%\r\n')), ['Work'])
  assert.deepEqual(names(await client.say('c LIST "" Work*\r\n')), ['Work', 'Work/Deep', 'Work/Deep/er'])
  assert.deepEqual(names(await client.say('c LIST Work/ %\r\n')), ['Work/Deep'])
  assert.deepEqual(names(await client.say('c LIST "" "A b"\r\n')), ['A b'])
  assert.deepEqual(names(await client.say('c LIST "" inbox\r\n')), ['INBOX'])
  assert.equal(await client.say('d LIST "" ""\r\n'), '* LIST (\\Noselect) "/" ""\r\nd OK That is all\r\n')
  assert.match(await client.say('e LIST "" Work\r\n'), /\(\\HasChildren\)/)
  assert.match(await client.say('e LIST "" Work/Deep/er\r\n'), /\(\\HasNoChildren\)/)
})

test('LIST tells what its options ask for, and special uses always', async () => {
  const { client } = await entered()
  await client.say('a CREATE Work/x\r\nb SUBSCRIBE Work/x\r\n')
  const returned = await client.say('c LIST "" (Sent Work/%) RETURN (SUBSCRIBED STATUS (MESSAGES SIZE))\r\n')
  assert.match(
    returned,
    /\* LIST \(\\Subscribed \\HasNoChildren \\Sent\) "\/" "Sent"\r\n\* STATUS "Sent" \(MESSAGES 0 SIZE 0\)\r\n/,
  )
  assert.match(returned, /\* LIST \(\\Subscribed \\HasNoChildren\) "\/" "Work\/x"\r\n/)
  assert.deepEqual(names(await client.say('d LIST (SUBSCRIBED) "" Work*\r\n')), ['Work/x'])
  const recursive = await client.say('e LIST (SUBSCRIBED RECURSIVEMATCH) "" %\r\n')
  assert.match(recursive, /"Work" \("CHILDINFO" \("SUBSCRIBED"\)\)\r\n/)
  assert.deepEqual(names(await client.say('f LIST (SPECIAL-USE) "" *\r\n')).toSorted(), [
    'Archive',
    'Drafts',
    'Junk',
    'Sent',
    'Trash',
  ])
  assert.match(await client.say('g LIST (RECURSIVEMATCH) "" *\r\n'), /^g BAD /)
  assert.match(await client.say('h LIST (NONSENSE) "" *\r\n'), /^h BAD /)
})

test('a subscription outlives its mailbox and is told so', async () => {
  const { client } = await entered()
  await client.say('a CREATE Work/x\r\nb SUBSCRIBE Work/x\r\nc DELETE Work/x\r\n')
  assert.match(
    await client.say('d LIST (SUBSCRIBED) "" *\r\n'),
    /\(\\NonExistent \\Subscribed \\HasNoChildren\) "\/" "Work\/x"/,
  )
  assert.deepEqual(names(await client.say('e LSUB "" W%\r\n')), ['Work'])
  assert.match(await client.say('e LSUB "" %\r\n'), /LSUB \(\\Noselect\) "\/" "Work"/)
  assert.deepEqual(names(await client.say('e LSUB "" W*\r\n')), ['Work/x'])
  await client.say('f UNSUBSCRIBE Work/x\r\n')
  assert.deepEqual(names(await client.say('e LSUB "" W*\r\n')), [])
})

test('renaming a parent moves its children, and INBOX keeps its own', async () => {
  // WildDuck leaves them behind
  const { stage, client } = await entered()
  await stage.deliver('ana', 'INBOX', letter('one'))
  await client.say('a CREATE Work/Deep\r\nb CREATE INBOX/kid\r\nc RENAME Work Play\r\n')
  assert.deepEqual(names(await client.say('d LIST "" Play*\r\n')), ['Play', 'Play/Deep'])
  assert.deepEqual(names(await client.say('d LIST "" Work*\r\n')), [])
  assert.match(await client.say('e RENAME inbox Old\r\n'), /^e OK/)
  assert.deepEqual(names(await client.say('d LIST "" INBOX*\r\n')), ['INBOX', 'INBOX/kid'])
  assert.match(
    await client.say('f STATUS Old (MESSAGES)\r\ng STATUS INBOX (MESSAGES)\r\n'),
    /"Old" \(MESSAGES 1\)[^]*INBOX \(MESSAGES 0\)/,
  )
})

test('what cannot be done with a name is refused with the reason', async () => {
  const { client } = await entered()
  const cases: readonly [string, RegExp][] = [
    ['CREATE INBOX', /NO \[ALREADYEXISTS\]/],
    ['CREATE inbox', /NO \[ALREADYEXISTS\]/],
    ['CREATE a//b', /NO \[CANNOT\]/],
    ['CREATE /a', /NO \[CANNOT\]/],
    ['CREATE "a&AAoACg-"', /NO \[CANNOT\]/],
    ['CREATE "a&b"', /BAD/],
    ['CREATE x (USE (\\Nonsense))', /NO \[USEATTR\]/],
    ['DELETE INBOX', /NO \[CANNOT\]/],
    ['DELETE nope', /NO \[NONEXISTENT\]/],
    ['RENAME nope x', /NO \[NONEXISTENT\]/],
    ['RENAME Sent Trash', /NO \[ALREADYEXISTS\]/],
    ['RENAME Sent Sent/x', /NO \[CANNOT\]/],
    ['SUBSCRIBE nope', /NO \[NONEXISTENT\]/],
    ['STATUS nope (MESSAGES)', /NO \[NONEXISTENT\]/],
    ['SELECT nope', /NO \[NONEXISTENT\]/],
  ]
  for (const [command, answer] of cases) assert.match(await client.say(`a ${command}\r\n`), answer, command)
})

test('a mailbox with children stays as a name when it is deleted', async () => {
  const { client } = await entered()
  await client.say('a CREATE Work/Deep\r\nb DELETE Work\r\n')
  assert.match(await client.say('c LIST "" Work\r\n'), /\(\\Noselect \\HasChildren\)/)
  assert.match(await client.say('d SELECT Work\r\n'), /^d NO /)
  assert.match(await client.say('e APPEND Work {3}\r\n'), /^e NO \[TRYCREATE\]/)
})

test('special uses can be asked for at CREATE', async () => {
  const { client } = await entered()
  assert.match(await client.say('a DELETE Archive\r\nb CREATE Old (USE (\\archive))\r\n'), /b OK/)
  assert.match(await client.say('c LIST "" Old\r\n'), /\\Archive/)
})

test('names beyond ASCII travel in modified UTF-7, and in UTF-8 once rev2 is enabled', async () => {
  const { client } = await entered()
  await client.say('a CREATE "Entw&APw-rfe"\r\n')
  assert.match(await client.say('b LIST "" Entw*\r\n'), /"Entw&APw-rfe"/)
  assert.equal(await client.say('c ENABLE IMAP4rev2 NONSENSE\r\n'), '* ENABLED IMAP4rev2\r\nc OK Enabled\r\n')
  const utf8 = Buffer.from('Entwürfe').toString('latin1')
  assert.ok((await client.say('d LIST "" Entw*\r\n')).includes(`"${utf8}"`))
  assert.match(await client.say('e STATUS "Entwürfe" (MESSAGES)\r\n'), /e OK/)
})

test('SELECT leaves the mailbox before, also when it fails', async () => {
  const { client } = await entered()
  await client.say('a SELECT INBOX\r\n')
  assert.match(await client.say('b SELECT Sent\r\n'), /^\* OK \[CLOSED\] /)
  assert.match(await client.say('c SELECT nope\r\n'), /^\* OK \[CLOSED\] [^]*c NO /)
  assert.match(await client.say('d FETCH 1 FLAGS\r\n'), /^d BAD /)
})

test('SELECT in rev2 has a LIST and neither RECENT nor UNSEEN', async () => {
  const { stage, client } = await entered()
  await stage.deliver('ana', 'INBOX', letter('one'))
  await client.say('a ENABLE IMAP4rev2\r\n')
  const said = await client.say('b SELECT INBOX\r\n')
  assert.match(said, /\* LIST \(\\HasNoChildren\) "\/" INBOX\r\n/)
  assert.doesNotMatch(said, /RECENT|UNSEEN/)
})

test('a mailbox made anew has another UIDVALIDITY', async () => {
  const { client } = await entered()
  const validity = (said: string) => /UIDVALIDITY (\d+)/.exec(said)![1]
  await client.say('a CREATE x\r\n')
  const before = validity(await client.say('b STATUS x (UIDVALIDITY)\r\n'))
  await client.say('c DELETE x\r\nd CREATE x\r\n')
  assert.notEqual(validity(await client.say('e STATUS x (UIDVALIDITY)\r\n')), before)
})

test('nobody sees the mailboxes of another account', async () => {
  const { stage, client } = await entered()
  await stage.mailStore.provision('bob')
  await stage.mailStore.createMailbox('bob', 'Secret')
  await stage.deliver('bob', 'Secret', letter('hush'))
  for (const command of [
    'LIST "" *',
    'LSUB "" *',
    'STATUS Secret (MESSAGES)',
    'SELECT Secret',
    'RENAME Secret x',
    'DELETE Secret',
  ]) {
    assert.doesNotMatch(
      await client.say(`a ${command}\r\n`),
      /Secret|a OK (Selected|Renamed|Deleted)/,
      command,
    )
  }
})
