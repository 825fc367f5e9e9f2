import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stage } from './stage.ts'

test('an account with too many sessions is told so, and one that leaves makes room', async () => {
  // Stalwart #190: Thunderbird hung
  const stage = new Stage({ sessionsPerAccount: 2 })
  const first = await stage.enter('ana')
  await stage.enter('ana')
  const third = await stage.connect()
  assert.match(await third.say('a LOGIN ana sesame\r\n'), /^a NO \[LIMIT\]/)
  const other = await stage.connect()
  assert.match(await other.say('a LOGIN bob sesame\r\n'), /^a OK/)
  first.disconnect()
  assert.match(await third.say('b LOGIN ana sesame\r\n'), /^b OK/)
})

test('clients that leave while their password is checked do not use up the sessions of the account', async () => {
  const stage = new Stage({ sessionsPerAccount: 2 })
  for (let i = 0; i < 3; i++) {
    const hasty = await stage.connect()
    void hasty.say('a LOGIN ana sesame\r\n')
    hasty.disconnect()
    await new Promise(setImmediate)
  }
  const patient = await stage.connect()
  assert.match(await patient.say('a LOGIN ana sesame\r\n'), /^a OK/)
})

test('a login leaves no way to tell who exists', async () => {
  const client = await new Stage().connect()
  const known = await client.say('a LOGIN ana wrong\r\n')
  assert.equal(await client.say('a LOGIN nobody wrong\r\n'), known)
  assert.match(known, /^a NO \[AUTHENTICATIONFAILED\]/)
})

test('PLAIN enters, with and without an initial response', async () => {
  const token = Buffer.from('\0ana\0sesame').toString('base64')
  const stage = new Stage()
  const at_once = await stage.connect()
  assert.match(await at_once.say(`a AUTHENTICATE PLAIN ${token}\r\n`), /^a OK \[CAPABILITY/)
  const asked = await stage.connect()
  assert.equal(await asked.say('a AUTHENTICATE PLAIN\r\n'), '+ \r\n')
  assert.match(await asked.say(`${token}\r\n`), /^a OK/)
})

test('passwords with quotes, spaces and umlauts are taken as literals or quoted', async () => {
  const client = await new Stage().connect()
  assert.match(await client.say('a LOGIN "ana" "ses\\"ame"\r\n'), /^a NO/)
  assert.match(await client.say('b LOGIN {3+}\r\nana {6+}\r\nsesame\r\n'), /^b OK/)
})
