// Clients that people and programs send with, each in the ways that it has; what is here is not in the tests of the agents.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, command, freePortBase, lacks, type Credentials } from '@cartero/testkit'
import { createTransport } from 'nodemailer'
import { lettersOf } from './inbox.ts'
import { manyLines, SPOILABLE, text, type LetterText } from './letters.ts'

const HOST = '127.0.0.1'

let cartero: CarteroProcess
let alice: Credentials
let lmtp: number
let folder: string

before(async () => {
  const base = await freePortBase()
  lmtp = base + 24
  folder = mkdtempSync(join(tmpdir(), 'cartero-clients-'))
  cartero = await CarteroProcess.start({
    base,
    env: {
      CARTERO_LISTEN__LMTP: `${HOST}:${lmtp}`,
      CARTERO_SMTP__PROXIES: HOST,
      CARTERO_SMTP__TARPIT__AUTH_FAILURE_DELAY: '0s',
    },
  })
  alice = cartero.account('alice')
})
after(async () => {
  await cartero?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** A letter of Alice, whose author needs no Sender beside him. */
function fromAlice(lines: readonly string[], fields: readonly string[] = []): LetterText {
  const { name, octets } = text(lines, fields)
  return {
    name,
    octets: Buffer.from(octets.toString().replace('<sender@peer.test>', '<alice@cartero.test>')),
  }
}

/** The one copy that Bob has; its octets are those that were sent. */
async function arrived({ name, octets }: LetterText, trace: RegExp): Promise<void> {
  const letters = await lettersOf(cartero, 'bob', name)
  assert.equal(letters.length, 1)
  assert.equal(letters[0]!.octets.toString('latin1').trimEnd(), octets.toString('latin1').trimEnd())
  assert.match(letters[0]!.trace, trace)
}

describe('swaks', { skip: lacks('swaks', 'swaks'), timeout: 60_000 }, () => {
  async function swaks(port: number, letter: LetterText, ...words: string[]): Promise<string> {
    const server = ['--server', HOST, '--port', String(port), '--to', 'bob@cartero.test', '--data', '-']
    const { stdout, code } = await command('swaks', [...server, ...words], { input: letter.octets })
    assert.equal(code, 0, stdout.toString())
    return stdout.toString()
  }

  test('sends over TLS that is there from the start', async () => {
    // It takes a dot in the last line for the end of the letter.
    const letter = fromAlice([...SPOILABLE, 'the end'])
    const login = ['--auth', 'PLAIN', '--auth-user', alice.address, '--auth-password', alice.password]
    await swaks(cartero.port(465), letter, '--tls-on-connect', '--from', alice.address, ...login)
    await arrived(letter, / with ESMTPSA /)
  })

  test('says all at once where PIPELINING is offered', async () => {
    const letter = text(['at once'])
    const said = await swaks(cartero.port(25), letter, '--from', 'sender@peer.test', '--pipeline')
    assert.match(said, /-> MAIL FROM.*\n -> RCPT TO.*\n -> DATA\n<- {2}250/)
    await arrived(letter, / with ESMTP /)
  })

  test('speaks for another by XCLIENT, and the trace names him', async () => {
    const letter = text(['for another'])
    const who = [
      '--xclient-addr',
      '192.0.2.77',
      '--xclient-name',
      'far.example',
      '--xclient-helo',
      'far.example',
    ]
    await swaks(cartero.port(25), letter, '--from', 'sender@peer.test', ...who)
    await arrived(letter, /^Received: from \S+ \(.*\[192\.0\.2\.77\]\)/m)
  })

  test('speaks for another by XCLIENT under TLS, too', async () => {
    const letter = text(['for another, in secret'])
    const who = ['--xclient-addr', 'IPV6:2001:db8::77', '--tls']
    await swaks(cartero.port(25), letter, '--from', 'sender@peer.test', ...who)
    await arrived(letter, /^Received: from \S+ \(.*\[IPv6:2001:db8::77\]\).* with ESMTP/m)
  })

  test('delivers by LMTP', async () => {
    const letter = text(['straight'])
    await swaks(lmtp, letter, '--protocol', 'LMTP', '--from', 'sender@peer.test')
    await arrived(letter, / with LMTP /)
  })
})

describe('msmtp', { skip: lacks('msmtp', 'msmtp'), timeout: 60_000 }, () => {
  async function msmtp(
    mechanism: string,
    password: string,
    letter: LetterText,
    atOnce: boolean,
  ): Promise<number | null> {
    const file = join(folder, 'msmtprc')
    const port = cartero.port(atOnce ? 465 : 587)
    const fields = [
      ['account', 'default'],
      ['host', HOST],
      ['port', port],
      ['from', alice.address],
      ['auth', mechanism],
      ['user', alice.address],
      ['password', password],
      ['tls', 'on'],
      ['tls_starttls', atOnce ? 'off' : 'on'],
      ['tls_trust_file', join(cartero.data, 'tls/certificate.pem')],
      ['set_from_header', 'off'],
    ]
    writeFileSync(file, fields.map(([key, value]) => `${key} ${value}\n`).join(''))
    chmodSync(file, 0o600)
    // It reads lines of this system, which end in LF.
    const input = letter.octets.toString('latin1').replaceAll('\r\n', '\n')
    const { code } = await command('msmtp', ['-C', file, 'bob@cartero.test'], {
      input: Buffer.from(input, 'latin1'),
    })
    return code
  }

  // RFC 8314 §3: it verifies the certificate, and finds the address in it.
  for (const mechanism of ['plain', 'login', 'scram-sha-1', 'scram-sha-256']) {
    test(`sends by ${mechanism}, and not with a wrong password`, async () => {
      for (const atOnce of [false, true]) {
        const letter = fromAlice(SPOILABLE)
        assert.equal(await msmtp(mechanism, alice.password, letter, atOnce), 0)
        await arrived(letter, / with ESMTPSA /)
      }
      // sysexits: EX_NOPERM
      assert.equal(await msmtp(mechanism, 'wrong', fromAlice([]), false), 77)
    })
  }

  test('chooses by itself', async () => {
    const letter = fromAlice(['by the best'])
    assert.equal(await msmtp('on', alice.password, letter, false), 0)
    await arrived(letter, / with ESMTPSA /)
  })
})

describe('curl', { skip: lacks('curl', 'curl'), timeout: 60_000 }, () => {
  test('sends after STARTTLS, and octets are not changed', async () => {
    const letter = fromAlice([...SPOILABLE, ...manyLines(200_000)])
    const file = join(folder, 'letter')
    writeFileSync(file, letter.octets)
    const to = ['--mail-from', alice.address, '--mail-rcpt', 'bob@cartero.test', '--upload-file', file]
    const tls = ['--ssl-reqd', '--cacert', join(cartero.data, 'tls/certificate.pem')]
    const user = ['--user', `${alice.address}:${alice.password}`]
    const { code, stderr } = await command('curl', [
      `smtp://${HOST}:${cartero.port(587)}`,
      ...tls,
      ...user,
      ...to,
    ])
    assert.equal(code, 0, stderr)
    await arrived(letter, / with ESMTPSA /)
  })

  test('asks for help and is answered', async () => {
    const { code, stdout } = await command('curl', ['-s', `smtp://${HOST}:${cartero.port(25)}`])
    assert.equal(code, 0)
    assert.match(stdout.toString(), /^214/)
  })
})

describe('Python', { skip: lacks('python3', 'python3'), timeout: 60_000 }, () => {
  async function python(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await command('python3', ['-c', program, ...args])
    assert.equal(code, 0, stderr)
    return stdout.toString()
  }
  const submission = (): string => `
import smtplib, ssl, sys
from email.message import EmailMessage
from email.policy import SMTPUTF8
context = ssl.create_default_context(cafile=${JSON.stringify(join(cartero.data, 'tls/certificate.pem'))})
smtp = smtplib.SMTP('${HOST}', ${cartero.port(587)}, timeout=20)
smtp.starttls(context=context)
smtp.ehlo()
user, password = ${JSON.stringify(alice.address)}, ${JSON.stringify(alice.password)}
`

  test('reads what is offered as it is meant', async () => {
    const out = await python(`${submission()}
print(smtp.does_esmtp, smtp.has_extn('SIZE'), smtp.esmtp_features['size'].isdigit(), smtp.has_extn('smtputf8'))
print('PLAIN' in smtp.esmtp_features['auth'].split())
`)
    assert.equal(out, 'True True True True\nTrue\n')
  })

  for (const mechanism of ['PLAIN', 'LOGIN']) {
    test(`logs in by ${mechanism}, and not with a wrong password`, async () => {
      const out = await python(`${submission()}
def auth(password):
    smtp.user, smtp.password = user, password
    try:
        return smtp.auth('${mechanism}', smtp.auth_${mechanism.toLowerCase()})[0]
    except smtplib.SMTPAuthenticationError as error:
        return error.smtp_code
print(auth('wrong'), auth(password))
`)
      assert.equal(out, '535 235\n')
    })
  }

  test('sends a message that it composed, in UTF-8 throughout', async () => {
    const { name } = text([])
    await python(`${submission()}
smtp.login(user, password)
message = EmailMessage(policy=SMTPUTF8)
message['X-Letter'] = '${name}'
message['From'] = 'Алиса <alice@cartero.test>'
message['To'] = 'bob@cartero.test, 用户@cartero.test'
message['Subject'] = 'Grüße 用户'
message.set_content('Grüße\\n.\\n..\\n')
smtp.send_message(message, to_addrs=['bob@cartero.test'], mail_options=['SMTPUTF8', 'BODY=8BITMIME'])
smtp.quit()
`)
    const [found] = await lettersOf(cartero, 'bob', name)
    assert.match(found!.octets.toString(), /^Subject: Grüße 用户\r$/m)
    assert.match(found!.octets.toString(), /\r\nGrüße\r\n\.\r\n\.\.\r\n$/)
    assert.match(found!.trace, / with UTF8SMTPSA /)
  })

  test('is told of each recipient that is refused, and the others get the letter', async () => {
    const { name, octets } = text(['for one'])
    const out = await python(
      `
import smtplib, sys
with smtplib.SMTP('${HOST}', ${cartero.port(25)}, timeout=20) as smtp:
    refused = smtp.sendmail('sender@peer.test', ['nobody@cartero.test', 'bob@cartero.test'], sys.argv[1])
    print({to: code for to, (code, text) in refused.items()})
`,
      octets.toString('latin1').replaceAll('\r\n', '\n'),
    )
    assert.equal(out, "{'nobody@cartero.test': 550}\n")
    await arrived({ name, octets }, / with ESMTP /)
  })
})

describe('nodemailer', { timeout: 60_000 }, () => {
  test('sends a hundred letters over few connections', async () => {
    const transport = createTransport({
      pool: true,
      maxConnections: 3,
      maxMessages: 20,
      host: HOST,
      port: cartero.port(587),
      requireTLS: true,
      tls: { rejectUnauthorized: false },
      auth: { user: alice.address, pass: alice.password },
    })
    const { name } = text([])
    const sent = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        transport.sendMail({
          headers: { 'X-Letter': name },
          from: alice.address,
          to: 'bob@cartero.test',
          subject: `letter ${i}`,
          text: 'Grüße',
          textEncoding: 'quoted-printable',
        }),
      ),
    )
    transport.close()
    assert.equal(new Set(sent.map(({ response }) => response)).size, 100, 'a queue id stands for two letters')
    const letters = await lettersOf(cartero, 'bob', name, 100)
    assert.equal(letters.length, 100)
  })

  test('asks for a report and gets it', async () => {
    const transport = createTransport({
      host: HOST,
      port: cartero.port(465),
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { user: alice.address, pass: alice.password },
    })
    const { name } = text([])
    await transport.sendMail({
      headers: { 'X-Letter': name },
      from: alice.address,
      to: 'bob@cartero.test',
      text: 'tell me',
      dsn: { id: `id-${name}`, return: 'headers', notify: ['success'], recipient: alice.address },
    })
    const [report] = await lettersOf(cartero, 'alice', name)
    assert.match(report!.trace, new RegExp(`^Original-Envelope-Id: id-${name}\r$`, 'm'))
    assert.match(report!.trace, /^Action: delivered\r$/m)
  })
})
