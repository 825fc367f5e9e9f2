// Other agents deliver straight into our mailboxes, over real sockets, with everything behind the door in memory.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTo } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { ContentStoreError } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createMemoryMailStore } from '@cartero/mailstore/memory'
import { createMdaAgent } from '@cartero/mda-agent/agent'
import {
  parseForwardPath,
  parseReversePath,
  serveErrand,
  SmtpClientMachine,
  type OutgoingTransaction,
  type SmtpErrand,
} from '@cartero/smtp/client'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices } from '@cartero/spool/notices'
import { command, freePortBase, lacks, LineClient } from '@cartero/testkit'
import { NetworkSet, parseNetwork, systemClock as clock, type Role } from '@cartero/wire'
import { dial } from '@cartero/wire/node'

const LETTER = 'Subject: hello\r\n\r\nbody\r\n'

async function house(port: number, trusted = '127.0.0.0/8') {
  const content = new MemoryContentLog()
  const spool = new MemorySpool({ content })
  const mailStore = createMemoryMailStore()
  const directory = openMemoryDirectory()
  await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
  for (const [name, disabled] of [
    ['alice', false],
    ['bob', false],
    ['full', false],
    ['carol', true],
  ] as const)
    await directory.AddAccount({
      account: { address: `${name}@cartero.test`, disabled, quota: 0n },
      password: 'secret words',
    })
  const both = { address: 'both@cartero.test', targets: ['alice@cartero.test', 'full@cartero.test'] }
  await directory.SetAlias({ alias: both })
  const away = { address: 'away@cartero.test', targets: ['bob@cartero.test', 'bob@elsewhere.test'] }
  await directory.SetAlias({ alias: away })
  await mailStore.provision('full@cartero.test')
  await mailStore.setQuota('full@cartero.test', 1)
  const random = (octets: number): Uint8Array => new Uint8Array(octets)
  const agent = createMdaAgent({
    spool,
    mailStore,
    content,
    notices: new Notices({ intake: spool, content, hostname: 'mda.cartero.test', clock, random }),
    lmtp: {
      directory,
      settings: {
        hostname: 'mda.cartero.test',
        listen: [{ host: '127.0.0.1', port }],
        trusted: new NetworkSet([parseNetwork(trusted)!]),
        limits: { messageSize: 100_000 },
      },
    },
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
  await agent.start!(AbortSignal.timeout(10_000))
  const letters = async (localPart: string): Promise<string[]> => {
    const inbox = await mailStore.mailbox(`${localPart}@cartero.test`, 'INBOX')
    if (inbox === undefined) return []
    const { rows } = await mailStore.open(inbox.id)
    const stored = await mailStore.fetch(
      inbox.id,
      rows.map(({ uid }) => uid),
    )
    return Promise.all(
      stored.map(async ({ prefix, content: id }) => prefix.toString() + (await content.read(id)).toString()),
    )
  }
  return { content, spool, mailStore, agent, letters }
}

describe('the LMTP door', () => {
  let port: number
  let rooms: Awaited<ReturnType<typeof house>>
  let client: LineClient
  beforeEach(async () => {
    port = (await freePortBase()) + 24
    rooms = await house(port)
    client = await connect()
  })
  afterEach(async () => {
    client[Symbol.dispose]()
    await rooms.spool.close()
    await rooms.agent.drain!(AbortSignal.abort())
    await rooms.agent.stop!()
  })

  async function connect(): Promise<LineClient> {
    const other = await LineClient.connect(port)
    assert.match(await other.reply(), /^220/)
    assert.match(await other.smtp('LHLO elsewhere.test'), /PIPELINING/)
    return other
  }

  /** A transaction up to the end of data; the answers come one for each recipient. */
  async function transaction(
    to: LineClient,
    recipients: readonly string[],
    letter = LETTER,
  ): Promise<string[]> {
    await to.smtp('MAIL FROM:<stranger@elsewhere.test>')
    for (const recipient of recipients) assert.match(await to.smtp(`RCPT TO:<${recipient}>`), /^250/)
    assert.match(await to.smtp('DATA'), /^354/)
    const answers = [await to.smtp(`${letter}.`)]
    while (answers.length < recipients.length) answers.push(await to.reply())
    return answers
  }

  test('answers for each recipient, in order, when it is in the mailbox', async () => {
    const answers = await transaction(client, ['alice@cartero.test', 'full@cartero.test', 'bob@cartero.test'])
    assert.deepEqual(
      answers.map((answer) => answer.slice(0, 9)),
      ['250 2.0.0', '452 4.2.2', '250 2.0.0'],
    )
    assert.equal((await rooms.letters('alice')).length, 1)
    assert.equal((await rooms.letters('full')).length, 0)
    const [letter] = await rooms.letters('bob')
    assert.match(
      letter!,
      /^Return-Path: <stranger@elsewhere\.test>\r\nDelivered-To: bob@cartero\.test\r\nReceived: from elsewhere\.test/,
    )
    assert.match(letter!, /\bwith\s+LMTP\b/)
    assert.ok(letter!.endsWith(LETTER))
    assert.equal(rooms.spool.waiting, 0)
  })

  test('knows whom it has not, before the message comes', async () => {
    await client.smtp('MAIL FROM:<>')
    assert.match(await client.smtp('RCPT TO:<nobody@cartero.test>'), /^550 5\.1\.1/)
    assert.match(await client.smtp('RCPT TO:<carol@cartero.test>'), /^550 5\.2\.1/)
    assert.match(await client.smtp('RCPT TO:<someone@elsewhere.test>'), /^550/)
    assert.match(await client.smtp('RCPT TO:<away@cartero.test>'), /^550 5\.4\.4/)
    assert.match(await client.smtp('DATA'), /^5/)
  })

  test('gives an alias to all of its mailboxes or to none, since it has one answer', async () => {
    const [answer] = await transaction(client, ['both@cartero.test'])
    assert.match(answer!, /^452 4\.2\.2/)
    assert.deepEqual(await rooms.letters('alice'), [])
    await rooms.mailStore.setQuota('full@cartero.test', 0)
    assert.match((await transaction(client, ['both@cartero.test']))[0]!, /^250/)
    assert.equal((await rooms.letters('alice')).length, 1)
    assert.equal((await rooms.letters('full')).length, 1)
  })

  test('makes no second copy for a client that lost the answer and comes again', async () => {
    assert.match((await transaction(client, ['bob@cartero.test']))[0]!, /^250/)
    client.socket.destroy()
    client = await connect()
    assert.match((await transaction(client, ['bob@cartero.test']))[0]!, /^250/)
    assert.equal((await rooms.letters('bob')).length, 1)
  })

  test('makes no second copy for one recipient when the client lost his answer alone', async () => {
    await transaction(client, ['bob@cartero.test', 'alice@cartero.test'])
    client.socket.destroy()
    client = await connect()
    assert.match((await transaction(client, ['alice@cartero.test']))[0]!, /^250/)
    assert.equal((await rooms.letters('alice')).length, 1)
    assert.equal((await rooms.letters('bob')).length, 1)
  })

  test('takes the same octets from a client that heard the answer for another message', async () => {
    await transaction(client, ['bob@cartero.test'])
    await transaction(client, ['bob@cartero.test'])
    await client.smtp('QUIT')
    client = await connect()
    await transaction(client, ['bob@cartero.test'])
    assert.equal((await rooms.letters('bob')).length, 3)
  })

  test('promises nothing when the disk is full, and says so, whenever that shows', async (t) => {
    const full = new ContentStoreError('full', 'no space')
    const fine = { write: (): void | Promise<void> => {}, commit: () => Promise.reject(full) }
    for (const draft of [
      fine,
      { ...fine, write: () => Promise.reject(full) },
      {
        ...fine,
        write: () => {
          throw full
        },
      },
    ]) {
      t.mock.method(rooms.content, 'begin', () => ({ size: 0, abort: () => {}, ...draft }))
      const answers = await transaction(client, ['alice@cartero.test', 'bob@cartero.test'])
      assert.deepEqual(
        answers.map((answer) => answer.slice(0, 9)),
        ['452 4.3.1', '452 4.3.1'],
      )
      assert.deepEqual(await rooms.letters('bob'), [])
    }
  })

  test('ends what goes round in circles', async () => {
    const circles = 'Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n'.repeat(100)
    assert.match((await transaction(client, ['bob@cartero.test'], circles + LETTER))[0]!, /^554 5\.4\.6/)
  })

  test('is for trusted networks only, and strangers take no place of theirs', async () => {
    const other = await house(port + 1, '192.0.2.0/24')
    const socket = connectTo(port + 1, '127.0.0.1')
    let said = ''
    socket.setEncoding('latin1').on('data', (text: string) => (said += text))
    // They say nothing, and are gone all the same.
    await once(socket, 'end', { signal: AbortSignal.timeout(10_000) })
    assert.match(said, /^554 5\.3\.2 /)
    await other.spool.close()
    await other.agent.drain!(AbortSignal.abort())
  })

  test('does not speak SMTP', async () => {
    using other = await LineClient.connect(port)
    await other.reply()
    assert.match(await other.smtp('EHLO elsewhere.test'), /^5/)
  })

  test('is understood by our own client, each recipient by its own answer', async () => {
    const transaction: OutgoingTransaction = {
      reversePath: parseReversePath('stranger@elsewhere.test')!,
      recipients: ['alice', 'full', 'nobody', 'bob'].map((name) => ({
        path: parseForwardPath(`${name}@cartero.test`)!,
      })),
      content: Buffer.from(LETTER),
    }
    const messages = [transaction]
    const told: string[] = []
    const errand: SmtpErrand = {
      next: () => messages.shift(),
      settled: (_, outcomes) => told.push(...outcomes.map(({ kind }) => kind)),
    }
    const machine = new SmtpClientMachine(errand, { hostname: 'elsewhere.test', protocol: 'lmtp' })
    const role = { machine, decide: serveErrand(errand) } as Role
    await dial({ host: '127.0.0.1', port, clock, role, signal: AbortSignal.timeout(10_000) })
    assert.deepEqual(told, ['delivered', 'deferred', 'failed', 'delivered'])
    assert.equal((await rooms.letters('bob')).length, 1)
  })

  test('is understood by the client of another house', { skip: lacks('python3', 'python3') }, async () => {
    // One recipient each: this client reads one answer only, whoever else was accepted.
    const script = `
import smtplib
for to in ['alice@cartero.test', 'full@cartero.test']:
    with smtplib.LMTP('127.0.0.1', ${port}) as client:
        try:
            client.sendmail('a@elsewhere.test', [to], 'Subject: from python\\r\\n\\r\\nx\\r\\n')
            print('taken')
        except smtplib.SMTPDataError as error:
            print(error.smtp_code)
`
    const { stdout, code, stderr } = await command('python3', ['-c', script])
    assert.equal(code, 0, stderr)
    assert.equal(stdout.toString(), 'taken\n452\n')
    assert.match((await rooms.letters('alice'))[0]!, /Subject: from python/)
  })
})
