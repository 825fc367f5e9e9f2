// What a user's client asks for at submission is done by whoever has the letter then, up to the mailbox.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, LineClient, type Credentials } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'
import { cartero } from './cartero-command.ts'

const JUERGEN = { address: 'jürgen@bücher.example', password: 'a word and another' }
const SMALL = { address: 'small@cartero.test', password: 'a word and another' }
/** More than `SMALL` may keep. */
const MUCH = `${'x'.repeat(998)}\r\n`.repeat(1_100)

let system: CarteroProcess

before(async () => {
  system = await CarteroProcess.start()
  const data = ['--data', system.data]
  await done('domain', 'add', 'bücher.example', ...data)
  await done('account', 'add', JUERGEN.address, '--password-stdin', ...data)
  await done('account', 'add', SMALL.address, '--password-stdin', '--quota', '1MB', ...data)
})
after(async () => {
  assert.equal(await system.stop(), 0, system.output)
  system.removeData()
})

async function done(...args: string[]): Promise<void> {
  const { code, err } = await cartero(args, { input: `${JUERGEN.password}\n` })
  assert.equal(code, 0, err)
}

/** A connection to submission by TLS at once, of somebody who has logged in. */
async function loggedIn({ address, password }: Credentials): Promise<LineClient> {
  const client = await LineClient.connectTls(system.port(465))
  await client.reply()
  await client.smtp('EHLO client.test')
  assert.match(
    await client.smtp(`AUTH PLAIN ${Buffer.from(`\0${address}\0${password}`).toString('base64')}`),
    /^235/,
  )
  await client.smtp('EHLO client.test')
  return client
}

/** Submits a letter by DATA; `mail` and `rcpt` stand behind the addresses. */
async function submit(
  from: Credentials,
  mail: string,
  to: string,
  rcpt: string,
  letter: string,
): Promise<void> {
  using client = await loggedIn(from)
  assert.match(await client.smtp(`MAIL FROM:<${from.address}> ${mail}`), /^250 2\.1\.0/)
  assert.match(await client.smtp(`RCPT TO:<${to}> ${rcpt}`), /^250 2\.1\.5/)
  assert.match(await client.smtp('DATA'), /^354/)
  assert.match(await client.smtp(`${letter}\r\n.`), /^250 2\.6\.0/)
  await client.smtp('QUIT')
}

function inbox(of: Credentials): Promise<string[]> {
  return lookIntoInbox(system, of, async (client, exists) => {
    const found = exists === 0 ? [] : await client.fetchAll('1:*', { source: true })
    return found.map(({ source }) => source!.toString())
  })
}

async function arrived(to: Credentials, text: string): Promise<string> {
  for (let i = 0; i < 200; i++) {
    const found = (await inbox(to)).find((letter) => letter.includes(text))
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no letter with ${JSON.stringify(text)} arrived for ${to.address}\n${system.output}`)
}

describe('a user', () => {
  // RFC 6531 §3.2, RFC 6533 §3
  test('whose name is not ASCII writes and is written to, and hears of it in letters of his own', async () => {
    const letter = `From: <${JUERGEN.address}>\r\nSubject: Grüße\r\n\r\nhallo`
    await submit(JUERGEN, 'SMTPUTF8', 'jürgen@xn--bcher-kva.example', 'NOTIFY=SUCCESS', letter)
    const got = await arrived(JUERGEN, 'Subject: Grüße\r\n\r\nhallo')
    assert.match(got, /^Return-Path: <jürgen@xn--bcher-kva\.example>\r$/m)
    assert.match(got, /with UTF8SMTPSA\b/)
    const notice = await arrived(JUERGEN, 'Return-Path: <>')
    assert.match(notice, /^Content-Type: message\/global-delivery-status\r$/m)
    assert.match(notice, /^Final-Recipient: utf-8; ?jürgen@xn--bcher-kva\.example\r$/m)
    assert.match(notice, /^Auto-Submitted: auto-replied\r$/m)
  })

  test('whose name is not ASCII is not written to without SMTPUTF8, which mail on its way could not keep up', async () => {
    using client = await loggedIn(JUERGEN)
    assert.match(await client.smtp(`MAIL FROM:<${JUERGEN.address}>`), /^553 5\.6\.7/)
    await client.smtp('MAIL FROM:<>')
    assert.match(await client.smtp(`RCPT TO:<${JUERGEN.address}>`), /^553 5\.6\.7/)
  })

  // RFC 3030 §3
  test('who sends octets in chunks has the same octets read', async () => {
    const octets = Buffer.from([...Array(512).keys(), 13, 10, 46, 13, 10, 10, 13].map((each) => each & 0xff))
    const header =
      'Subject: octets\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n'
    const letter = Buffer.concat([Buffer.from(header), octets])
    using client = await loggedIn(system.account('alice'))
    await client.smtp(`MAIL FROM:<${system.account('alice').address}> BODY=BINARYMIME SIZE=${letter.length}`)
    await client.smtp(`RCPT TO:<${system.account('bob').address}>`)
    client.write(Buffer.concat([Buffer.from('BDAT 99\r\n'), letter.subarray(0, 99)]))
    assert.match(await client.reply(), /^250 2\.0\.0/)
    client.write(Buffer.concat([Buffer.from(`BDAT ${letter.length - 99} LAST\r\n`), letter.subarray(99)]))
    assert.match(await client.reply(), /^250 2\.6\.0/)
    const got = await arrived(system.account('bob'), 'Subject: octets')
    assert.match(got, /^Content-Transfer-Encoding: base64\r$/m)
    const [, body] = got.split('\r\n\r\n')
    assert.deepEqual(Buffer.from(body!, 'base64'), octets)
  })

  // RFC 4865 §4
  test('whose letter is to go later has it kept back, behind one that he writes afterwards', async () => {
    const [alice, bob] = [system.account('alice'), system.account('bob')]
    await submit(alice, 'HOLDFOR=2', bob.address, '', 'Subject: later\r\n\r\n')
    await submit(alice, '', bob.address, '', 'Subject: at once\r\n\r\n')
    await arrived(bob, 'Subject: later')
    const order = (await inbox(bob)).flatMap(
      (letter) => /^Subject: (later|at once)\r$/m.exec(letter)?.[1] ?? [],
    )
    assert.deepEqual(order, ['at once', 'later'])
  })

  // RFC 2852 §4
  test('whose letter is of no use later has it back when its time is over, with his names for it', async () => {
    const alice = system.account('alice')
    const rcpt = 'NOTIFY=FAILURE ORCPT=rfc822;tom@cartero.test'
    await submit(alice, 'BY=1;R RET=HDRS ENVID=q1', SMALL.address, rcpt, `Subject: in time\r\n\r\n${MUCH}`)
    const notice = await arrived(alice, 'Original-Envelope-Id: q1')
    assert.match(notice, /^Action: failed\r$/m)
    assert.match(notice, /^Status: 5\.4\.7\r$/m)
    assert.match(notice, /^Original-Recipient: rfc822; ?tom@cartero\.test\r$/m)
    assert.ok(!notice.includes('xxxxx'))
    assert.deepEqual(await inbox(SMALL), [])
  })

  test('whose letter may be late hears that it is, and that it is still tried', async () => {
    const alice = system.account('alice')
    await submit(alice, 'BY=1;N ENVID=q2', SMALL.address, '', `Subject: late\r\n\r\n${MUCH}`)
    const notice = await arrived(alice, 'Original-Envelope-Id: q2')
    assert.match(notice, /^Action: delayed\r$/m)
    assert.match(notice, /^Status: 4\.4\.7\r$/m)
  })

  // RFC 3461 §4.1
  test('who wants to hear nothing hears nothing, not even of a failure', async () => {
    const alice = system.account('alice')
    await submit(alice, 'BY=1;R ENVID=q3', SMALL.address, 'NOTIFY=NEVER', `Subject: never\r\n\r\n${MUCH}`)
    await submit(alice, 'BY=1;R ENVID=q4', SMALL.address, 'NOTIFY=FAILURE', `Subject: heard\r\n\r\n${MUCH}`)
    await arrived(alice, 'Original-Envelope-Id: q4')
    assert.ok(!(await inbox(alice)).some((letter) => letter.includes('q3')))
  })
})
