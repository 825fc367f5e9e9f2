// Two systems of ours and a Postfix send one another mail as on the Internet: hosts by MX, names of a real BIND with a signed zone,
// certificates, an MTA-STS policy over HTTPS, and the usual ports; Postfix asks the same name server, and believes its DNSSEC.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseDeliveryReport, type DeliveryReport } from '@cartero/message'
import { CERTIFICATE, KEY } from '@cartero/testkit'
import { startBareHost, type BareHost } from './bare-host.ts'
import { foundIn, lettersOf } from './inbox.ts'
import { copiesAt, SPOILABLE, text } from './letters.ts'
import { letter, send } from './our-client.ts'
import type { Peer } from './peer.ts'
import { hosted, NOWHERE, POSTFIX } from './peers.ts'
import { policyOf, startPolicyHost } from './policy-host.ts'
import { queueIdOf, System } from './system.ts'
import { tlsaOf, World, WORLD_LACKS } from './world.ts'

const ANNOUNCED = '_mta-sts TXT "v=STSv1; id=20260105;"'
const WRONG = tlsaOf({ certificate: CERTIFICATE, key: KEY }).replace(/[0-9a-f]{64}$/, 'ab'.repeat(32))
const UNDER_STS = ['two.test', 'sts-bare.test', 'sts-name.test', 'sts-cert.test', 'sts-tested.test']

const closing = new AsyncDisposableStack()
let one: System
let two: System
let postfix: Peer
let bare: BareHost

async function makeWorld(): Promise<void> {
  const world = closing.use(new World())
  const [atOne, atTwo, atPostfix, atBare, atPolicies] = [21, 22, 23, 24, 25].map((n) => world.address(n))
  const certificates = {
    one: world.authority.issue({ names: ['mx.one.test'] }),
    two: world.authority.issue({ names: ['mx.two.test'] }),
    policies: world.authority.issue({ names: UNDER_STS.map((domain) => `mta-sts.${domain}`) }),
  }
  const plain = (address: string | undefined): string => `@ MX 10 mx\nmx A ${address}\n`
  const sts = (address: string | undefined): string =>
    `${plain(address)}${ANNOUNCED}\nmta-sts A ${atPolicies}\n`
  const dane = (address: string | undefined, record: string) =>
    ({ text: `${plain(address)}_25._tcp.mx TLSA ${record}\n`, isSigned: true }) as const
  await world.serve({
    zones: {
      'one.test': dane(atOne, tlsaOf(certificates.one)),
      'two.test': sts(atTwo),
      'three.test': plain(atPostfix),
      'dane-wrong.test': dane(atPostfix, WRONG),
      'dane-bare.test': dane(atBare, WRONG),
      'sts-bare.test': sts(atBare),
      'sts-name.test': sts(atPostfix),
      'sts-cert.test': sts(atPostfix),
      'sts-tested.test': sts(atBare),
      'open.test': plain(atBare),
    },
  })
  const policies = {
    'two.test': policyOf('enforce', 'mx.two.test'),
    'sts-bare.test': policyOf('enforce', 'mx.sts-bare.test'),
    'sts-name.test': policyOf('enforce', 'other.sts-name.test'),
    'sts-cert.test': policyOf('enforce', '*.sts-cert.test'),
    'sts-tested.test': policyOf('testing', 'mx.sts-tested.test'),
  }
  closing.use(await startPolicyHost(atPolicies!, certificates.policies, policies))
  bare = closing.use(await startBareHost(atBare!))
  const peer = { address: atPostfix!, port: 25, domain: 'three.test', resolver: world.resolver }
  const ours = async (name: 'one' | 'two', address: string, account: string): Promise<System> => {
    const options = { address, domain: `${name}.test`, identity: certificates[name], accounts: [account] }
    return closing.use(await System.start(world, options))
  }
  const starting = [
    ours('one', atOne!, 'alice').then((system) => (one = system)),
    ours('two', atTwo!, 'carol').then((system) => (two = system)),
    hosted(POSTFIX, NOWHERE, peer).then((started) => (postfix = closing.use(started))),
  ]
  const failed = (await Promise.allSettled(starting)).find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
}

/** What was given back to an account, about whom it was for. */
async function reportOn(system: System, account: string, recipient: string): Promise<DeliveryReport> {
  const isAbout = (report: DeliveryReport | undefined): boolean =>
    report?.recipients.some(({ finalRecipient }) => finalRecipient.includes(recipient)) === true
  const [found] = await foundIn(system, account, `a report on ${recipient}`, (message) =>
    isAbout(parseDeliveryReport(message)),
  )
  return parseDeliveryReport(found!)!
}

describe('systems among others', { skip: WORLD_LACKS || POSTFIX.lacking, timeout: 90_000 }, () => {
  before(makeWorld)
  after(() => closing.disposeAsync())

  const giveToPostfix = async (from: string, to: string, content: Buffer): Promise<void> => {
    const { outcomes } = await send(25, [letter({ from, to: [to], content })], { host: postfix.address! })
    assert.equal(outcomes[0]![0]!.kind, 'delivered', JSON.stringify(outcomes))
  }

  for (const [from, to, tls] of [
    ['one', 'carol@two.test', /^TLSv1\.3 verified$/],
    ['one', 'pete@three.test', /^TLSv1\.3$/],
    ['two', 'alice@one.test', /^TLSv1\.3 dane$/],
    ['two', 'pete@three.test', /^TLSv1\.3$/],
  ] as const) {
    test(`a letter from system ${from} to ${to} arrives once and unchanged, and its trace tells ${tls.source}`, async () => {
      const [system, account] = from === 'one' ? [one, 'alice'] : [two, 'carol']
      const { name, octets } = text(SPOILABLE)
      const id = queueIdOf(await system.submit(account, { to: [to], content: octets }))
      const { fields } = await system.traced(id, 'message.relayed')
      assert.match(String(fields['tls']), tls)
      assert.equal(fields['host'], `mx.${to.split('@')[1]}`)
      if (to.endsWith('three.test')) assert.deepEqual(await copiesAt(postfix, name), [octets])
      else {
        const there = to.endsWith('one.test') ? one : two
        const [found, ...more] = await lettersOf(there, to.split('@')[0]!, name)
        assert.deepEqual([found!.octets, more.length], [octets, 0])
        assert.match(found!.trace, new RegExp(`from mx\\.${from}\\.test .* with ESMTPS \\(TLSv1\\.3 `))
      }
    })
  }

  test('Postfix finds both by their MX, and believes the TLSA record of the one that is signed', async () => {
    const { name, octets } = text(SPOILABLE)
    await giveToPostfix('pete@three.test', 'alice@one.test', octets)
    await giveToPostfix('pete@three.test', 'carol@two.test', octets)
    const [toOne] = await lettersOf(one, 'alice', name)
    const [toTwo] = await lettersOf(two, 'carol', name)
    assert.deepEqual([toOne!.octets, toTwo!.octets], [octets, octets])
    assert.match(postfix.log(), /Verified TLS connection established to mx\.one\.test/)
    assert.match(postfix.log(), /(?:Untrusted|Trusted|Anonymous) TLS connection established to mx\.two\.test/)
  })

  test('who is unknown at the other side is told of in the mailbox of the sender, whoever found out', async () => {
    const { octets } = text(['is anybody there?'])
    await one.submit('alice', { to: ['nobody@two.test'], content: octets })
    await two.submit('carol', { to: ['nobody@three.test'], content: octets })
    await giveToPostfix('carol@two.test', 'nobody@one.test', octets)
    for (const [system, account, who, author] of [
      [one, 'alice', 'nobody@two.test', 'mx.one.test'],
      [two, 'carol', 'nobody@three.test', 'mx.two.test'],
      [two, 'carol', 'nobody@one.test', 'postfix.three.test'],
    ] as const) {
      const { recipients, reportingMta } = await reportOn(system, account, who)
      assert.deepEqual(
        recipients.map(({ action, status }) => `${action} ${status}`),
        ['failed 5.1.1'],
      )
      assert.match(reportingMta, new RegExp(author.replaceAll('.', '\\.')))
    }
  })

  for (const [domain, what, reason] of [
    ['dane-wrong.test', 'a TLSA record fits no certificate', /TLSA|DANE/i],
    ['dane-bare.test', 'there are TLSA records and no STARTTLS', /STARTTLS|TLS/],
    ['sts-bare.test', 'an MTA-STS policy is in force and there is no STARTTLS', /STARTTLS|TLS/],
    ['sts-name.test', 'an MTA-STS policy does not name the host', /policy|MTA-STS/],
    ['sts-cert.test', 'nobody vouches for the host that an MTA-STS policy names', /certificate|self-signed/],
  ] as const) {
    test(`mail stays here where ${what}`, async () => {
      const { name, octets } = text(['for nobody else to read'])
      const id = queueIdOf(await two.submit('carol', { to: [`pete@${domain}`], content: octets }))
      const { fields } = await two.traced(id, 'message.deferred')
      assert.match(String(fields['reason']), reason)
      assert.match(String(fields['status']), /^4\.7\.\d+$/)
      assert.match(await two.run('queue', 'show', id), new RegExp(domain))
      const heard = [...bare.said, postfix.log()].join('\n')
      assert.ok(!heard.includes(`<pete@${domain}>`) && !heard.includes(name), heard)
    })
  }

  test('a policy that is only tested keeps nothing back, nor does a host without any', async () => {
    for (const domain of ['sts-tested.test', 'open.test']) {
      const { name, octets } = text(['for everybody to read'])
      const id = queueIdOf(await two.submit('carol', { to: [`pete@${domain}`], content: octets }))
      const { fields } = await two.traced(id, 'message.relayed')
      assert.equal(fields['tls'], undefined)
      assert.ok(bare.said.includes(`RCPT TO:<pete@${domain}>`))
      assert.ok(bare.said.includes(`X-Letter: ${name}`))
    }
  })

  test('mail that requires TLS goes to hosts that show who they are, and is given back at once where none does', async () => {
    const { name, octets } = text(['not without TLS'])
    const common = { content: octets, requireTls: true }
    const toTwo = queueIdOf(await one.submit('alice', { ...common, to: ['carol@two.test'] }))
    const toOne = queueIdOf(await two.submit('carol', { ...common, to: ['alice@one.test'] }))
    assert.equal((await one.traced(toTwo, 'message.relayed')).fields['tls'], 'TLSv1.3 verified')
    assert.equal((await two.traced(toOne, 'message.relayed')).fields['tls'], 'TLSv1.3 dane')
    assert.equal((await lettersOf(two, 'carol', name)).length, 1)
    for (const to of ['paula@three.test', 'paula@open.test']) {
      const id = queueIdOf(await one.submit('alice', { ...common, to: [to] }))
      await one.traced(id, 'message.returned')
      const [recipient] = (await reportOn(one, 'alice', to)).recipients
      assert.match(`${recipient!.action} ${recipient!.status}`, /^failed 5\.7\.(?:10|30)$/)
    }
    assert.ok(![...bare.said, postfix.log()].join('\n').includes('<paula@'))
  })
})
