// The servers of other houses hand mail to us as their smart host: on 587, under TLS, with the login of an account.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseDeliveryReport } from '@cartero/message'
import { CarteroProcess } from '@cartero/testkit'
import { foundIn, lettersOf } from './inbox.ts'
import { manyLines, SPOILABLE, text } from './letters.ts'
import { letter, send } from './our-client.ts'
import { until, type Peer } from './peer.ts'
import { hosted, PEERS } from './peers.ts'

let cartero: CarteroProcess
before(async () => {
  cartero = await CarteroProcess.start()
})
after(() => cartero?.[Symbol.asyncDispose]())

for (const row of PEERS) {
  describe(`${row.name} submits to us`, { skip: row.lacking, timeout: 60_000 }, () => {
    let peer: Peer
    before(async () => {
      const { address: user, password } = cartero.account('alice')
      peer = await hosted(row, { port: cartero.port(587), login: { user, password } })
    })
    after(() => peer?.[Symbol.asyncDispose]())

    test('a letter of the account arrives octet for octet, and its trace tells of TLS and login', async () => {
      const { name, octets } = text([...SPOILABLE, 'Grüße', ...manyLines(100_000)])
      const one = letter({
        from: 'alice@cartero.test',
        to: ['bob@cartero.test'],
        content: octets,
        body: '8bit',
      })
      await send(peer.port, [one])
      const letters = await lettersOf(cartero, 'bob', name)
      assert.equal(letters.length, 1)
      // The author is somebody else, and readers are told who sent it (RFC 6409 §8.1).
      const added = /\r\nSender: <?alice@cartero\.test>?(?=\r\n)/
      const [{ octets: found, trace }] = [letters[0]!]
      const before = found.toString('latin1')
      assert.match(trace + before, /^Sender: <?alice@cartero\.test>?\r$/m)
      assert.equal(before.replace(added, ''), octets.toString('latin1'))
      assert.match(trace, / with ESMTPSA /)
    })

    test('nothing goes by the account in the name of another, and the sender hears so', async () => {
      const { name, octets } = text(['in disguise'])
      const one = letter({ to: ['bob@cartero.test'], content: octets, envelopeId: name })
      await send(peer.port, [one])
      const report = await until(
        'a report',
        async () => (await peer.received()).map((stored) => parseDeliveryReport(stored)).find(Boolean),
        () => peer.log(),
      )
      assert.deepEqual(
        report.recipients.map(({ action, status }) => [action, status[0]]),
        [['failed', '5']],
      )
    })

    test('a recipient whom we do not know is told of to the account', async () => {
      const { name, octets } = text(['for nobody'])
      const to = ['bob@cartero.test', 'nobody@cartero.test']
      await send(peer.port, [letter({ from: 'alice@cartero.test', to, content: octets })])
      assert.equal((await lettersOf(cartero, 'bob', name)).length, 1)
      const wanted = (message: Buffer): boolean =>
        message.includes(name) && parseDeliveryReport(message) !== undefined
      const [report] = await foundIn(cartero, 'alice', 'a report', wanted)
      const [only, ...others] = parseDeliveryReport(report!)!.recipients
      assert.match(only!.finalRecipient, /;nobody@cartero\.test$/)
      assert.equal(others.length, 0)
    })
  })
}
