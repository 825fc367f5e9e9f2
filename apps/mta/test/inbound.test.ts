// The MX port over real sockets, with everything behind it in memory: what strangers may and may not do.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { ContentStoreError } from '@cartero/content'
import { MemoryContentLog } from '@cartero/content/memory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createMtaAgent } from '@cartero/mta-agent/agent'
import type { Delivery } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { freePortBase, LineClient } from '@cartero/testkit'

const directory = openMemoryDirectory()
const content = new MemoryContentLog()
const spool = new MemorySpool({ content })
const metrics = new MetricRegistry()
const port = (await freePortBase()) + 25
const agent = createMtaAgent({
  settings: {
    hostname: 'mx.cartero.test',
    listen: [{ host: '127.0.0.1', port }],
    limits: { messageSize: 100_000 },
  },
  spool,
  directory,
  logger: createLoggerTo((line) => lines.push(line)),
  metrics,
})
const leased = spool.lease('local', 1, AbortSignal.timeout(60_000))[Symbol.asyncIterator]()
let client: LineClient
const lines: string[] = []

async function delivered(): Promise<{ delivery: Delivery; octets: string; prefix: string }> {
  const [delivery] = (await leased.next()).value as readonly Delivery[]
  const octets = (await content.read(delivery!.message.content)).toString('latin1')
  await spool.settle([{ id: delivery!.id, state: 'delivered' }])
  return { delivery: delivery!, octets, prefix: delivery!.message.prefix.toString() }
}

async function rejections(at: string): Promise<number> {
  const { text } = await metrics.exposition()
  return Number(new RegExp(`^cartero_mta_rejections_total\\{at="${at}"\\} (\\d+)$`, 'm').exec(text)?.[1])
}

async function transaction(...recipients: string[]): Promise<void> {
  assert.match(await client.smtp('MAIL FROM:<stranger@elsewhere.test>'), /^250 2\.1\.0/)
  for (const recipient of recipients)
    assert.match(await client.smtp(`RCPT TO:<${recipient}>`), /^250 2\.1\.5/)
}

describe('the MX port', () => {
  before(async () => {
    await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    for (const address of ['alice@cartero.test', 'bob@cartero.test']) {
      await directory.AddAccount({
        account: { address, disabled: false, quota: 0n },
        password: 'secret words',
      })
    }
    await directory.SetAlias({
      alias: { address: 'both@cartero.test', targets: ['alice@cartero.test', 'bob@cartero.test'] },
    })
    await agent.start!(AbortSignal.timeout(10_000))
  })
  after(async () => {
    await agent.drain!(AbortSignal.abort())
    await agent.stop!()
    await spool.close()
  })
  beforeEach(async () => {
    client?.[Symbol.dispose]()
    client = await LineClient.connect(port)
    assert.match(await client.reply(), /^220 mx\.cartero\.test ESMTP/)
    await client.smtp('EHLO client.test')
  })

  test('a letter is spooled octet for octet behind a Received field with its queue id', async () => {
    await transaction('bob@cartero.test')
    assert.match(await client.smtp('DATA'), /^354/)
    const reply = await client.smtp('Subject: x\r\n\r\n..dot\r\nbody\r\n.')
    const id = /^250 2\.\d\.\d .*\b([0-9A-Z]{16})\b/.exec(reply)![1]!
    const { octets, prefix, delivery } = await delivered()
    assert.equal(octets, 'Subject: x\r\n\r\n.dot\r\nbody\r\n')
    assert.match(
      prefix,
      new RegExp(
        `^Received: from client\\.test \\(\\[127\\.0\\.0\\.1\\]\\)[^]* id\\s+${id}\\s+for\\s+<bob@cartero\\.test>`,
      ),
    )
    assert.equal(delivery.message.queueId, id)
  })

  test('a body without header gets an empty line, so that its text is not read as fields', async () => {
    await transaction('bob@cartero.test')
    await client.smtp('DATA')
    await client.smtp('just text\r\n.')
    const { prefix, octets } = await delivered()
    assert.ok(prefix.endsWith('\r\n\r\n'))
    assert.equal(octets, 'just text\r\n')
  })

  test('an alias and its member in one transaction make one copy for each mailbox', async () => {
    await transaction('both@cartero.test', 'bob+tag@cartero.test', 'bob@cartero.test')
    await client.smtp('DATA')
    await client.smtp('Subject: x\r\n\r\nx\r\n.')
    const { delivery } = await delivered()
    assert.deepEqual(delivery.recipients.map(({ account }) => account).toSorted(), [
      'alice@cartero.test',
      'bob@cartero.test',
    ])
  })

  // Notices say that he is to be asked; RFC 5321 §4.5.1, RFC 1123 §5.2.17
  test('the postmaster of the host is there by its name and its address, and nobody else is', async () => {
    await client.smtp('MAIL FROM:<somebody@elsewhere.test>')
    const rcpt = (address: string): Promise<string> => client.smtp(`RCPT TO:<${address}>`)
    assert.match(await rcpt('postmaster@mx.cartero.test'), /^250/)
    assert.match(await rcpt('Postmaster@MX.Cartero.test'), /^250/)
    assert.match(await rcpt('postmaster@[127.0.0.1]'), /^250/)
    assert.match(await rcpt('bob@mx.cartero.test'), /^550 5\.7\.1/)
    assert.match(await rcpt('bob@[127.0.0.1]'), /^550 5\.7\.1/)
    assert.match(await rcpt('postmaster@[127.0.0.2]'), /^550 5\.7\.1/)
    assert.match(await rcpt('postmaster@[x-tag:127.0.0.1]'), /^550 5\.7\.1/)
    assert.match(await rcpt('postmaster@elsewhere.test'), /^550 5\.7\.1/)
    await client.smtp('DATA')
    await client.smtp('Subject: x\r\n\r\nx\r\n.')
    const { delivery } = await delivered()
    assert.deepEqual(
      delivery.recipients.map(({ account }) => account),
      ['alice@cartero.test'],
    )
  })

  test('nobody relays through us', async () => {
    await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
    const attempts = [
      'victim@elsewhere.test',
      'victim%elsewhere.test@mx.cartero.test',
      '"victim@elsewhere.test"@elsewhere.test',
      '@cartero.test:victim@elsewhere.test',
      'victim@[127.0.0.1]',
      'elsewhere.test!victim@nowhere.test',
    ]
    for (const attempt of attempts)
      assert.match(await client.smtp(`RCPT TO:<${attempt}>`), /^55\d 5\./, attempt)
    assert.match(await client.smtp('DATA'), /^55\d|^503/)
  })

  test('unknown users are told apart from relaying', async () => {
    await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
    assert.match(await client.smtp('RCPT TO:<nobody@cartero.test>'), /^550 5\.1\.1/)
    assert.match(await client.smtp('RCPT TO:<Postmaster>'), /^250/)
    assert.match(await client.smtp('RCPT TO:<abuse@cartero.test>'), /^250/)
  })

  test('what is refused is counted at the stage where it was', async () => {
    const before = await rejections('rcpt')
    await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
    await client.smtp('RCPT TO:<nobody@cartero.test>')
    await client.smtp('RCPT TO:<not an address>')
    assert.equal(await rejections('rcpt'), before + 2)
  })

  test('a refusal says in the log whom it is about', async () => {
    await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
    await client.smtp('RCPT TO:<whoever@elsewhere.test>')
    const line = JSON.parse(lines.findLast((text) => text.includes('message.rejected'))!)
    assert.equal(line.helo, 'client.test')
    assert.equal(line.from, 'stranger@elsewhere.test')
    assert.equal(line.to, 'whoever@elsewhere.test')
    assert.equal(line.at, 'rcpt')
  })

  test('a client that goes away within DATA leaves nothing in the spool', async () => {
    await transaction('bob@cartero.test')
    await client.smtp('DATA')
    client.write('Subject: never finished\r\n\r\nhalf a let')
    client[Symbol.dispose]()
    client = await LineClient.connect(port)
    await client.reply()
    await client.smtp('EHLO again.test')
    assert.equal(spool.waiting, 0)
  })

  test('a message in a loop is refused', async () => {
    await transaction('bob@cartero.test')
    await client.smtp('DATA')
    const trace = 'Received: from a by b; Mon, 05 Jan 2026 10:00:00 +0000\r\n'.repeat(100)
    assert.match(await client.smtp(`${trace}Subject: x\r\n\r\nx\r\n.`), /^554 5\.4\.6/)
    assert.equal(spool.waiting, 0)
  })

  test('a smuggled second message stays inside the first, which is refused', async () => {
    const endings = ['\n.\n', '\n.\r\n', '\r.\r', '\r\n.\n', '\r\n.\r', '\r\n.\r\r\n', '\r.\r\n', '\n.\r']
    for (const ending of endings) {
      await transaction('bob@cartero.test')
      await client.smtp('DATA')
      const smuggled =
        'MAIL FROM:<admin@cartero.test>\r\nRCPT TO:<alice@cartero.test>\r\nDATA\r\nSubject: evil\r\n\r\nevil'
      assert.match(
        await client.smtp(`Subject: x\r\n\r\nx${ending}${smuggled}\r\n.`),
        /^550 5\.6\.0/,
        JSON.stringify(ending),
      )
      assert.equal(spool.waiting, 0)
    }
  })

  test('a message over the limit is refused and the session lives on', async () => {
    assert.match(await client.smtp('MAIL FROM:<a@elsewhere.test> SIZE=100001'), /^552 5\.3\.4/)
    await transaction('bob@cartero.test')
    await client.smtp('DATA')
    assert.match(await client.smtp(`${'x'.repeat(76)}\r\n`.repeat(2_000) + '.'), /^552 5\.3\.4/)
    assert.match(await client.smtp('NOOP'), /^250/)
  })

  test('a full disk is a 452, nothing is spooled, and the session lives on', async (t) => {
    t.mock.method(content, 'begin', () => ({
      size: 0,
      write: () => {},
      commit: () => Promise.reject(new ContentStoreError('full', 'no space left')),
      abort: () => {},
    }))
    await transaction('bob@cartero.test')
    await client.smtp('DATA')
    assert.match(await client.smtp('Subject: x\r\n\r\nx\r\n.'), /^452 4\.3\.1/)
    t.mock.restoreAll()
    await transaction('bob@cartero.test')
    await client.smtp('DATA')
    assert.match(await client.smtp('Subject: y\r\n\r\ny\r\n.'), /^250/)
    await delivered()
  })

  test('a directory that is away is a 451, not a 550', async (t) => {
    t.mock.method(directory, 'resolveNow', () => undefined)
    t.mock.method(directory, 'Resolve', () => Promise.reject(new Error('the directory is away')))
    await client.smtp('MAIL FROM:<a@elsewhere.test>')
    assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^451 4\./)
  })

  test('a shutdown tells idle sessions 421', async () => {
    void agent.drain!(AbortSignal.timeout(5_000))
    assert.match(await client.reply(), /^421 4\.3\.2/)
  })
})
