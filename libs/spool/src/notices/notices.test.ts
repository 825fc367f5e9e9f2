import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { MemoryContentLog } from '@cartero/content/memory'
import { ManualClock } from '@cartero/wire'

import { toAll } from '../compliance/index.ts'
import type { Delivery, DeliveryRecipient, Envelope, EnvelopeRecipient, Outcome } from '../index.ts'
import { MemorySpool } from '../memory/index.ts'
import { Notices, NOTICE_SETTINGS, sentenceOf, type RecipientResult } from './index.ts'
import { FULL_RETURNS } from './settings.ts'

const HOUR = 3_600_000
const LETTER = 'Subject: hello\r\nX-Mark: header\r\n\r\nthe body\r\n'

const DELIVERED: RecipientResult = { kind: 'delivered' }
const FAILED: RecipientResult = { kind: 'failed', status: '5.1.1', reason: 'no such mailbox' }
const BUSY: RecipientResult = { kind: 'deferred', status: '4.2.2', reason: 'the mailbox is full' }

/** A spool with its notices; what is written by them can be taken like any message. */
class Office {
  readonly clock = new ManualClock()
  readonly content = new MemoryContentLog()
  readonly spool = new MemorySpool({ content: this.content, clock: this.clock })
  readonly notices = new Notices({
    intake: this.spool,
    content: this.content,
    hostname: 'mail.example.org',
    clock: this.clock,
    random: (octets) => new Uint8Array(octets).fill(7),
  })

  /** One delivery to all recipients. */
  async delivery(
    recipients: readonly EnvelopeRecipient[],
    envelope: Partial<Envelope> = {},
    letter = LETTER,
    routed: readonly Partial<DeliveryRecipient>[] = [],
  ): Promise<Delivery> {
    const draft = this.spool.begin({
      reversePath: 'alice@example.com',
      recipients,
      client: { address: '192.0.2.1', helo: 'mail.example.com', protocol: 'ESMTP' },
      ...envelope,
    })
    void draft.write(Buffer.from(letter))
    await draft.commit(Buffer.from('Received: by mail.example.org\r\n'))
    const [message] = await this.#first(this.spool.arrivals(1, AbortSignal.timeout(5_000)))
    const plan = toAll(message!)
    const [only] = plan.deliveries
    await this.spool.route([
      {
        ...plan,
        deliveries: [{ ...only!, recipients: only!.recipients.map((one, i) => ({ ...one, ...routed[i] })) }],
      },
    ])
    const [delivery] = await this.#first(this.spool.lease('local', 1, AbortSignal.timeout(5_000)))
    return delivery!
  }

  async conclude(delivery: Delivery, ...results: RecipientResult[]): Promise<Outcome> {
    return await this.notices.conclude(delivery, results, this.clock.now() + 60_000)
  }

  /** Concludes, settles and leases what is left again. */
  async again(delivery: Delivery, ...results: RecipientResult[]): Promise<Delivery> {
    await this.spool.settle([await this.conclude(delivery, ...results)])
    this.clock.advance(60_000)
    const [next] = await this.#first(this.spool.lease('local', 1, AbortSignal.timeout(5_000)))
    return next!
  }

  /** The notices that are on their way, as text. */
  async written(): Promise<{ readonly envelope: Envelope; readonly text: string }[]> {
    const waiting = (await this.spool.list({ state: 'ready' }, { limit: 100 })).deliveries
    if (waiting.length === 0) return []
    const messages = await this.#first(this.spool.arrivals(100, AbortSignal.timeout(5_000)))
    return await Promise.all(
      messages.map(async ({ envelope, content }) => ({
        envelope,
        text: (await this.content.read(content)).toString('latin1'),
      })),
    )
  }

  async #first<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
    for await (const batch of batches) return batch
    throw new assert.AssertionError({ message: 'nothing came' })
  }
}

const bob: EnvelopeRecipient = { address: 'bob@example.org' }
const asking = (...notify: NonNullable<EnvelopeRecipient['notify']>): EnvelopeRecipient => ({
  ...bob,
  notify,
})

describe('notices', () => {
  it('tell the sender of a failure with a null sender, so that nothing can answer for ever', async () => {
    const office = new Office()
    const outcome = await office.conclude(await office.delivery([bob]), FAILED)
    assert.equal(outcome.state, 'delivered')
    const [notice, ...others] = await office.written()
    assert.equal(others.length, 0)
    assert.equal(notice!.envelope.reversePath, '')
    assert.deepEqual(notice!.envelope.recipients, [{ address: 'alice@example.com', notify: ['never'] }])
    assert.match(notice!.text, /^Action: failed\r$/m)
    assert.match(notice!.text, /^Status: 5\.1\.1\r$/m)
    assert.match(notice!.text, /^Final-Recipient: rfc822; ?bob@example\.org\r$/m)
    assert.match(notice!.text, /^Auto-Submitted: auto-/m)
  })

  it('are never written about notices: what has a null sender becomes a dead letter with its reason', async () => {
    const office = new Office()
    const asked = { reversePath: '', recipients: [asking('failure', 'success')] }
    const outcome = await office.conclude(await office.delivery(asked.recipients, asked), FAILED)
    assert.deepEqual(outcome.state === 'mixed' && outcome.recipients, [
      { state: 'failed', reason: 'no such mailbox' },
    ])
    assert.deepEqual(await office.written(), [])
  })

  for (const [what, notify, result, isTold] of [
    ['a failure, of which nothing was asked', undefined, FAILED, true],
    ['a failure, asked for', ['failure'], FAILED, true],
    ['a failure, where only success was asked for', ['success'], FAILED, false],
    ['a failure, where nothing is to be told', ['never'], FAILED, false],
    ['success, of which nothing was asked', undefined, DELIVERED, false],
    ['success, asked for', ['success'], DELIVERED, true],
    ['success, where only failure was asked for', ['failure', 'delay'], DELIVERED, false],
    ['relaying to a host that does not tell', ['success'], { kind: 'relayed' }, true],
    ['relaying to a host that tells itself', ['success'], { kind: 'passed' }, false],
  ] as const)
    it(`${isTold ? 'tell' : 'do not tell'} of ${what}`, async () => {
      const office = new Office()
      const recipient = notify === undefined ? bob : asking(...notify)
      await office.conclude(await office.delivery([recipient]), result)
      assert.equal((await office.written()).length, isTold ? 1 : 0)
    })

  it('carry the names that the sender gave to message and recipient', async () => {
    const office = new Office()
    const recipient = { ...bob, originalRecipient: 'rfc822;robert@example.net' }
    await office.conclude(await office.delivery([recipient], { envelopeId: 'QQ314159' }), FAILED)
    const [notice] = await office.written()
    assert.match(notice!.text, /^Original-Envelope-Id: QQ314159\r$/m)
    assert.match(notice!.text, /^Original-Recipient: rfc822; ?robert@example\.net\r$/m)
  })

  it('tell of several recipients in one letter, and of each what became of it', async () => {
    const office = new Office()
    const carol = { address: 'carol@example.org', notify: ['success', 'failure'] as const }
    const outcome = await office.conclude(await office.delivery([bob, carol]), FAILED, DELIVERED)
    assert.equal(outcome.state, 'delivered')
    const [notice, ...others] = await office.written()
    assert.equal(others.length, 0)
    assert.match(notice!.text, /bob@example\.org\r\nAction: failed/)
    assert.match(notice!.text, /carol@example\.org\r\nAction: delivered/)
  })

  it('give back the header, and the body only to those who asked for it when something failed', async () => {
    for (const [wanted, result, isFull] of [
      [undefined, FAILED, false],
      ['headers', FAILED, false],
      ['full', FAILED, true],
      ['full', DELIVERED, false],
    ] as const) {
      const office = new Office()
      const wish = wanted && { return: wanted }
      await office.conclude(await office.delivery([asking('success', 'failure')], wish), result)
      const [notice] = await office.written()
      assert.match(notice!.text, /X-Mark: header/)
      assert.match(notice!.text, /Received: by mail\.example\.org/)
      assert.equal(notice!.text.includes('the body'), isFull)
    }
  })

  it('give back the header only of what is too large, or must not leave TLS', async () => {
    for (const [envelope, letter] of [
      [{}, `${LETTER}${'x'.repeat(1_100_000)}`],
      [{ requireTls: true }, LETTER],
    ] as const) {
      const office = new Office()
      const delivery = await office.delivery([bob], { return: 'full', ...envelope }, letter)
      await office.conclude(delivery, FAILED)
      const [notice] = await office.written()
      assert.ok(!notice!.text.includes('the body'))
    }
  })

  it('FULL_RETURNS: do not come to a thousand times the message that has a thousand recipients', async () => {
    const large = `${LETTER}${'x'.repeat(NOTICE_SETTINGS.returnedOctets / 2)}`
    for (const [count, letter, isFull] of [
      [FULL_RETURNS, large, true],
      [3 * FULL_RETURNS, large, false],
      [3 * FULL_RETURNS, LETTER, true],
    ] as const) {
      const office = new Office()
      const recipients = Array.from({ length: count }, (_, i) => ({ address: `r${i}@example.org` }))
      const delivery = await office.delivery(recipients, { return: 'full' }, letter)
      await office.conclude(delivery, FAILED, ...recipients.slice(1).map(() => DELIVERED))
      const [notice] = await office.written()
      assert.equal(notice!.text.includes('the body'), isFull)
    }
  })

  it('tell once of a delay, after four hours, and until when it is tried', async () => {
    const office = new Office()
    let delivery = await office.delivery([bob])
    office.clock.advance(4 * HOUR - 120_000)
    delivery = await office.again(delivery, BUSY)
    assert.deepEqual(await office.written(), [])
    office.clock.advance(60_000)
    delivery = await office.again(delivery, BUSY)
    const [notice] = await office.written()
    assert.match(notice!.text, /^Action: delayed\r$/m)
    assert.match(notice!.text, /^Status: 4\.2\.2\r$/m)
    assert.match(notice!.text, /^Will-Retry-Until: /m)
    office.clock.advance(HOUR)
    delivery = await office.again(delivery, BUSY)
    assert.deepEqual(delivery.recipients[0]!.told, 'delay')
  })

  it('do not tell programs of a delay that they did not ask about', async () => {
    for (const field of ['Auto-Submitted: auto-generated', 'Precedence: bulk']) {
      for (const recipient of [bob, asking('delay')]) {
        const office = new Office()
        const delivery = await office.delivery([recipient], {}, `${field}\r\n${LETTER}`)
        office.clock.advance(5 * HOUR)
        await office.conclude(delivery, BUSY)
        assert.equal((await office.written()).length, recipient === bob ? 0 : 1)
      }
    }
  })

  it('tell of a message that is given up after five days, whatever it was that kept it', async () => {
    const office = new Office()
    const delivery = await office.delivery([bob])
    office.clock.advance(5 * 24 * HOUR)
    const outcome = await office.conclude(delivery, BUSY)
    assert.equal(outcome.state, 'delivered')
    const [notice] = await office.written()
    assert.match(notice!.text, /^Status: 5\.4\.7\r$/m)
    assert.match(notice!.text, /the mailbox is full/)
  })

  it('do not count the time that a message was held back by its sender', async () => {
    const office = new Office()
    const { id, nextHop, message, recipients } = await office.delivery([bob])
    const holdUntil = office.clock.now() + 24 * HOUR
    const held = { ...message, envelope: { ...message.envelope, holdUntil } }
    office.clock.advance(5 * 24 * HOUR)
    const delivery = { id, nextHop, message: held, recipients, attempts: 1, reason: '' }
    const outcome = await office.conclude(delivery, BUSY)
    assert.equal(outcome.state === 'mixed' && outcome.recipients[0]!.state, 'deferred')
  })

  it('give a message back when the time that its sender gave it is over', async () => {
    const office = new Office()
    const at = office.clock.now() + HOUR
    const delivery = await office.delivery([bob], { deliverBy: { at, mode: 'return', trace: false } })
    assert.equal(office.notices.isTooLate(delivery), false)
    office.clock.advance(HOUR)
    assert.equal(office.notices.isTooLate(delivery), true)
    await office.conclude(delivery, BUSY)
    const [notice] = await office.written()
    assert.match(notice!.text, /^Action: failed\r$/m)
    assert.match(notice!.text, /^Status: 5\.4\.7\r$/m)
  })

  it('tell that a message is late, once, and go on', async () => {
    const office = new Office()
    const at = office.clock.now() + 30_000
    let delivery = await office.delivery([bob], { deliverBy: { at, mode: 'notify', trace: false } })
    office.clock.advance(30_000)
    delivery = await office.again(delivery, BUSY)
    const [notice] = await office.written()
    assert.match(notice!.text, /^Action: delayed\r$/m)
    assert.match(notice!.text, /^Status: 4\.4\.7\r$/m)
    office.clock.advance(5 * HOUR)
    const outcome = await office.conclude(delivery, BUSY)
    assert.deepEqual(outcome.state === 'mixed' && outcome.recipients, [
      { state: 'deferred', reason: 'the mailbox is full', status: '4.2.2' },
    ])
  })

  it('tell of each hop to whom wants it traced', async () => {
    for (const kind of ['relayed', 'passed'] as const) {
      const office = new Office()
      const deliverBy = { at: office.clock.now() + HOUR, mode: 'notify' as const, trace: true }
      await office.conclude(await office.delivery([bob], { deliverBy }), { kind })
      assert.match((await office.written())[0]!.text, /^Action: relayed\r$/m)
    }
  })

  it('tell of an alias with several mailboxes once, and not of each mailbox', async () => {
    const office = new Office()
    const sales = { address: 'sales@example.org', notify: ['success', 'failure'] as const }
    const delivery = await office.delivery([sales], {}, LETTER, [{ expanded: true }])
    await office.notices.expanded(delivery.message, ['sales@example.org'])
    assert.match((await office.written())[0]!.text, /sales@example\.org\r\nAction: expanded/)
    await office.conclude(delivery, DELIVERED)
    assert.equal((await office.written()).length, 1)
    await office.conclude(delivery, FAILED)
    assert.equal((await office.written()).length, 2)
  })

  it('tell of each address that led to one mailbox', async () => {
    const office = new Office()
    const robert = { address: 'robert@example.org', notify: ['success'] as const }
    const delivery = await office.delivery([asking('success'), robert])
    const [first] = delivery.recipients
    const one = {
      ...delivery,
      message: delivery.message,
      recipients: [{ ...first!, others: [robert.address] }],
    }
    await office.conclude(one, DELIVERED)
    const [notice] = await office.written()
    assert.match(notice!.text, /; ?bob@example\.org/)
    assert.match(notice!.text, /; ?robert@example\.org/)
  })

  it('tell that the operator gave it back, and not of an attempt or of what a host may have meant', async () => {
    const office = new Office()
    const delivery = await office.delivery([bob])
    const decided = sentenceOf({ ...delivery, sentence: 'return', reason: 'closed on weekends' })
    await office.conclude(delivery, decided!)
    const { text } = (await office.written())[0]!
    assert.match(text, /returned by the operator; closed on weekends\r\n {4}The operator of this system gave/)
    assert.doesNotMatch(text, /Last-Attempt-Date|not allowed to send/)
    await office.conclude(delivery, FAILED)
    assert.match((await office.written()).at(-1)!.text, /Last-Attempt-Date/)
  })

  it('keep a delivery from being settled when they cannot be written', async () => {
    const office = new Office()
    const delivery = await office.delivery([bob])
    await office.spool.close()
    await assert.rejects(office.conclude(delivery, FAILED), { name: 'SpoolError' })
  })
})
