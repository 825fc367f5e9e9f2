// The servers of other houses send to our MX port: what they were given is in the mailbox, once and octet for octet.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseDeliveryReport } from '@cartero/message'
import { parseForwardPath } from '@cartero/smtp'
import { CarteroProcess } from '@cartero/testkit'
import { foundIn, lettersOf } from './inbox.ts'
import { manyLines, SPOILABLE, text } from './letters.ts'
import { letter, send } from './our-client.ts'
import { until, type Peer } from './peer.ts'
import { hosted, PEERS } from './peers.ts'

const EIGHT_BIT = ['Liebe Grüße,', Buffer.from([0xe4, 0xf6, 0xfc, 0xff, 0x80])]

let cartero: CarteroProcess
before(async () => {
  cartero = await CarteroProcess.start()
})
after(() => cartero?.[Symbol.asyncDispose]())

/** Gives a letter to the peer, which is to send it on. */
async function give(peer: Peer, ...[options]: Parameters<typeof letter>): Promise<void> {
  const { outcomes } = await send(peer.port, [letter(options)])
  assert.ok(
    outcomes.flat().every(({ kind }) => kind === 'delivered'),
    JSON.stringify(outcomes),
  )
}

for (const row of PEERS) {
  describe(`${row.name} sends to our MX`, { skip: row.lacking, timeout: 60_000 }, () => {
    let peer: Peer
    before(async () => {
      peer = await hosted(row, { port: cartero.port(25) })
    })
    after(() => peer?.[Symbol.asyncDispose]())

    test('a letter arrives octet for octet, once for each recipient, under TLS', async () => {
      const { name, octets } = text([...SPOILABLE, ...EIGHT_BIT])
      await give(peer, { to: ['bob@cartero.test', 'alice@cartero.test'], content: octets, body: '8bit' })
      for (const account of ['alice', 'bob']) {
        const letters = await lettersOf(cartero, account, name)
        assert.equal(letters.length, 1)
        assert.deepEqual(letters[0]!.octets, octets)
        assert.match(letters[0]!.trace, /^Received: from \w+\.peer\.test .* with ESMTPS /m)
      }
    })

    test('a megabyte is not changed on the way', async () => {
      const { name, octets } = text([...manyLines(1_000_000), ...EIGHT_BIT])
      await give(peer, { to: ['bob@cartero.test'], content: octets, body: '8bit' })
      const [found] = await lettersOf(cartero, 'bob', name)
      assert.ok(found!.octets.equals(octets), 'the octets are others')
      if (row.name === 'Exim')
        assert.match(peer.log(), /=> bob@cartero\.test .* K /, 'it was not sent in BDAT')
    })

    test('who is unknown is told of to the sender, and the others get the letter', async () => {
      const { name, octets } = text(['for whom it may concern'])
      await give(peer, { to: ['nobody@cartero.test', 'bob@cartero.test'], content: octets })
      assert.equal((await lettersOf(cartero, 'bob', name)).length, 1)
      const report = await until(
        `a report of ${row.name}`,
        async () =>
          (await peer.received())
            .map((stored) => parseDeliveryReport(stored))
            .find((each) => each?.recipients.some(({ finalRecipient }) => /nobody@/.test(finalRecipient))),
        () => peer.log(),
      )
      const [refused, ...others] = report.recipients
      assert.deepEqual([refused!.action, others.length], ['failed', 0])
      assert.match(refused!.status, /^5\./)
    })

    test('a sender of ours who asked hears that it is in the mailbox', async () => {
      const { name, octets } = text(['tell me'])
      const parameters = {
        notify: ['success', 'failure'],
        originalRecipient: 'rfc822;robert@old.test',
      } as const
      await give(peer, {
        from: 'alice@cartero.test',
        to: [{ path: parseForwardPath('bob@cartero.test')!, parameters }],
        content: octets,
        envelopeId: `id-${name}`,
        return: 'headers',
      })
      await lettersOf(cartero, 'bob', name)
      const [report] = await foundIn(cartero, 'alice', 'a report', (message) =>
        message.includes(`id-${name}`),
      )
      const { recipients, envelopeId } = parseDeliveryReport(report!)!
      assert.equal(envelopeId, `id-${name}`)
      assert.equal(recipients.length, 1)
      const { action, originalRecipient, finalRecipient } = recipients[0]!
      assert.deepEqual(
        { action, originalRecipient, finalRecipient },
        {
          action: 'delivered',
          originalRecipient: 'rfc822;robert@old.test',
          finalRecipient: 'rfc822;bob@cartero.test',
        },
      )
    })

    if (!row.offers.includes('SMTPUTF8')) return
    test('a sender and a header in UTF-8 arrive', async () => {
      const { name, octets } = text(['Grüße'], ['Subject: Grüße 用户'])
      await give(peer, {
        from: '用户@peer.test',
        to: ['bob@cartero.test'],
        content: octets,
        smtpUtf8: true,
        body: '8bit',
      })
      const [found] = await lettersOf(cartero, 'bob', name)
      assert.deepEqual(found!.octets, octets)
      assert.match(found!.trace, /^Return-Path: <用户@peer\.test>\r$/m)
      assert.match(found!.trace, / with UTF8SMTPS /)
    })
  })
}
