import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryContentLog } from '@cartero/content/memory'
import { parseDeliveryReport } from '@cartero/message'
import type { Delivery, Envelope, Outcome } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices } from '@cartero/spool/notices'
import { CourierStage, LETTER } from './courier-stage.ts'
import { ScriptedServer, type Script } from './scripted-server.ts'

const DAY = 86_400_000

/** A spool and its notices; what they write is read again. */
class Office {
  readonly stage: CourierStage
  readonly spool: MemorySpool
  readonly notices: Notices
  readonly #content = new MemoryContentLog()

  constructor(server: ScriptedServer) {
    this.stage = new CourierStage([server], { content: this.#content })
    const { clock } = this.stage
    this.spool = new MemorySpool({ content: this.#content, clock })
    this.notices = new Notices({
      intake: this.spool,
      content: this.#content,
      hostname: 'mail.example.org',
      clock,
      random: (octets) => new Uint8Array(octets).fill(7),
    })
  }

  /** A letter that waits in the spool. */
  async delivery(envelope: Partial<Envelope> = {}): Promise<Delivery> {
    const draft = this.spool.begin({
      reversePath: 'alice@example.org',
      recipients: [{ address: 'bob@example.net' }],
      client: { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' },
      ...envelope,
    })
    await draft.write(Buffer.from(LETTER))
    await draft.commit(Buffer.from('Received: by mail.example.org\r\n'))
    const [
      {
        queueId,
        envelope: { recipients },
      },
    ] = await first(this.spool.arrivals(1, AbortSignal.timeout(5_000)))
    const nextHop = { kind: 'remote', domain: 'example.net' } as const
    const named = recipients.map(({ address }) => ({ address, account: '' }))
    await this.spool.route([{ queueId, deliveries: [{ nextHop, recipients: named }] }])
    const [delivery] = await this.spool.take('example.net', 1, { owner: 'test', expiresIn: DAY })
    return delivery!
  }

  /** Tries it, and tells what there is to tell. */
  async attempt(delivery: Delivery): Promise<Outcome> {
    const feed = this.stage.feed([delivery])
    await this.stage.run(feed)
    const { results } = feed.ends.get(delivery.id)!
    return await this.notices.conclude(delivery, results, this.stage.clock.now() + 60_000)
  }

  async notice(): Promise<Buffer> {
    const [{ content }] = await first(this.spool.arrivals(1, AbortSignal.timeout(5_000)))
    return await this.#content.read(content)
  }
}

async function first<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly [T]> {
  for await (const batch of batches) return batch as unknown as readonly [T]
  throw new assert.AssertionError({ message: 'nothing came' })
}

async function noticeOf(script: Script, envelope: Partial<Envelope> = {}, wait = 0) {
  await using server = await ScriptedServer.start(script)
  const office = new Office(server)
  const delivery = await office.delivery(envelope)
  office.stage.clock.advance(wait)
  const outcome = await office.attempt(delivery)
  const notice = await office.notice()
  const text = notice.toString()
  const report = parseDeliveryReport(notice)!
  return {
    outcome,
    report,
    recipient: report.recipients[0]!,
    words: text.slice(0, text.indexOf('message/delivery-status')),
  }
}

describe('a notice about mail for elsewhere', () => {
  it('has the exact words of the other host, once, the queue id and what to do', async () => {
    const { outcome, recipient, words } = await noticeOf({
      RCPT: '550-5.1.1 no such user\r\n550 5.1.1 ask us',
    })
    assert.equal(outcome.state, 'delivered')
    assert.deepEqual(
      [recipient.action, recipient.status, recipient.remoteMta],
      ['failed', '5.1.1', 'dns;mx1.test'],
    )
    assert.match(recipient.diagnosticCode!, /^smtp;550-5\.1\.1 no such user\s+550 5\.1\.1 ask us$/)
    assert.match(
      words,
      /<bob@example\.net>\r\n {4}mx1\.test said:\r\n {6}550-5\.1\.1 no such user\r\n {6}550 5\.1\.1 ask us\r\n/,
    )
    assert.equal(words.match(/no such user/g)!.length, 1)
    assert.match(words, /There is no such mailbox\. Look whether the address is spelled right\./)
    assert.match(words, /Queue id: \w+/)
  })

  for (const [what, script, advice] of [
    [
      'the mailbox is full',
      { RCPT: '552 5.2.2 over quota' },
      /The mailbox is full\..*reach the recipient some other way/,
    ],
    [
      'the message is too large',
      { end: '552 5.3.4 too large' },
      /larger than the other system allows\. Send less/,
    ],
    ['it does not like the content', { end: '554 looks like spam' }, /the content was not liked/],
    [
      'it is too large before anything was sent',
      { offers: ['SIZE 1'] },
      /larger than the other system allows/,
    ],
    ['a signature is missed', { end: '550 5.7.20 no DKIM' }, /from your domain\. Your postmaster/],
  ] satisfies [string, Script, RegExp][])
    it(`says what to do when ${what}`, async () => {
      const { words, recipient } = await noticeOf(script)
      assert.match(words.replaceAll('\r\n', ' '), advice)
      assert.equal(recipient.action, 'failed')
    })

  it('says of a delay until when it is tried, and that nothing is to be done', async () => {
    const { words, recipient, outcome } = await noticeOf({ RCPT: '451 4.7.1 come again' }, {}, DAY / 2)
    assert.deepEqual([recipient.action, recipient.status], ['delayed', '4.7.1'])
    assert.match(
      words,
      /mx1\.test said:\r\n {6}451 4\.7\.1 come again\r\n {4}It is still being tried, until \w+, \d+/,
    )
    assert.match(words, /You need do nothing\. Should it fail for good, you will be told\./)
    assert.ok(outcome.state === 'mixed')
    assert.deepEqual(outcome.recipients, [
      {
        state: 'deferred',
        reason: 'mx1.test said to RCPT: 451 4.7.1 come again',
        status: '4.7.1',
        told: 'delay',
      },
    ])
  })

  it('says of what is given up that it took too long, and what was said last', async () => {
    const { words, recipient } = await noticeOf({ RCPT: '451 4.7.1 come again' }, {}, 6 * DAY)
    assert.deepEqual([recipient.action, recipient.status], ['failed', '5.4.7'])
    assert.match(
      words,
      /it could not be delivered for too long\r\n {4}mx1\.test said:\r\n {6}451 4\.7\.1 come again\r\n/,
    )
  })

  it('tells of a relay to a host that does not tell, to whom asked', async () => {
    const recipients = [{ address: 'bob@example.net', notify: ['success'] as const }]
    const { recipient } = await noticeOf({}, { recipients })
    assert.deepEqual([recipient.action, recipient.remoteMta], ['relayed', 'dns;mx1.test'])
    assert.equal(recipient.diagnosticCode, 'smtp;250 2.0.0 taken as X1')
  })

  it('is not written about a notice: what has a null sender becomes a dead letter, with its reason', async () => {
    await using server = await ScriptedServer.start({ RCPT: '550 5.1.1 no such user' })
    const office = new Office(server)
    const delivery = await office.delivery({ reversePath: '' })
    const outcome = await office.attempt(delivery)
    assert.deepEqual(outcome.state === 'mixed' && outcome.recipients, [
      { state: 'failed', reason: 'mx1.test said to RCPT: 550 5.1.1 no such user' },
    ])
    await office.spool.settle([outcome])
    const dead = await office.spool.list({ state: 'failed' }, { limit: 10 })
    assert.deepEqual(
      dead.deliveries.map(({ reason }) => reason),
      ['mx1.test said to RCPT: 550 5.1.1 no such user'],
    )
  })
})
