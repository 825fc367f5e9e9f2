import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapServerMachine } from '@cartero/imap/server'
import { connect, enter, stubSession } from './stub-session.ts'

const CLEAR = { tls: false, startTls: true }

test('plaintext pipelined behind STARTTLS is not carried out under TLS', async () => {
  // CVE-2011-0411, CVE-2021-33515
  const client = await connect(undefined, CLEAR)
  const said = await client.say('a STARTTLS\r\nb LOGIN ana sesame\r\n')
  assert.equal(said, 'a OK Begin TLS\r\n')
  assert.ok(client.tlsAsked)
  assert.equal(await client.say('c NOOP\r\n'), 'c OK Nothing done\r\n')
  assert.match(await client.say('d SELECT INBOX\r\n'), /^d BAD /)
  assert.match(await client.say('e STARTTLS\r\n'), /^e BAD /)
})

test('half a command before STARTTLS is not joined with what follows', async () => {
  const client = await connect(undefined, CLEAR)
  await client.say('a STARTTLS\r\nb LOGIN {3+}\r\nan')
  assert.equal(await client.say('c NOOP\r\n'), 'c OK Nothing done\r\n')
})

test('STARTTLS takes no arguments and is not there when there is no TLS', async () => {
  const client = await connect(undefined, CLEAR)
  assert.match(await client.say('a STARTTLS now\r\n'), /^a BAD /)
  const without = await connect(undefined, { tls: false, startTls: false })
  assert.match(await without.say('a STARTTLS\r\n'), /^a NO \[CANNOT\] /)
  assert.doesNotMatch(await without.say('b CAPABILITY\r\n'), /STARTTLS/)
})

test('no password is taken in the clear', async () => {
  const client = await connect(undefined, CLEAR)
  const said = await client.say('a CAPABILITY\r\n')
  assert.match(said, / STARTTLS LOGINDISABLED\r\n/)
  assert.doesNotMatch(said, /AUTH=/)
  assert.match(await client.say('b LOGIN ana sesame\r\n'), /^b NO \[PRIVACYREQUIRED\] /)
  assert.match(await client.say('c AUTHENTICATE PLAIN\r\n'), /^c NO \[PRIVACYREQUIRED\] /)
  await client.say('d STARTTLS\r\n')
  assert.match(await client.say('e CAPABILITY\r\n'), / AUTH=PLAIN\r\n/)
  assert.match(await client.say('f LOGIN ana sesame\r\n'), /^f OK /)
})

test('loopback by choice takes passwords in the clear', async () => {
  const client = await connect(undefined, { ...CLEAR, plaintextLogin: true })
  assert.match(await client.say('a LOGIN ana sesame\r\n'), /^a OK /)
})

test('capabilities are announced after login, and none is taken back', async () => {
  // James stopped announcing them once (JAMES-4207)
  const client = await connect()
  const names = (text: string) => /CAPABILITY ([^\]\r]*)/.exec(text)![1]!.split(' ')
  const before = names(await client.say('a CAPABILITY\r\n'))
  const after = names(await client.say('b LOGIN ana sesame\r\n'))
  for (const name of before) if (!name.startsWith('AUTH=')) assert.ok(after.includes(name), name)
  const again = await client.say('c CAPABILITY\r\n')
  assert.deepEqual(names(again), after)
})

test('what a session cannot do is neither announced nor understood', async () => {
  const session = stubSession()
  const { idle: _idle, ...without } = session
  const client = await enter(without)
  assert.doesNotMatch(await client.say('a CAPABILITY\r\n'), /IDLE|MOVE|SEARCHRES|BINARY|rev2/)
  await client.say('s SELECT INBOX\r\n')
  for (const command of [
    'IDLE',
    'MOVE 1 x',
    'UID MOVE 1 x',
    'SEARCH RETURN (SAVE) ALL',
    'FETCH 1 BINARY[1]',
  ]) {
    assert.match(await client.say(`b ${command}\r\n`), /^b BAD /, command)
  }
  const hiding = await enter(session, { hidden: new Set(['IDLE']) })
  assert.doesNotMatch(await hiding.say('a CAPABILITY\r\n'), /IDLE/)
})

test('commands out of order are refused and harm nothing', async () => {
  const client = await connect()
  for (const command of ['SELECT INBOX', 'FETCH 1 FLAGS', 'IDLE', 'APPEND INBOX {3}', 'LIST "" *', 'CLOSE']) {
    assert.match(await client.say(`a ${command}\r\n`), /^a BAD /, command)
  }
  await client.say('b LOGIN ana sesame\r\n')
  for (const command of ['LOGIN ana sesame', 'AUTHENTICATE PLAIN', 'STARTTLS', 'FETCH 1 FLAGS', 'EXPUNGE']) {
    assert.match(await client.say(`c ${command}\r\n`), /^c BAD /, command)
  }
})

test('literals before login are bounded, whatever their size claims', async () => {
  // CVE-2024-34055, CVE-2024-37358, CVE-2025-61600
  const client = await connect()
  for (const size of ['4097', '99999999999', '18446744073709551616']) {
    assert.match(await client.say(`a LOGIN {${size}}\r\n`), /^a NO \[LIMIT\] /, size)
  }
  for (const size of ['-1', 'x', '', '1x', '0x10']) {
    assert.match(await client.say(`a LOGIN {${size}}\r\n`), /^a BAD /, size)
  }
  assert.match(await client.say('b LOGIN {3}\r\n'), /^\+ /)
  assert.match(await client.say('ana {6}\r\n'), /^\+ /)
  assert.match(await client.say('sesame\r\n'), /^b OK /)
})

test('empty literals do not make a command of endless lines', async () => {
  const client = await connect()
  const line = `${'x'.repeat(10_000)} {0+}\r\n`
  const said = await client.say(`a LOGIN ${line.repeat(1_000)}\r\nb NOOP\r\n`)
  assert.match(said, /^a NO \[LIMIT\] [^\r]*\r\nb OK /)
})

test('ten thousand empty literals are not ten thousand copies of a command', async () => {
  const client = await connect()
  const said = await client.say(`a ID ${'{0+}\r\n'.repeat(10_000)}\r\nb NOOP\r\n`)
  assert.match(said, /^a NO \[LIMIT\] too many literals\r\nb OK /)
})

test('many small literals are not a large one', async () => {
  const client = await connect()
  const said = await client.say(
    `a LOGIN {2000+}\r\n${'x'.repeat(2000)} {2000+}\r\n${'y'.repeat(2000)} {2000+}\r\n${'z'.repeat(2000)}\r\nb NOOP\r\n`,
  )
  assert.match(said, /^a NO \[LIMIT\] [^\r]*\r\nb OK /)
})

test('a literal that comes unasked and is too long is skipped, and the next command is read', async () => {
  const client = await connect()
  const said = await client.say(`a LOGIN {5000+}\r\n${'b LOGIN ana sesame\r\n'.repeat(250)} x\r\nc NOOP\r\n`)
  assert.match(said, /^a NO \[LIMIT\] [^\r]*\r\nc OK Nothing done\r\n$/)
})

test('a literal that nobody could skip ends the connection', async () => {
  const client = await connect()
  assert.match(await client.say('a LOGIN {99999999999+}\r\n'), /\* BYE \[TOOBIG\] /)
  assert.ok(client.closed)
})

test('a line without end is not held, and ends the connection', async () => {
  const client = await connect()
  assert.match(await client.say(`a LOGIN ${'x'.repeat(20_000)}\r\n`), /^\* BYE \[LIMIT\] /)
  assert.ok(client.closed)
})

test('a bare LF ends no command', async () => {
  const client = await connect()
  assert.match(await client.say('a NOOP\nb LOGIN ana sesame\r\n'), /^\* BAD /)
  assert.match(await client.say('c SELECT INBOX\r\n'), /^c BAD /)
})

test('a client that speaks another language is let go', async () => {
  const client = await connect(undefined, { limits: { badCommands: 3 } })
  assert.doesNotMatch(await client.say('GET / HTTP/1.1\r\nHost: x\r\n'), /BYE/)
  assert.match(await client.say('\r\n'), /BYE/)
  assert.ok(client.closed)
})

test('passwords cannot be guessed for ever on one connection', async () => {
  const client = await connect(undefined, { limits: { failedLogins: 3 } })
  const guess = 'a LOGIN ana wrong\r\n'
  assert.doesNotMatch(await client.say(guess + guess), /BYE/)
  assert.match(await client.say(guess), /^a NO \[AUTHENTICATIONFAILED\] [^\r]*\r\n\* BYE /)
})

test('SASL is cancelled by a star, and broken base64 does no harm', async () => {
  const client = await connect()
  assert.equal(
    await client.say('a AUTHENTICATE PLAIN\r\n'),
    `+ ${Buffer.from('who?').toString('base64')}\r\n`,
  )
  assert.match(await client.say('*\r\n'), /^a BAD /)
  await client.say('b AUTHENTICATE PLAIN\r\n')
  assert.match(await client.say('not base64!\r\n'), /^b BAD /)
  assert.match(await client.say('c AUTHENTICATE PLAIN =x\r\n'), /^c BAD /)
  assert.match(await client.say('d AUTHENTICATE KERBEROS\r\n'), /^d NO \[CANNOT\] /)
  assert.match(await client.say('e AUTHENTICATE PLAIN Ym9i\r\n'), /^e NO \[AUTHENTICATIONFAILED\] /)
  assert.match(await client.say('f AUTHENTICATE PLAIN YW5h\r\n'), /^f OK \[CAPABILITY /)
})

test('SASL and its response in one packet are both read', async () => {
  const client = await connect()
  assert.match(await client.say('a AUTHENTICATE PLAIN\r\nYW5h\r\nb SELECT INBOX\r\n'), /a OK [^]*b OK /)
})

test('IDLE, DONE and the next command in one packet are all answered', async () => {
  // Stalwart #765: iOS 18 does that
  const client = await enter()
  const said = await client.say('a IDLE\r\nDONE\r\nb NOOP\r\nc IDLE\r\nDONE\r\n')
  assert.match(said, /^\+ idling\r\na OK [^\r]*\r\nb OK [^\r]*\r\n\+ idling\r\nc OK [^\r]*\r\n$/)
})

test('a command within IDLE is not carried out', async () => {
  const client = await enter()
  await client.say('a IDLE\r\n')
  assert.match(await client.say('b NOOP\r\n'), /^a BAD /)
  assert.match(await client.say('c NOOP\r\n'), /^c OK /)
})

test('a leaving server says goodbye between commands and while idling, never within a message', async () => {
  const idle = await enter()
  await idle.say('a IDLE\r\n')
  idle.drain()
  assert.match(idle.heard(), /^\* BYE \[UNAVAILABLE\] /)
  const appending = await enter()
  await appending.say('a APPEND INBOX {5}\r\nhe')
  appending.drain()
  assert.equal(appending.heard(), '')
  assert.match(await appending.say('llo\r\n'), /^a OK \[APPENDUID 1 1\] [^\r]*\r\n\* BYE /)
})

test('silence ends in goodbye, and patience depends on who is silent', async () => {
  const client = await enter()
  client.timeOut()
  assert.match(client.heard(), /^\* BYE /)
  const machine = new ImapServerMachine({
    greeting: 'x',
    tls: true,
    startTls: false,
    plaintextLogin: false,
    mechanisms: () => [],
    extensions: new Set(),
  })
  assert.deepEqual(machine.patience, { milliseconds: 60_000, waitingFor: 'a login' })
})

test('a message that is too big is refused before it is sent', async () => {
  const client = await enter(undefined, { limits: { appendSize: 100 } })
  assert.match(await client.say('a APPEND INBOX {101}\r\n'), /^a NO \[TOOBIG\] /)
  assert.match(await client.say('b APPEND INBOX {0}\r\n'), /^b NO /)
  assert.match(
    await client.say(`c APPEND INBOX {101+}\r\n${'x'.repeat(101)}\r\nd NOOP\r\n`),
    /^c NO \[TOOBIG\] [^\r]*\r\nd OK /,
  )
})

test('a sink that fails midway does not turn the message into commands', async () => {
  let aborted = 0
  const session = stubSession({
    append: () => ({
      write: () => Promise.reject(new Error('disk')),
      finish: async () => ({ uidValidity: 1, uid: 1 }),
      abort: () => void aborted++,
    }),
  })
  const client = await enter(session)
  const first = await client.say('a APPEND INBOX {40+}\r\nb DELETE INBOX\r\n')
  assert.match(first, /^a NO \[SERVERBUG\] /)
  assert.equal(aborted, 1)
  assert.match(await client.say(`${'c DELETE INBOX\r\n'.repeat(2).slice(0, 24)}\r\nd NOOP\r\n`), /^d OK /)
})

test('a client that leaves midway leaves no draft behind', async () => {
  let aborted = 0
  const session = stubSession({
    append: () => ({
      write: () => {},
      finish: async () => ({ uidValidity: 1, uid: 1 }),
      abort: () => void aborted++,
    }),
  })
  const client = await enter(session)
  await client.say('a APPEND INBOX {10}\r\nabc')
  client.disconnect()
  assert.equal(aborted, 1)
})

test('arguments of APPEND may be literals themselves', async () => {
  const mailboxes: string[] = []
  const session = stubSession({
    append: ({ mailbox, flags }) => {
      mailboxes.push(`${mailbox} ${flags.join(' ')}`)
      return { write: () => {}, finish: async () => ({ uidValidity: 1, uid: 1 }), abort: () => {} }
    },
  })
  const client = await enter(session)
  assert.match(
    await client.say('a APPEND {5+}\r\ninbox (\\Seen x) "17-Jul-1996 02:44:25 -0700" {3+}\r\nabc\r\n'),
    /^a OK /,
  )
  assert.deepEqual(mailboxes, ['INBOX \\Seen x'])
  assert.match(await client.say('b APPEND INBOX "32-Jul-1996 02:44:25 -0700" {3}\r\n'), /^b BAD /)
  assert.match(await client.say('c APPEND INBOX\r\n'), /^c BAD /)
  assert.match(
    await client.say('d APPEND INBOX {3+}\r\nabc {3+}\r\ndef\r\ne NOOP\r\n'),
    /^d BAD [^\r]*\r\ne OK /,
  )
})

test('a section that ends early closes the connection rather than shift what follows', async () => {
  const session = stubSession({
    fetch: async function* () {
      const source = (async function* () {
        yield Buffer.from('short')
      })()
      yield [{ sequence: 1, items: [{ item: 'SECTION', label: 'BODY[]', size: 10, source }] }]
    },
  })
  const client = await enter(session)
  await client.say('s SELECT INBOX\r\n')
  assert.equal(await client.say('a FETCH 1 BODY[]\r\n'), '* 1 FETCH (BODY[] {10}\r\nshort')
  assert.ok(client.closed)
})

test('a session that throws what nobody foresaw tells the client nothing of it', async () => {
  const failures: unknown[] = []
  const session = stubSession({ create: () => Promise.reject(new Error('secret of ours')) })
  const client = await enter(session, { failed: (error) => failures.push(error) })
  assert.equal(await client.say('a CREATE x\r\n'), 'a NO [SERVERBUG] Something is wrong here\r\n')
  assert.equal(failures.length, 1)
})

test('a mailbox that cannot be read any more does not loop', async () => {
  const session = stubSession({ updates: () => Promise.reject(new Error('gone')) })
  const client = await enter(session)
  assert.match(await client.say('a SELECT INBOX\r\n'), /\* BYE \[UNAVAILABLE\] /)
  assert.ok(client.closed)
})

test('what a client says is never echoed into a response', async () => {
  const client = await enter()
  await client.say('s SELECT INBOX\r\n')
  const said = await client.say('a SEARCH CHARSET {12+}\r\nx\r\n* 1 EXISTS ALL\r\n')
  assert.doesNotMatch(said, /EXISTS/)
  assert.match(said, /^a NO \[BADCHARSET \(US-ASCII UTF-8\)\] /)
})
