// The servers of other houses deliver straight into our mailboxes by LMTP: each recipient for himself, and exactly once.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseDeliveryReport, type DeliveryReport } from '@cartero/message'
import { CarteroProcess, command, freePortBase } from '@cartero/testkit'
import { lettersOf } from './inbox.ts'
import { manyLines, SPOILABLE, text } from './letters.ts'
import { letter, send } from './our-client.ts'
import { until, type Peer } from './peer.ts'
import { hosted, PEERS } from './peers.ts'

const MAIN = fileURLToPath(new URL('../../apps/cartero/src/main.ts', import.meta.url))

let cartero: CarteroProcess
let door: number

before(async () => {
  const base = await freePortBase()
  door = base + 24
  cartero = await CarteroProcess.start({ base, env: { CARTERO_LISTEN__LMTP: `127.0.0.1:${door}` } })
})
after(() => cartero?.[Symbol.asyncDispose]())

async function administer(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await command(process.execPath, [MAIN, ...args, '--data', cartero.data])
  assert.equal(code, 0, stderr)
}

/** What the peer tells its sender of that recipient, once it does. */
function reportOf(peer: Peer, recipient: string): Promise<DeliveryReport> {
  return until(
    `a report about ${recipient}`,
    async () =>
      (await peer.received())
        .map((stored) => parseDeliveryReport(stored))
        .find((each) => each?.recipients.some(({ finalRecipient }) => finalRecipient.includes(recipient))),
    () => peer.log(),
  )
}

/** The lines in which each of them says what became of a recipient, and those in which he got it or has to wait. */
const DELIVERY = /status=| (?:=>|->|==|\*\*) |result="/
const DONE = /status=sent| [=-]> |result="Ok"/
const PUT_OFF = /status=deferred| == |result="TempFail"/

/** The last word of the peer about a recipient. */
function lastOf(peer: Peer, address: string): string {
  const lines = peer.log().split('\n')
  return lines.findLast((line) => DELIVERY.test(line) && line.includes(address)) ?? ''
}

/** The peer waits with it for one of them. */
async function putOff(peer: Peer, address: string): Promise<void> {
  await until(
    'a refusal for now',
    async () => (PUT_OFF.test(lastOf(peer, address)) ? true : undefined),
    () => peer.log(),
  )
}

/** The peer has handed it to each of them. */
async function settled(peer: Peer, recipients: readonly string[]): Promise<void> {
  await peer.retry?.()
  await until(
    'all settled',
    async () => (recipients.every((address) => DONE.test(lastOf(peer, address))) ? true : undefined),
    () => peer.log(),
  )
}

for (const row of PEERS) {
  describe(`${row.name} delivers to us by LMTP`, { skip: row.lacking, timeout: 60_000 }, () => {
    let peer: Peer
    before(async () => {
      peer = await hosted(row, { port: door, lmtp: true })
    })
    after(() => peer?.[Symbol.asyncDispose]())

    test('octets are not changed', async () => {
      const { name, octets } = text([...SPOILABLE, 'Grüße', ...manyLines(300_000)])
      await send(peer.port, [letter({ to: ['bob@cartero.test'], content: octets, body: '8bit' })])
      const letters = await lettersOf(cartero, 'bob', name)
      assert.equal(letters.length, 1)
      assert.ok(letters[0]!.octets.equals(octets), 'the octets are others')
      assert.match(letters[0]!.trace, / with LMTP/)
    })

    test('who is unknown is told of, the others get it once', async () => {
      const { name, octets } = text(['for three'])
      const nobody = `nobody-${row.name.toLowerCase()}@cartero.test`
      const to = ['bob@cartero.test', nobody, 'alice@cartero.test']
      await send(peer.port, [letter({ to, content: octets })])
      const { recipients } = await reportOf(peer, nobody)
      assert.equal(recipients.length, 1)
      assert.match(recipients[0]!.status, /^5\.1\.1|^5\.0\.0/)
      await settled(peer, ['bob@cartero.test', 'alice@cartero.test'])
      for (const account of ['bob', 'alice']) {
        assert.equal((await lettersOf(cartero, account, name)).length, 1)
      }
    })

    test('who has no room now is tried again alone', async () => {
      const { name, octets } = text(manyLines(1_100_000))
      await administer('account', 'set', 'bob@cartero.test', '--quota', '1MB')
      const to = ['bob@cartero.test', 'alice@cartero.test']
      await send(peer.port, [letter({ to, content: octets })])
      assert.equal((await lettersOf(cartero, 'alice', name)).length, 1)
      await putOff(peer, 'bob@cartero.test')
      await administer('account', 'set', 'bob@cartero.test', '--quota', 'none')
      // OpenSMTPD lets more and more time go by before it tries a host again.
      const returns = row.name !== 'OpenSMTPD'
      if (returns) await settled(peer, to)
      for (const account of returns ? ['bob', 'alice'] : ['alice']) {
        assert.equal((await lettersOf(cartero, account, name)).length, 1)
      }
    })
  })
}
