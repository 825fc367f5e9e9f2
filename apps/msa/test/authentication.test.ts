// Who may log in, by which proof, and who is turned away, over real sockets and TLS with our own client.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, describe, test } from 'node:test'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { mechanismNamed, preferredMechanism, type SaslClientContext } from '@cartero/sasl'
import { serveErrand, SmtpClientMachine, type ChooseMechanism, type ClientEnding } from '@cartero/smtp/client'
import { CERTIFICATE, KEY, LineClient } from '@cartero/testkit'
import { systemClock, type TlsFacts } from '@cartero/wire'
import { dial, type Identity } from '@cartero/wire/node'
import { ALICE, hasOpenssl, HOST as host, LoginStage, PASSWORD } from './login-stage.ts'

const stage = await LoginStage.open()
const { submission, submissions, proxied, provider, bans } = stage
after(() => stage[Symbol.asyncDispose]())

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
      certificate: readFileSync(stage.file('client.pem'), 'utf8'),
      key: readFileSync(stage.file('client.key'), 'utf8'),
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
