// Who may log in, and how, over real sockets and TLS: with our own client, and with clients of others.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { credentialVerifier } from '@cartero/directory'
import { AddressBans, Doorkeeper } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createJwksVerifier } from '@cartero/directory/oauth'
import { createMsaAgent, type MsaSettings } from '@cartero/msa-agent/agent'
import { mechanismNamed, mechanisms, preferredMechanism, type SaslClientContext } from '@cartero/sasl'
import { serveErrand, SmtpClientMachine, type ChooseMechanism, type ClientEnding } from '@cartero/smtp/client'
import { MemorySpool } from '@cartero/spool/memory'
import { CERTIFICATE, command, freePortBase, KEY, lacks, LineClient } from '@cartero/testkit'
import { systemClock, type TlsFacts } from '@cartero/wire'
import { dial, TlsServer, type Identity } from '@cartero/wire/node'
import { createTransport } from 'nodemailer'
import { AUDIENCE, IdentityProvider } from './identity-provider.ts'

const ALICE = 'alice@cartero.test'
const PASSWORD = 'alice words'
const host = '127.0.0.1'
const base = await freePortBase()
const [submission, submissions, proxied] = [base + 587, base + 465, base + 25]
const directory = openMemoryDirectory({ secretKey: () => Buffer.alloc(32, 7) })
const spool = new MemorySpool({ content: new MemoryContentLog() })
const provider = await IdentityProvider.open()
/** Few, because each guess waits longer than the one before. */
const bans = new AddressBans(systemClock, { failures: 4 })
const tokens = createJwksVerifier({ issuer: provider.issuer, jwks: provider.jwks, audience: AUDIENCE })
const doorkeeper = new Doorkeeper({
  verifier: (peer) => credentialVerifier(directory, { peer, tokens, certificates: true }),
  switchedOn: new Set(mechanisms.map(({ name }) => name)),
  bans,
  hostname: 'mail.cartero.test',
})
const folder = mkdtempSync(join(tmpdir(), 'cartero-auth-'))
const file = (name: string): string => join(folder, name)
const hasOpenssl = lacks('openssl', 'openssl') === false
if (hasOpenssl) await makeCertificate()

function msa(listen: MsaSettings['listen'], rest: Partial<MsaSettings> = {}) {
  const authorities = hasOpenssl ? readFileSync(file('client.pem'), 'utf8') : undefined
  return createMsaAgent({
    settings: {
      hostname: 'mail.cartero.test',
      listen,
      rate: { perHour: 1_000, burst: 1_000 },
      allowPlaintextAuth: false,
      limits: { authFailureDelay: 0, authFailures: 100 },
      ...rest,
    },
    intake: spool,
    directory,
    doorkeeper,
    tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }, { clientAuthorities: authorities }),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
}

const agents = [
  msa([
    { host, port: submission, implicitTls: false },
    { host, port: submissions, implicitTls: true },
  ]),
  msa([{ host, port: proxied, implicitTls: false }], {
    proxyProtocol: ['127.0.0.0/8'],
    allowPlaintextAuth: true,
  }),
]

before(async () => {
  await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
  const account = { address: ALICE, disabled: false, quota: 0n, reversibleSecret: true }
  await directory.AddAccount({ account, password: PASSWORD })
  for (const agent of agents) await agent.start!(AbortSignal.timeout(10_000))
})
after(async () => {
  for (const agent of agents) await agent.stop!()
  await spool.close()
  provider[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

/** A certificate that names Alice, and is its own authority. */
async function makeCertificate(): Promise<void> {
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const where = [
    '-keyout',
    file('client.key'),
    '-out',
    file('client.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=Alice',
  ]
  const { code, stderr } = await command('openssl', [
    ...words,
    ...where,
    '-addext',
    `subjectAltName=email:${ALICE}`,
  ])
  assert.equal(code, 0, stderr)
}

/** How a conversation of our own client ended that had nothing to send but its proof. */
async function logIn(
  authenticate: ChooseMechanism,
  { port = submission, identity }: { readonly port?: number; readonly identity?: Identity } = {},
): Promise<ClientEnding | undefined> {
  const implicitTls = port !== submission
  let ending: ClientEnding | undefined
  const errand = {
    next: () => undefined,
    settled: () => {},
    closed: (how: ClientEnding) => void (ending = how),
  }
  await dial({
    host,
    port,
    clock: systemClock,
    implicitTls,
    tls: { unverified: 'accept', ...(identity && { identity }) },
    signal: AbortSignal.timeout(20_000),
    role: ({ tls }) => ({
      machine: new SmtpClientMachine(errand, {
        hostname: 'client.test',
        startTls: implicitTls ? 'off' : 'required',
        authenticate,
        ...(tls && { tls }),
      }),
      decide: serveErrand(errand),
    }),
  })
  return ending
}

function by(name: string, over: Partial<SaslClientContext> = {}): ChooseMechanism {
  return (offered, tls) => {
    assert.ok(offered.includes(name), offered.join(' '))
    const exchange = mechanismNamed(name)!.connect({
      login: ALICE,
      password: PASSWORD,
      tls,
      offered,
      ...over,
    })
    return { name, exchange }
  }
}

describe('our own client', () => {
  for (const name of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-1', 'CRAM-MD5']) {
    test(`logs in by ${name} after STARTTLS and with TLS at once, and not with a wrong password`, async () => {
      for (const port of [submission, submissions]) {
        assert.deepEqual(await logIn(by(name), { port }), { kind: 'quit' })
        const refused = await logIn(by(name, { password: 'wrong' }), { port })
        assert.equal(refused?.kind === 'refused' && refused.reply.code, 535)
      }
    })
  }

  test('takes the mechanism that binds the channel by itself', async () => {
    let chosen = ''
    const choose: ChooseMechanism = (offered, tls) => {
      const context: SaslClientContext = { login: ALICE, password: PASSWORD, tls, offered }
      const row = preferredMechanism(offered, context)!
      chosen = row.name
      return { name: row.name, exchange: row.connect(context) }
    }
    assert.deepEqual(await logIn(choose), { kind: 'quit' })
    assert.equal(chosen, 'SCRAM-SHA-256-PLUS')
  })

  // RFC 5802 §6
  test('is not let in by somebody in the middle, even one who has the certificate and its key', async () => {
    const middle = createTlsServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
      const onward = connectTls({ port: submissions, host, rejectUnauthorized: false })
      for (const side of [socket, onward]) side.on('error', () => {})
      socket.pipe(onward).pipe(socket)
    })
    middle.listen(0, host)
    await once(middle, 'listening')
    const { port } = middle.address() as AddressInfo
    const refused = await logIn(by('SCRAM-SHA-256-PLUS'), { port })
    assert.equal(refused?.kind === 'refused' && refused.reply.code, 535)
    assert.deepEqual(await logIn(by('SCRAM-SHA-256'), { port }), { kind: 'quit' }, 'which does not notice')
    middle.close()
  })

  test('notices that the offer to bind was taken away on the way to it', async () => {
    // It sees an offer without -PLUS, and says `y`.
    const blinded = by('SCRAM-SHA-256', { offered: ['SCRAM-SHA-256', 'PLAIN'] })
    const refused = await logIn(blinded)
    assert.equal(refused?.kind === 'refused' && refused.reply.code, 535)
  })

  for (const name of ['OAUTHBEARER', 'XOAUTH2']) {
    test(`logs in by ${name}, and not with a token for somebody or something else`, async () => {
      const log = (token: string): Promise<ClientEnding | undefined> => logIn(by(name, { token }))
      assert.deepEqual(await log(provider.token(ALICE)), { kind: 'quit' })
      for (const token of [
        provider.token('bob@cartero.test'),
        provider.token(ALICE, 'calendar'),
        'rubbish',
      ]) {
        const refused = await log(token)
        assert.equal(refused?.kind === 'refused' && refused.reply.code, 535)
      }
    })
  }

  test('logs in by the certificate that it shows, and as nobody else', { skip: !hasOpenssl }, async () => {
    const identity = {
      certificate: readFileSync(file('client.pem'), 'utf8'),
      key: readFileSync(file('client.key'), 'utf8'),
    }
    assert.deepEqual(await logIn(by('EXTERNAL'), { identity }), { kind: 'quit' })
    assert.deepEqual(await logIn(by('EXTERNAL', { login: '' }), { identity, port: submissions }), {
      kind: 'quit',
    })
    const refused = await logIn(by('EXTERNAL', { login: 'bob@cartero.test' }), { identity })
    assert.equal(refused?.kind === 'refused' && refused.reply.code, 535)
  })

  test('is not offered EXTERNAL without a certificate', async () => {
    let seen: readonly string[] = []
    let facts: TlsFacts | undefined
    await logIn((offered, tls) => {
      seen = offered
      facts = tls
      return undefined
    })
    assert.ok(seen.includes('OAUTHBEARER') && !seen.includes('EXTERNAL'), seen.join(' '))
    assert.equal(facts?.version, 'TLSv1.3')
  })
})

/** What curl ends with: 0 sent, 67 login denied. */
async function curl(...words: string[]): Promise<number | null> {
  const letter = file('letter')
  writeFileSync(letter, 'From: alice@cartero.test\r\nSubject: curl\r\n\r\nhello\r\n')
  const from = ['--mail-from', ALICE, '--mail-rcpt', ALICE, '--upload-file', letter]
  const url = `smtps://${host}:${submissions}`
  const { code } = await command('curl', ['--silent', '--insecure', '--url', url, ...from, ...words])
  return code
}

describe('curl', { skip: lacks('curl', 'curl') }, () => {
  for (const method of ['OAUTHBEARER', 'XOAUTH2']) {
    test(`sends by ${method}, and is told when the token is no good`, async () => {
      const words = (token: string): string[] => [
        '--user',
        `${ALICE}:`,
        '--oauth2-bearer',
        token,
        '--login-options',
        `AUTH=${method}`,
      ]
      assert.equal(await curl(...words(provider.token(ALICE))), 0)
      assert.equal(await curl(...words('rubbish')), 67)
    })
  }

  test('sends by CRAM-MD5', async () => {
    const words = (password: string): string[] => [
      '--user',
      `${ALICE}:${password}`,
      '--login-options',
      'AUTH=CRAM-MD5',
    ]
    assert.equal(await curl(...words(PASSWORD)), 0)
    assert.equal(await curl(...words('wrong')), 67)
  })

  test('sends by EXTERNAL', { skip: !hasOpenssl }, async () => {
    const certificate = ['--cert', file('client.pem'), '--key', file('client.key')]
    const words = (name: string): string[] => [
      ...certificate,
      '--user',
      `${name}:`,
      '--login-options',
      'AUTH=EXTERNAL',
    ]
    assert.equal(await curl(...words(ALICE)), 0)
    assert.equal(await curl(...words('bob@cartero.test')), 67)
  })
})

test('swaks logs in by CRAM-MD5', { skip: lacks('swaks', 'swaks') }, async () => {
  const swaks = async (password: string): Promise<string> => {
    const words = [
      '--server',
      host,
      '--port',
      String(submission),
      '--tls',
      '--auth',
      'CRAM-MD5',
      '--auth-hide-password',
    ]
    const who = ['--auth-user', ALICE, '--auth-password', password, '--quit-after', 'AUTH']
    return (await command('swaks', [...words, ...who])).stdout.toString()
  }
  assert.match(await swaks(PASSWORD), /<~ {2}235 2\.7\.0/)
  assert.match(await swaks('wrong'), /<~\* 535 5\.7\.8/)
})

test('Python logs in by CRAM-MD5', { skip: lacks('python3', 'python3') }, async () => {
  const program = `
import smtplib, ssl, sys
context = ssl._create_unverified_context()
with smtplib.SMTP('${host}', ${submission}) as smtp:
    smtp.starttls(context=context)
    smtp.ehlo()
    smtp.user, smtp.password = sys.argv[1:]
    try:
        print(smtp.auth('CRAM-MD5', smtp.auth_cram_md5)[0])
    except smtplib.SMTPAuthenticationError as error:
        print(error.smtp_code)
`
  for (const [password, code] of [
    [PASSWORD, '235'],
    ['wrong', '535'],
  ] as const) {
    const { stdout, stderr } = await command('python3', ['-c', program, ALICE, password])
    assert.equal(stdout.toString().trim(), code, stderr)
  }
})

test('nodemailer sends by XOAUTH2', async () => {
  const send = async (accessToken: string): Promise<unknown> => {
    const transport = createTransport({
      host,
      port: submissions,
      secure: true,
      tls: { rejectUnauthorized: false },
      auth: { type: 'OAuth2', user: ALICE, accessToken },
    })
    try {
      return await transport.sendMail({ from: ALICE, to: ALICE, subject: 'token', text: 'hello' })
    } finally {
      transport.close()
    }
  }
  await send(provider.token(ALICE))
  await assert.rejects(send('rubbish'), /535/)
})

describe('AUTH LOGIN as Outlook and its kin say it', () => {
  const words = (text: string): string => Buffer.from(text).toString('base64')

  for (const [how, first, second] of [
    ['with nothing', 'AUTH LOGIN', words(ALICE)],
    ['in lower case', 'auth login', words(ALICE)],
    ['with an empty initial response', 'AUTH LOGIN =', words(ALICE)],
    ['with the user name at once', `AUTH LOGIN ${words(ALICE)}`, undefined],
  ] as const) {
    test(`lets in ${how}`, async () => {
      using client = await LineClient.connectTls(submissions)
      await client.reply()
      await client.smtp('EHLO client.test')
      let reply = await client.smtp(first)
      if (second !== undefined) {
        assert.equal(reply, '334 VXNlcm5hbWU6\r\n')
        reply = await client.smtp(second)
      }
      assert.equal(reply, '334 UGFzc3dvcmQ6\r\n')
      assert.match(await client.smtp(words(PASSWORD)), /^235 2\.7\.0/)
    })
  }

  test('is told what is not base64, and may try again', async () => {
    using client = await LineClient.connectTls(submissions)
    await client.reply()
    await client.smtp('EHLO client.test')
    assert.match(await client.smtp(`AUTH LOGIN ${ALICE}`), /^501 5\.5\.2/)
    await client.smtp('AUTH LOGIN')
    assert.match(await client.smtp(ALICE), /^501 5\.5\.2/)
    await client.smtp('AUTH LOGIN')
    await client.smtp(words(ALICE))
    assert.match(await client.smtp(words(PASSWORD).slice(0, -1)), /^501 5\.5\.2/)
    await client.smtp('AUTH LOGIN')
    await client.smtp(words(ALICE))
    assert.match(await client.smtp(words(PASSWORD)), /^235/)
  })
})

describe('a peer that guesses', () => {
  const plain = (password: string): string => Buffer.from(`\0${ALICE}\0${password}`).toString('base64')

  async function from(address: string): Promise<{ client: LineClient; greeting: string }> {
    const client = await LineClient.connect(proxied)
    client.write(`PROXY TCP4 ${address} 127.0.0.1 4711 587\r\n`)
    return { client, greeting: await client.reply() }
  }

  async function introduced(address: string): Promise<LineClient> {
    const { client, greeting } = await from(address)
    assert.match(greeting, /^220/)
    await client.smtp('EHLO client.test')
    await client.smtp('STARTTLS')
    const secured = await client.secured()
    await secured.smtp('EHLO client.test')
    return secured
  }

  test('is turned away at AUTH and when it connects, and nobody else is', async () => {
    using guesser = await introduced('192.0.2.66')
    for (let n = 0; n < bans.limits.failures; n++)
      assert.match(await guesser.smtp(`AUTH PLAIN ${plain(`guess ${n}`)}`), /^535 5\.7\.8/)
    assert.match(await guesser.smtp(`AUTH PLAIN ${plain(PASSWORD)}`), /^454 4\.7\.0/)
    const { client, greeting } = await from('192.0.2.66')
    assert.match(greeting, /^421 4\.7\.0 /)
    client[Symbol.dispose]()
    using other = await introduced('192.0.2.67')
    assert.match(await other.smtp(`AUTH PLAIN ${plain(PASSWORD)}`), /^235/)
    bans.lift('192.0.2.66')
    using forgiven = await introduced('192.0.2.66')
    assert.match(await forgiven.smtp(`AUTH PLAIN ${plain(PASSWORD)}`), /^235/)
  })

  test('is not a client that repeats an old password', async () => {
    using client = await introduced('192.0.2.68')
    for (let n = 0; n < 2 * bans.limits.failures; n++)
      assert.match(await client.smtp(`AUTH PLAIN ${plain('old words')}`), /^535/)
    assert.match(await client.smtp(`AUTH PLAIN ${plain(PASSWORD)}`), /^235/)
  })
})
