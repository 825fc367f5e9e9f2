// Which way mail takes out of a system of ours: what the DNS may say of a domain, a smart host, an LMTP store, and what is forwarded.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseDeliveryReport } from '@cartero/message'
import { DOVECOT_LACKS, startDovecot } from './dovecot.ts'
import { foundIn } from './inbox.ts'
import { copiesAt, SPOILABLE, text } from './letters.ts'
import { letter, send } from './our-client.ts'
import { startNextHop, type NextHop } from './next-hop.ts'
import { PEER_LOGIN, until, type Peer } from './peer.ts'
import { EXIM_4, hosted, POSTFIX } from './peers.ts'
import { queueIdOf, System } from './system.ts'
import { World, WORLD_LACKS } from './world.ts'

const closing = new AsyncDisposableStack()
const world = new World()
const [atOurs, atExim, atPostfix, atDovecot, atTaking, atNobody] = [21, 31, 32, 33, 41, 66].map((n) =>
  world.address(n),
) as [string, string, string, string, string, string]

const NAMES = `
alias      CNAME real
real       MX 10 mx
mx         A     ${atTaking}
bare       A     ${atTaking}
equal      MX 10 dead
           MX 10 mx
dead       A     ${atNobody}
ours       MX 10 mx.our.test.
`

let system: System
let taking: NextHop

async function makeWorld(): Promise<void> {
  closing.use(world)
  await world.serve({
    zones: {
      'our.test': `@ MX 10 mx\nmx A ${atOurs}\n`,
      'names.test': NAMES,
      'null.test': '@ MX 0 .',
      'exim.test': `@ MX 10 mx\nmx A ${atExim}\n`,
    },
    lame: ['lame.test'],
  })
  taking = closing.use(await startNextHop({ host: atTaking, port: 25 }))
  const password = join(world.folder, 'password')
  writeFileSync(password, `${PEER_LOGIN.password}\n`)
  system = closing.use(
    await System.start(world, {
      address: atOurs,
      domain: 'our.test',
      identity: world.authority.issue({ names: ['mx.our.test'] }),
      accounts: ['alice'],
      config: {
        routes: [
          {
            name: 'smart',
            hosts: ['mx.exim.test:25'],
            tls: 'verify',
            username: PEER_LOGIN.user,
            password: { file: password },
          },
          { name: 'store', protocol: 'lmtp', hosts: [`${atDovecot}:24`] },
          { name: 'onward', hosts: [`${atPostfix}:25`] },
        ],
        routing: [
          { match: 'smart@exim.test', via: 'smart' },
          { match: 'dovecot.test', via: 'store' },
          { match: 'elsewhere.test', via: 'onward' },
        ],
      },
    }),
  )
}

describe('the way out', { skip: WORLD_LACKS, timeout: 90_000 }, () => {
  before(makeWorld)
  after(() => closing.disposeAsync())

  for (const [domain, host, what] of [
    ['alias.names.test', 'mx.names.test', 'an alias of a domain'],
    ['bare.names.test', 'bare.names.test', 'a domain without MX that has an address'],
    ['equal.names.test', 'mx.names.test', 'two hosts of equal preference, one of which is dead'],
  ] as const) {
    test(`mail arrives at ${what}`, async () => {
      const { octets } = text(SPOILABLE)
      const to = `tim@${domain}`
      const id = queueIdOf(await system.submit('alice', { to: [to], content: octets }))
      assert.equal((await system.traced(id, 'message.relayed')).fields['host'], host)
      const [message, ...more] = taking.taken.filter((each) => each.to.includes(to))
      assert.ok(message!.octets.includes(octets))
      assert.equal(more.length, 0)
    })
  }

  for (const [domain, status, what] of [
    ['null.test', '5.1.10', 'a domain that takes no mail'],
    ['missing.names.test', '5.1.2', 'a domain that is not there'],
    ['ours.names.test', '5.4.6', 'a domain whose host we are, and do not know it'],
  ] as const) {
    test(`mail for ${what} is given back at once`, async () => {
      const { octets } = text(['anybody?'])
      const to = `tim@${domain}`
      await system.submit('alice', { to: [to], content: octets })
      const isAbout = (message: Buffer): boolean =>
        parseDeliveryReport(message)?.recipients.some(({ finalRecipient }) => finalRecipient.includes(to)) ===
        true
      const [found] = await foundIn(system, 'alice', `a report on ${to}`, isAbout)
      const { recipients } = parseDeliveryReport(found!)!
      assert.deepEqual(
        recipients.map(({ action, status: given }) => `${action} ${given}`),
        [`failed ${status}`],
      )
    })
  }

  test('mail for a domain whose name servers are broken waits', async () => {
    const { octets } = text(['patience'])
    const id = queueIdOf(await system.submit('alice', { to: ['tim@lame.test'], content: octets }))
    assert.equal((await system.traced(id, 'message.deferred')).fields['status'], '4.4.3')
  })

  test('an LMTP store is told of each recipient by himself', { skip: DOVECOT_LACKS }, async () => {
    await using dovecot = await startDovecot(join(world.folder, 'dovecot'), atDovecot, 24)
    const { name, octets } = text(SPOILABLE)
    const to = ['archive@dovecot.test', 'nobody@dovecot.test']
    const id = queueIdOf(await system.submit('alice', { to, content: octets }))
    assert.equal((await system.traced(id, 'message.returned')).fields['to'], to[1])
    assert.deepEqual((await system.traced(id, 'message.relayed')).fields['to'], [to[0]])
    assert.deepEqual(await copiesAt(dovecot, name), [octets])
  })

  describe('through others', { skip: EXIM_4.lacking || POSTFIX.lacking }, () => {
    let exim: Peer
    let postfix: Peer
    before(async () => {
      const next = { address: atOurs, port: 25 }
      const identity = world.authority.issue({ names: ['mx.exim.test'] })
      exim = await hosted(EXIM_4, next, { address: atExim, port: 25, domain: 'exim.test', identity })
      postfix = await hosted(POSTFIX, next, { address: atPostfix, port: 25, domain: 'postfix.test' })
    })
    after(async () => {
      await exim?.[Symbol.asyncDispose]()
      await postfix?.[Symbol.asyncDispose]()
    })

    test('a smart host that shows who it is lets us in', async () => {
      const { name, octets } = text(SPOILABLE)
      const id = queueIdOf(await system.submit('alice', { to: ['smart@exim.test'], content: octets }))
      assert.equal((await system.traced(id, 'message.relayed')).fields['tls'], 'TLSv1.3 verified')
      assert.deepEqual(await copiesAt(exim, name), [octets])
      assert.match(exim.log(), new RegExp(` X=TLS1\\.3:\\S+ .*A=\\w+:${PEER_LOGIN.user} `))
    })

    test('what is forwarded and bounces behind the next host comes back to him who wrote it', async () => {
      await system.run('alias', 'add', 'forward@our.test', 'tim@elsewhere.test')
      const { octets } = text(['for somebody else'])
      const forwarded = letter({ from: 'carol@exim.test', to: ['forward@our.test'], content: octets })
      const { outcomes } = await send(25, [forwarded], { host: atExim })
      assert.equal(outcomes[0]![0]!.kind, 'delivered')
      const report = await until(
        'a report for carol',
        async () =>
          (await exim.received())
            .map((stored) => parseDeliveryReport(stored))
            .find((each) =>
              each?.recipients.some(({ finalRecipient }) => /tim@elsewhere/.test(finalRecipient)),
            ),
        () => `${system.output.slice(-3_000)}\n${postfix.log()}`,
      )
      assert.match(report.reportingMta, /postfix\.postfix\.test/)
      assert.match(postfix.log(), /from=<SRS0=[^>]+=exim\.test=carol@our\.test>/)
    })
  })
})
