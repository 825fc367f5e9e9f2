import assert from 'node:assert/strict'
import { test } from 'node:test'
import { letter, Stage } from './stage.ts'

async function three() {
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', letter('one'), letter('two'), letter('three'))
  const a = await stage.enter('ana', 'INBOX')
  const b = await stage.enter('ana', 'INBOX')
  const c = await stage.enter('ana', 'INBOX')
  for (const client of [a, b, c]) await client.say('x NOOP\r\n')
  return { stage, a, b, c }
}

test('every session hears of new mail, flags and removals, each once', async () => {
  const { stage, a, b, c } = await three()
  await stage.deliver('ana', 'INBOX', letter('four'))
  for (const client of [a, b, c])
    assert.equal(await client.say('n NOOP\r\n'), '* 4 EXISTS\r\nn OK Nothing done\r\n')
  assert.equal(
    await a.say('s STORE 2 +FLAGS (\\Deleted \\Seen)\r\n'),
    '* 2 FETCH (FLAGS (\\Deleted \\Seen \\Recent))\r\ns OK Stored\r\n',
  )
  for (const client of [b, c]) {
    const said = await client.say('n NOOP\r\n')
    assert.equal(said, '* 2 FETCH (UID 2 FLAGS (\\Deleted \\Seen))\r\nn OK Nothing done\r\n')
  }
  assert.equal(await b.say('e EXPUNGE\r\n'), '* 2 EXPUNGE\r\ne OK Expunged\r\n')
  for (const client of [a, c])
    assert.equal(await client.say('n NOOP\r\n'), '* 2 EXPUNGE\r\nn OK Nothing done\r\n')
  for (const client of [a, b, c]) assert.equal(await client.say('n NOOP\r\n'), 'n OK Nothing done\r\n')
})

test('a removal is never told during FETCH, STORE or SEARCH, but is during their UID forms', async () => {
  // RFC 3501 §7.4.1
  for (const command of ['FETCH 1 UID', 'STORE 1 FLAGS.SILENT \\Flagged', 'SEARCH ALL', 'FETCH 3 ENVELOPE']) {
    const { stage, a, b } = await three()
    await a.say('d STORE 2 +FLAGS.SILENT \\Deleted\r\ne EXPUNGE\r\n')
    await stage.turn()
    assert.doesNotMatch(await b.say(`f ${command}\r\n`), /EXPUNGE/, command)
    assert.match(await b.say(`g UID ${command}\r\n`), /\* 2 EXPUNGE\r\n/, command)
  }
})

test('numbers mean the same messages while a removal is held back', async () => {
  const { stage, a, b } = await three()
  await a.say('d STORE 1 +FLAGS.SILENT \\Deleted\r\ne EXPUNGE\r\n')
  await stage.turn()
  assert.match(await b.say('f FETCH 3 UID\r\n'), /^\* 3 FETCH \(UID 3\)\r\n/)
  assert.match(await b.say('g FETCH 1 ENVELOPE\r\n'), /^g OK/)
  assert.equal(await b.say('h NOOP\r\n'), '* 1 EXPUNGE\r\nh OK Nothing done\r\n')
  assert.match(await b.say('i FETCH 2 UID\r\n'), /^\* 2 FETCH \(UID 3\)\r\n/)
})

test('pipelined STORE and EXPUNGE are carried out in order', async () => {
  // Stalwart 0.16.14
  const { a } = await three()
  const said = await a.say(
    'a STORE 1 +FLAGS.SILENT \\Deleted\r\nb EXPUNGE\r\nc STORE 1 +FLAGS.SILENT \\Deleted\r\nd EXPUNGE\r\ne FETCH 1 UID\r\n',
  )
  assert.match(said, /\* 1 EXPUNGE\r\nb OK[^]*\* 1 EXPUNGE\r\nd OK[^]*\* 1 FETCH \(UID 3\)\r\ne OK/)
})

test('UID EXPUNGE removes only what it names', async () => {
  const { a } = await three()
  await a.say('a STORE 1:* +FLAGS.SILENT \\Deleted\r\n')
  assert.equal(await a.say('b UID EXPUNGE 2\r\n'), '* 2 EXPUNGE\r\nb OK Expunged\r\n')
})

test('an idling session hears at once, another one when it asks', async () => {
  const { stage, a, b } = await three()
  assert.match(await a.say('i IDLE\r\n'), /^\+ idling\r\n/)
  await stage.deliver('ana', 'INBOX', letter('four'))
  assert.equal(await a.until('EXISTS'), '* 4 EXISTS\r\n')
  await b.say('d STORE 1 +FLAGS.SILENT \\Deleted\r\ne EXPUNGE\r\n')
  const removed = await a.until('EXPUNGE')
  assert.match(removed, /\* 1 EXPUNGE\r\n$/)
  assert.equal(await a.say('DONE\r\n'), 'i OK Idle is over\r\n')
})

test('IDLE after IDLE hears as the first did', async () => {
  // Stalwart #280
  const { stage, a } = await three()
  await a.say('i IDLE\r\nDONE\r\nj IDLE\r\n')
  await stage.deliver('ana', 'INBOX', letter('four'))
  assert.equal(await a.until('EXISTS'), '* 4 EXISTS\r\n')
})

test('news of another mailbox do not disturb', async () => {
  const { stage, a } = await three()
  await stage.deliver('ana', 'Junk', letter('spam'))
  assert.equal(await a.say('n NOOP\r\n'), 'n OK Nothing done\r\n')
})

test('a new keyword is announced before it is met', async () => {
  const { a, b } = await three()
  assert.match(await a.say('s STORE 1 +FLAGS (blue)\r\n'), /\* FLAGS \([^)]*blue\)\r\n/)
  assert.match(
    await b.say('n NOOP\r\n'),
    /^\* FLAGS \([^)]*blue\)\r\n\* 1 FETCH \(UID 1 FLAGS \(blue\)\)\r\n/,
  )
})

test('a mailbox deleted under a session leaves it empty, not broken', async () => {
  const { stage, a } = await three()
  await stage.mailStore.createMailbox('ana', 'Work')
  await stage.deliver('ana', 'Work', letter('w'))
  const b = await stage.enter('ana', 'Work')
  await b.say('x NOOP\r\n')
  await a.say('d DELETE Work\r\n')
  assert.match(await b.say('f FETCH 1 ENVELOPE\r\n'), /f (NO|OK) /)
  assert.match(await b.say('n NOOP\r\n'), /\* 1 EXPUNGE\r\nn OK/)
  assert.match(await b.say('c CLOSE\r\n'), /^c (OK|NO) /)
})

test('only the first session to select sees a message as recent', async () => {
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', letter('one'))
  const examining = await stage.enter('ana')
  assert.match(await examining.say('e EXAMINE INBOX\r\n'), /\* 1 RECENT\r\n|\* 0 RECENT\r\n/)
  const first = await stage.enter('ana')
  assert.match(await first.say('s SELECT INBOX\r\n'), /\* 1 RECENT\r\n/)
  assert.match(await first.say('f FETCH 1 FLAGS\r\n'), /FLAGS \(\\Recent\)/)
  assert.match(await first.say('g SEARCH RECENT\r\n'), /\* SEARCH 1\r\n/)
  const second = await stage.enter('ana')
  assert.match(await second.say('s SELECT INBOX\r\n'), /\* 0 RECENT\r\n/)
})

test('selecting while mail arrives shows no uid twice', async () => {
  // mox f38da6e
  const stage = new Stage()
  await stage.deliver('ana', 'INBOX', letter('one'))
  const client = await stage.enter('ana')
  const [said] = await Promise.all([
    client.say('s SELECT INBOX\r\n'),
    stage.deliver('ana', 'INBOX', letter('two')),
  ])
  const more = await client.say('n NOOP\r\nf UID FETCH 1:* UID\r\n')
  const uids = [...more.matchAll(/FETCH \(UID (\d+)\)/g)].map((match) => match[1])
  assert.deepEqual(uids, ['1', '2'], said + more)
})
