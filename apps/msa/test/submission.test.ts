// The submission ports over real sockets, with everything behind them in memory: who may send what.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { credentialVerifier, DirectoryError } from '@cartero/directory'
import { Doorkeeper } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createMsaAgent } from '@cartero/msa-agent/agent'
import type { SpooledMessage } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { CERTIFICATE, freePortBase, KEY, LineClient } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'
import { createTransport } from 'nodemailer'

const clock = new ManualClock()
const directory = openMemoryDirectory()
const content = new MemoryContentLog()
const spool = new MemorySpool({ content })
const base = await freePortBase()
const [open, submission, submissions] = [base + 25, base + 587, base + 465]
const tls = new TlsServer({ certificate: CERTIFICATE, key: KEY })

function msa(
  listen: { host: string; port: number; implicitTls: boolean }[],
  allowPlaintextAuth: boolean,
  perHour: number,
) {
  return createMsaAgent({
    settings: {
      hostname: 'mail.cartero.test',
      listen,
      rate: { perHour, burst: perHour },
      allowPlaintextAuth,
      // The clock stands still, and nobody would get an answer.
      limits: { authFailureDelay: 0 },
    },
    intake: spool,
    directory,
    doorkeeper: new Doorkeeper({ verifier: () => credentialVerifier(directory) }),
    tls,
    logger: silentLogger,
    metrics: new MetricRegistry(),
    clock,
  })
}

const host = '127.0.0.1'
const secured = msa(
  [
    { host, port: submission, implicitTls: false },
    { host, port: submissions, implicitTls: true },
  ],
  false,
  1_000,
)
const onLoopback = msa([{ host, port: open, implicitTls: false }], true, 5)
const arrivals = spool.arrivals(1, AbortSignal.timeout(60_000))[Symbol.asyncIterator]()
let client: LineClient

const plain = (login: string, password: string): string =>
  Buffer.from(`\0${login}\0${password}`).toString('base64')
const ALICE = plain('alice@cartero.test', 'alice words')

async function arrived(): Promise<{ message: SpooledMessage; octets: string; prefix: string }> {
  const [message] = (await arrivals.next()).value as readonly SpooledMessage[]
  const octets = (await content.read(message!.content)).toString('latin1')
  await spool.route([{ queueId: message!.queueId, deliveries: [] }])
  return { message: message!, octets, prefix: message!.prefix.toString() }
}

async function send(letter: string, from = 'alice@cartero.test'): Promise<string> {
  assert.match(await client.smtp(`MAIL FROM:<${from}>`), /^250/)
  assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^250/)
  await client.smtp('DATA')
  return client.smtp(`${letter}\r\n.`)
}

before(async () => {
  await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
  for (const name of ['alice', 'bob']) {
    const account = { address: `${name}@cartero.test`, disabled: false, quota: 0n }
    await directory.AddAccount({ account, password: `${name} words` })
  }
  await directory.SetAlias({ alias: { address: 'sales@cartero.test', targets: ['alice@cartero.test'] } })
  for (const agent of [secured, onLoopback]) await agent.start!(AbortSignal.timeout(10_000))
})
after(async () => {
  for (const agent of [secured, onLoopback]) await agent.stop!()
  await spool.close()
})

describe('a submission server on loopback that allows AUTH without TLS', () => {
  beforeEach(async () => {
    client?.[Symbol.dispose]()
    client = await LineClient.connect(open)
    await client.reply()
    await client.smtp('EHLO client.test')
  })

  test('nothing is accepted before AUTH', async () => {
    assert.match(await client.smtp('MAIL FROM:<alice@cartero.test>'), /^530 5\.7\.0/)
  })

  test('a wrong password is refused and the right one accepted', async () => {
    assert.match(await client.smtp(`AUTH PLAIN ${plain('alice@cartero.test', 'wrong')}`), /^535 5\.7\.8/)
    assert.match(await client.smtp(`AUTH PLAIN ${ALICE}`), /^235 2\.7\.0/)
  })

  for (const fault of ['busy', 'unavailable'] as const) {
    const away = (): Promise<never> => Promise.reject(new DirectoryError(fault, 'not now'))

    // RFC 4954 §6
    test(`a directory that is ${fault} is a 454 to AUTH: the password may be right`, async (t) => {
      t.mock.method(directory, 'Authenticate', away)
      t.mock.method(directory, 'ScramKeys', away)
      assert.match(await client.smtp(`AUTH PLAIN ${ALICE}`), /^454 4\.7\.0/)
      await client.smtp('AUTH SCRAM-SHA-256')
      const first = Buffer.from('n,,n=alice@cartero.test,r=nonce').toString('base64')
      assert.match(await client.smtp(first), /^454 4\.7\.0/)
      t.mock.restoreAll()
      assert.match(await client.smtp(`AUTH PLAIN ${ALICE}`), /^235/)
    })

    // RFC 5321 §4.2.4
    test(`a directory that is ${fault} is a 451 to MAIL and RCPT, and the letter can go on after it`, async (t) => {
      await client.smtp(`AUTH PLAIN ${plain('bob@cartero.test', 'bob words')}`)
      t.mock.method(directory, 'senderAllowedNow', () => undefined)
      t.mock.method(directory, 'SenderAllowed', away)
      assert.match(await client.smtp('MAIL FROM:<bob@cartero.test>'), /^451 4\.4\.3/)
      t.mock.restoreAll()
      assert.match(await client.smtp('MAIL FROM:<bob@cartero.test>'), /^250/)
      t.mock.method(directory, 'resolveNow', () => undefined)
      t.mock.method(directory, 'Resolve', away)
      assert.match(await client.smtp('RCPT TO:<alice@cartero.test>'), /^451 4\.4\.3/)
      t.mock.restoreAll()
      assert.match(await client.smtp('RCPT TO:<alice@cartero.test>'), /^250/)
    })
  }

  test('an account sends as itself, as its alias and as nobody, and as nobody else', async () => {
    await client.smtp(`AUTH PLAIN ${ALICE}`)
    for (const sender of [
      'alice@cartero.test',
      'ALICE@CARTERO.TEST',
      'alice+tag@cartero.test',
      'sales@cartero.test',
      '',
    ]) {
      assert.match(await client.smtp(`MAIL FROM:<${sender}>`), /^250/, sender)
      await client.smtp('RSET')
    }
    for (const sender of ['bob@cartero.test', 'alice@elsewhere.test', 'nobody@cartero.test']) {
      assert.match(await client.smtp(`MAIL FROM:<${sender}>`), /^550 5\.7\.1/, sender)
    }
  })

  test('a message without Date and Message-ID gets both', async () => {
    await client.smtp(`AUTH PLAIN ${ALICE}`)
    assert.match(await send('From: alice@cartero.test\r\n\r\nx'), /^250/)
    const { prefix, octets, message } = await arrived()
    assert.match(
      prefix,
      /^Received: [^]*\r\nDate: Thu, 01 Jan 2026 00:00:00 \+0000\r\nMessage-ID: <\S+@mail\.cartero\.test>\r\n$|^Received: [^]*\r\nDate: Thu, 1 Jan 2026 00:00:00 \+0000\r\nMessage-ID: <\S+@mail\.cartero\.test>\r\n$/,
    )
    assert.equal(octets, 'From: alice@cartero.test\r\n\r\nx\r\n')
    assert.equal(message.envelope.account, 'alice@cartero.test')
  })

  test('a message that has both is not touched', async () => {
    await client.smtp(`AUTH PLAIN ${ALICE}`)
    await send('Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nmessage-id: <a@b>\r\n\r\nx')
    const { prefix } = await arrived()
    assert.doesNotMatch(prefix, /^(Date|Message-ID):/im)
    assert.match(prefix, / with\s+ESMTPA\s/)
  })

  test('a recipient elsewhere is refused at once instead of being lost later', async () => {
    await client.smtp(`AUTH PLAIN ${ALICE}`)
    await client.smtp('MAIL FROM:<alice@cartero.test>')
    assert.match(await client.smtp('RCPT TO:<friend@elsewhere.test>'), /^550 5\.4\.4/)
  })

  test('a stolen password does not make a spam cannon, and another account is not slowed', async () => {
    clock.advance(3_600_000)
    client = await LineClient.connect(open)
    await client.reply()
    await client.smtp('EHLO client.test')
    await client.smtp(`AUTH PLAIN ${ALICE}`)
    await client.smtp('MAIL FROM:<alice@cartero.test>')
    for (let i = 0; i < 5; i++) assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^250/)
    assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^450 4\.7\.1/)
    using other = await LineClient.connect(open)
    await other.reply()
    await other.smtp('EHLO client.test')
    await other.smtp(`AUTH PLAIN ${plain('bob@cartero.test', 'bob words')}`)
    await other.smtp('MAIL FROM:<bob@cartero.test>')
    assert.match(await other.smtp('RCPT TO:<alice@cartero.test>'), /^250/)
  })
})

describe('a submission server that wants TLS', () => {
  beforeEach(async () => {
    client?.[Symbol.dispose]()
    client = await LineClient.connect(submission)
    await client.reply()
  })

  test('AUTH is neither offered nor possible before TLS', async () => {
    assert.doesNotMatch(await client.smtp('EHLO client.test'), /AUTH/)
    assert.match(await client.smtp(`AUTH PLAIN ${ALICE}`), /^5(30|38|04) 5\./)
    assert.match(await client.smtp('MAIL FROM:<alice@cartero.test>'), /^530 5\.7\.0/)
  })

  test('what is pipelined behind STARTTLS is not obeyed', async () => {
    await client.smtp('EHLO client.test')
    client.write('STARTTLS\r\nRSET\r\nNOOP\r\n')
    assert.match(await client.reply(), /^220/)
    const socket = connectTls({ socket: client.socket, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    socket.write('EHLO again.test\r\n')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(
      answer.toString(),
      /^250-mail\.cartero\.test\r\n[^]*AUTH SCRAM-SHA-256-PLUS .*SCRAM-SHA-256 .*PLAIN LOGIN\r\n/,
    )
    socket.destroy()
  })

  for (const method of ['PLAIN', 'LOGIN']) {
    test(`nodemailer sends by ${method} with STARTTLS and with TLS at once`, async () => {
      for (const port of [submission, submissions]) {
        const transport = createTransport({
          host,
          port,
          secure: port === submissions,
          requireTLS: true,
          tls: { rejectUnauthorized: false },
          authMethod: method,
          auth: { user: 'bob@cartero.test', pass: 'bob words' },
        })
        await transport.sendMail({
          from: 'bob@cartero.test',
          to: 'alice@cartero.test',
          subject: method,
          text: 'hello',
        })
        transport.close()
        const { prefix } = await arrived()
        assert.match(prefix, / with\s+ESMTPSA\s+\(TLSv1\.3/)
      }
    })
  }
})
