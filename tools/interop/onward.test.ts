// A system of ours hands mail on to the servers of other houses, which it finds by their MX, and they hand mail on to it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseDeliveryReport, type RecipientReport } from '@cartero/message'
import { parseForwardPath } from '@cartero/smtp'
import { foundIn, lettersOf } from './inbox.ts'
import { copiesAt, manyLines, SPOILABLE, text } from './letters.ts'
import { letter, send } from './our-client.ts'
import { putOffAt, refusedAt, type Peer } from './peer.ts'
import { hosted, PEERS, type PeerRow } from './peers.ts'
import { queueIdOf, System } from './system.ts'
import { World, WORLD_LACKS } from './world.ts'

const EIGHT_BIT = ['Liebe Grüße,', Buffer.from([0xe4, 0xf6, 0xfc, 0xff, 0x80])]
const domainOf = ({ name }: PeerRow): string => `${name.toLowerCase()}.test`

const closing = new AsyncDisposableStack()
let world: World
let system: System

async function makeWorld(): Promise<void> {
  world = closing.use(new World())
  const address = world.address(21)
  const zone = (at: string): string => `@ MX 10 mx\nmx A ${at}\n`
  const peers = PEERS.map((row, i) => [domainOf(row), zone(world.address(31 + i))] as const)
  await world.serve({ zones: { 'our.test': zone(address), ...Object.fromEntries(peers) } })
  const identity = world.authority.issue({ names: ['mx.our.test'] })
  const options = { address, domain: 'our.test', identity, accounts: ['alice', 'bob'] }
  system = closing.use(await System.start(world, options))
}

/** What alice was told of a recipient, and by which envelope it was known to her. */
async function toldOf(
  recipient: string,
): Promise<RecipientReport & { readonly envelopeId?: string | undefined }> {
  const isAbout = (each: RecipientReport): boolean => each.finalRecipient.includes(recipient)
  const [found] = await foundIn(
    system,
    'alice',
    `a report on ${recipient}`,
    (message) => parseDeliveryReport(message)?.recipients.some(isAbout) === true,
  )
  const { recipients, envelopeId } = parseDeliveryReport(found!)!
  return { ...recipients.find(isAbout)!, envelopeId }
}

describe('onward', { skip: WORLD_LACKS, timeout: 90_000 }, () => {
  before(makeWorld)
  after(() => closing.disposeAsync())

  for (const [i, row] of PEERS.entries()) {
    describe(`to ${row.name}, and from there`, { skip: row.lacking }, () => {
      const domain = domainOf(row)
      let peer: Peer
      before(async () => {
        const next = { address: system.host, port: 25 }
        peer = await hosted(row, next, { domain, address: world.address(31 + i), port: 25 })
      })
      after(() => peer?.[Symbol.asyncDispose]())

      test('a small letter and a megabyte are not changed on their way there, and who is refused is told of', async () => {
        const small = text([...SPOILABLE, ...EIGHT_BIT])
        const large = text([...manyLines(1_000_000), ...EIGHT_BIT])
        const to = [refusedAt(domain), `kept@${domain}`]
        const sent = await system.submit(
          'alice',
          { to, content: small.octets, body: '8bit' },
          { to: [`kept@${domain}`], content: large.octets, body: '8bit' },
        )
        assert.deepEqual(await copiesAt(peer, small.name), [small.octets])
        const [copy, ...more] = await copiesAt(peer, large.name)
        assert.ok(copy!.equals(large.octets) && more.length === 0, 'the octets are others')
        const { action, status } = await toldOf(refusedAt(domain))
        assert.match(`${action} ${status}`, /^failed 5\./)
        const { fields } = await system.traced(queueIdOf(sent, 1), 'message.relayed')
        assert.deepEqual([fields['host'], fields['attempt']], [`mx.${domain}`, 1])
      })

      test('what a sender wants to know is handed on, and its report comes back to him', async () => {
        const { name, octets } = text(['tell me'])
        const parameters = {
          notify: ['success', 'failure'],
          originalRecipient: `rfc822;robert@old.test`,
        } as const
        const path = parseForwardPath(`told@${domain}`)!
        await system.submit('alice', {
          to: [{ path, parameters }],
          content: octets,
          envelopeId: `id-${name}`,
          return: 'headers',
        })
        const { action, originalRecipient, envelopeId } = await toldOf(`told@${domain}`)
        assert.equal(action, 'delivered')
        // OpenSMTPD has neither in its reports.
        if (row.name === 'OpenSMTPD') return
        assert.deepEqual([originalRecipient, envelopeId], ['rfc822;robert@old.test', `id-${name}`])
      })

      test('an address and a header in UTF-8 arrive, or are given back where they cannot', async () => {
        const { name, octets } = text(['Grüße'], ['Subject: Grüße 用户'])
        const to = [`用户@${domain}`]
        await system.submit('alice', { to, content: octets, smtpUtf8: true, body: '8bit' })
        if (row.offers.includes('SMTPUTF8')) assert.deepEqual(await copiesAt(peer, name), [octets])
        else assert.match((await toldOf('用户')).status, /^5\.6\.[79]$/)
      })

      if (row.name === 'Exim')
        test('who is to be offered later is offered again, and the others of the letter are not', async () => {
          const { name, octets } = text(['patience'])
          const to = [putOffAt(domain), `kept@${domain}`]
          const id = queueIdOf(await system.submit('alice', { to, content: octets }))
          const { fields } = await system.traced(id, 'message.deferred')
          assert.equal(fields['to'], putOffAt(domain))
          peer.relent!()
          const second = await system.traced(id, 'message.relayed', putOffAt(domain))
          assert.deepEqual(second.fields['to'], [putOffAt(domain)])
          assert.equal((await copiesAt(peer, name, 2)).length, 2)
        })

      test('what it hands on to us is not changed, and who is unknown here is told of there', async () => {
        const small = text([...SPOILABLE, ...EIGHT_BIT])
        const large = text([...manyLines(1_000_000), ...EIGHT_BIT])
        const from = `alice@${domain}`
        const { outcomes } = await send(
          25,
          [
            letter({ from, to: ['nobody@our.test', 'bob@our.test'], content: small.octets, body: '8bit' }),
            letter({ from, to: ['bob@our.test'], content: large.octets, body: '8bit' }),
          ],
          { host: peer.address! },
        )
        assert.ok(
          outcomes.flat().every(({ kind }) => kind === 'delivered'),
          JSON.stringify(outcomes),
        )
        for (const { name, octets } of [small, large]) {
          const [found, ...more] = await lettersOf(system, 'bob', name)
          assert.ok(found!.octets.equals(octets) && more.length === 0, 'the octets are others')
        }
        await copiesAt(peer, small.name)
      })
    })
  }
})
