// The whole journey with real clients: a letter goes in by submission or on the MX port and comes out by IMAP, octet for octet.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, command, lacks, type CommandResult } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'
import { createTransport } from 'nodemailer'

const LETTER = [
  'From: Alice <alice@cartero.test>',
  'To: Bob <bob@cartero.test>',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'Date: Mon, 05 Jan 2026 10:00:00 +0100',
  'Message-ID: <letter-1@cartero.test>',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
  '',
  'Liebe Grüße,',
  '.',
  '..two dots and a trailing space ',
  'A long line: ' + 'x'.repeat(900),
  '',
  '',
].join('\r\n')

let cartero: CarteroProcess

/** Everything in the account's INBOX, oldest first. */
function inbox(localPart: string): Promise<{ uid: number; source: Buffer; subject: string | undefined }[]> {
  return lookIntoInbox(cartero, localPart, async (client) => {
    const messages = await client.fetchAll('1:*', { uid: true, source: true, envelope: true }).catch(() => [])
    return messages.map((message) => ({
      uid: message.uid,
      source: message.source!,
      subject: message.envelope?.subject,
    }))
  })
}

async function arrived(
  localPart: string,
  text: string,
): Promise<{ source: Buffer; subject: string | undefined }> {
  for (let i = 0; i < 100; i++) {
    const found = (await inbox(localPart)).find(({ source }) => source.includes(text))
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`no letter with ${JSON.stringify(text)} arrived for ${localPart}\n${cartero.output}`)
}

before(async () => {
  cartero = await CarteroProcess.start()
})
after(async () => {
  assert.equal(await cartero.stop(), 0, cartero.output)
  cartero.removeData()
})

/** Alice logs in on 587 with STARTTLS and sends, by swaks; without a letter, swaks writes one. */
function submit(mechanism: string, from: string, to: string, letter?: string): Promise<CommandResult> {
  const { address, password } = cartero.account('alice')
  const server = ['--server', `127.0.0.1:${cartero.port(587)}`, '--tls']
  const login = ['--auth', mechanism, '--auth-user', address, '--auth-password', password]
  const data = letter === undefined ? [] : ['--data', '-']
  return command('swaks', [...server, ...login, '--from', from, '--to', to, ...data], { input: letter ?? '' })
}

describe('a letter by submission', () => {
  test(
    'swaks submits on 587 with STARTTLS; the octets come back exactly',
    { skip: lacks('swaks', 'swaks') },
    async () => {
      const result = await submit('PLAIN', 'alice@cartero.test', 'bob@cartero.test', LETTER)
      assert.equal(result.code, 0, result.stdout.toString())
      const { source, subject } = await arrived('bob', 'letter-1@cartero.test')
      const start = source.indexOf('From: Alice')
      assert.match(source.subarray(0, start).toString(), /^Return-Path: <alice@cartero\.test>\r\n/)
      assert.match(source.subarray(0, start).toString(), /^Received: from .*\r\n(?:\s.*\r\n)*/m)
      assert.equal(
        source.subarray(start).toString('latin1').trimEnd(),
        Buffer.from(LETTER).toString('latin1').trimEnd(),
      )
      assert.equal(subject, 'Grüße')
    },
  )

  test('nodemailer submits with SCRAM or PLAIN over implicit TLS', async () => {
    const { address, password } = cartero.account('bob')
    const transport = createTransport({
      host: '127.0.0.1',
      port: cartero.port(465),
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: address, pass: password },
    })
    const sent = await transport.sendMail({
      from: address,
      to: 'alice@cartero.test',
      subject: 'from nodemailer',
      text: 'x'.repeat(100_000),
    })
    assert.match(sent.response, /^250 2\.\d\.\d .*[0-9A-Z]{16}/)
    await arrived('alice', 'from nodemailer')
  })

  test(
    'a letter without Date and Message-ID gets both, and nothing else is changed',
    { skip: lacks('swaks', 'swaks') },
    async () => {
      const bare = `From: alice@cartero.test\r\nSubject: bare\r\n\r\nbody\r\n`
      await submit('LOGIN', 'alice@cartero.test', 'alice@cartero.test', bare)
      const { source } = await arrived('alice', 'Subject: bare')
      const header = source.toString()
      assert.match(header, /^Date: \w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} [+-]\d{4}\r$/m)
      assert.match(header, /^Message-ID: <[^>]+>\r$/m)
      assert.ok(header.includes(bare.trimEnd()))
    },
  )

  test('somebody else’s address is not accepted as sender', { skip: lacks('swaks', 'swaks') }, async () => {
    const result = await submit('PLAIN', 'bob@cartero.test', 'bob@cartero.test')
    assert.notEqual(result.code, 0)
    assert.match(result.stdout.toString(), /55[03] 5\.7\.1/)
  })

  test('nothing is submitted without authentication', { skip: lacks('swaks', 'swaks') }, async () => {
    const result = await command('swaks', [
      '--server',
      `127.0.0.1:${cartero.port(587)}`,
      '--tls',
      '--from',
      'alice@cartero.test',
      '--to',
      'bob@cartero.test',
    ])
    assert.match(result.stdout.toString(), /530 5\.7\.0/)
  })
})

describe('a letter from outside', () => {
  const from = 'stranger@elsewhere.test'
  const mx = (...args: string[]) =>
    command('swaks', ['--server', `127.0.0.1:${cartero.port(25)}`, '--from', from, ...args])

  test('arrives by the MX port', { skip: lacks('swaks', 'swaks') }, async () => {
    const result = await mx('--to', 'bob@cartero.test', '--header', 'Subject: from outside')
    assert.equal(result.code, 0, result.stdout.toString())
    const { source } = await arrived('bob', 'from outside')
    assert.match(source.toString(), /^Return-Path: <stranger@elsewhere\.test>\r\n/)
  })

  test('to a subaddress arrives', { skip: lacks('swaks', 'swaks') }, async () => {
    assert.equal((await mx('--to', 'bob+lists@cartero.test', '--header', 'Subject: subaddress')).code, 0)
    await arrived('bob', 'Subject: subaddress')
  })

  test('to postmaster is taken', { skip: lacks('swaks', 'swaks') }, async () => {
    assert.equal(
      (await mx('--to', 'postmaster@cartero.test', '--header', 'Subject: for the postmaster')).code,
      0,
    )
  })

  test('to an unknown user is refused at RCPT', { skip: lacks('swaks', 'swaks') }, async () => {
    assert.match((await mx('--to', 'nobody@cartero.test')).stdout.toString(), /550 5\.1\.1/)
  })

  test('to elsewhere is refused: never a relay', { skip: lacks('swaks', 'swaks') }, async () => {
    for (const to of [
      'victim@elsewhere.test',
      'victim%elsewhere.test@[127.0.0.1]',
      '"victim@elsewhere.test"@elsewhere.test',
    ]) {
      assert.match((await mx('--to', to)).stdout.toString(), /55\d 5\.\d\.\d/, to)
    }
  })
})

describe('a mailbox read by other clients', () => {
  test('curl lists and fetches over IMAPS', { skip: lacks('curl', 'curl') }, async () => {
    const { address, password } = cartero.account('bob')
    const curl = (...args: string[]) => command('curl', ['-sk', '--user', `${address}:${password}`, ...args])
    const list = await curl(`imaps://127.0.0.1:${cartero.port(993)}/`)
    assert.match(list.stdout.toString(), /"?INBOX"?/)
    const letter = await curl(`imaps://127.0.0.1:${cartero.port(993)}/INBOX;MAILINDEX=1`)
    assert.equal(letter.code, 0, letter.stderr)
    assert.match(letter.stdout.toString(), /^Return-Path: /)
  })

  test('mbsync copies the mailbox both ways', { skip: lacks('mbsync', 'isync') }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-mbsync-'))
    const { address, password } = cartero.account('bob')
    mkdirSync(join(folder, 'mail'))
    writeFileSync(join(folder, 'rc'), mbsyncrc(folder, address, password))
    const first = await command('mbsync', ['-c', join(folder, 'rc'), '-a'])
    assert.equal(first.code, 0, first.stderr)
    const before = await inbox('bob')
    assert.equal(count(folder), before.length)
    writeFileSync(join(folder, 'mail/INBOX/new/1700000000.1.here'), 'Subject: pushed by mbsync\n\nhello\n')
    const second = await command('mbsync', ['-c', join(folder, 'rc'), '-a'])
    assert.equal(second.code, 0, second.stderr)
    await arrived('bob', 'pushed by mbsync')
    rmSync(folder, { recursive: true })
  })

  test(
    'fetchmail takes mail by IMAP and hands it to a command',
    { skip: lacks('fetchmail', 'fetchmail') },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cartero-fetchmail-'))
      const { address, password } = cartero.account('alice')
      const rc = join(folder, 'fetchmailrc')
      writeFileSync(rc, fetchmailrc(folder, address, password), { mode: 0o600 })
      const result = await command(
        'fetchmail',
        ['-f', rc, '--nosyslog', '--pidfile', join(folder, 'pid'), '-v'],
        {
          env: { FETCHMAILHOME: folder },
        },
      )
      assert.equal(result.code, 0, result.stdout.toString() + result.stderr)
      assert.match(readFileSync(join(folder, 'mail'), 'latin1'), /from nodemailer/)
      rmSync(folder, { recursive: true })
    },
  )
})

test('the credentials are readable by their owner only', () => {
  assert.equal(statSync(join(cartero.data, 'credentials.json')).mode & 0o777, 0o600)
})

function count(folder: string): number {
  return ['new', 'cur'].reduce((sum, name) => sum + readdirSync(join(folder, 'mail/INBOX', name)).length, 0)
}

function mbsyncrc(folder: string, user: string, password: string): string {
  return `
IMAPStore remote
Host localhost
Port ${cartero.port(993)}
User ${user}
Pass ${password}
SSLType IMAPS
CertificateFile ${cartero.data}/tls/certificate.pem

MaildirStore local
Path ${folder}/mail/
Inbox ${folder}/mail/INBOX

Channel inbox
Far :remote:
Near :local:
Patterns INBOX
Create Near
Expunge None
SyncState ${folder}/state-
`
}

function fetchmailrc(folder: string, user: string, password: string): string {
  return `poll 127.0.0.1 service ${cartero.port(993)} protocol imap
  user "${user}" password "${password}" ssl no sslcertck
  keep mda "cat >> ${folder}/mail"
`
}
