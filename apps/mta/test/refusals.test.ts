// Whom and what the MX port refuses, by which setting, and what it never refuses.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openMemoryDirectory } from '@cartero/directory/memory'
import type { LineClient } from '@cartero/testkit'
import { NO_REFUSALS, RefusalLists, type SenderDomains } from '@cartero/spool/reception'
import { parseDomain } from '@cartero/syntax'
import { parseNetwork } from '@cartero/wire'
import { networks } from '@cartero/testkit/edge'
import { MxStage, send } from './mx-stage.ts'

/** What is nobody's here, in all the forms in which relays were tricked. */
const FOREIGN = [
  'friend@elsewhere.test',
  'friend@[203.0.113.5]',
  'friend@[IPv6:2001:db8::1]',
  '@cartero.test:friend@elsewhere.test',
  '@cartero.test,@mx.cartero.test:friend@elsewhere.test',
  'friend%elsewhere.test@cartero.test',
  'friend%elsewhere.test@[127.0.0.1]',
  '"friend@elsewhere.test"@cartero.test',
  '"friend%elsewhere.test"@cartero.test',
  'elsewhere.test!friend@cartero.test',
  'elsewhere.test!friend',
  '"friend@elsewhere.test"',
  'friend@elsewhere.test@cartero.test',
  'friend@cartero.test@elsewhere.test',
  'friend@elsewhere.test%cartero.test',
  'friend@cartero.test.elsewhere.test',
  'SRS0=AAAAAA=AA=elsewhere.test=friend@cartero.test',
  'SRS1=AAAAAA=elsewhere.test==AAAAAA=AA=other.test=friend@cartero.test',
  'friend@mx.cartero.test',
  'friend@localhost',
]

const rule = (network: string, severity: 'permanent' | 'temporary') => ({
  network: parseNetwork(network)!,
  severity,
})

async function refusesAll(client: LineClient, expected: RegExp): Promise<void> {
  await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
  for (const address of FOREIGN) assert.match(await client.smtp(`RCPT TO:<${address}>`), expected, address)
  assert.match(await client.smtp('DATA'), /^5/)
}

describe('never a relay', () => {
  const settings = { limits: { refusedRecipients: 1_000, errors: 1_000, errorDelay: 0 } }

  test('a stranger relays in no form of address', async () => {
    await using stage = await MxStage.open({ routesOut: true }, { settings })
    using client = await stage.client()
    await refusesAll(client, /^5(50|01|53) 5\./)
  })

  test('a stranger behind a proxy of ours is a stranger', async () => {
    const policy = { routesOut: true, relayNetworks: networks('127.0.0.0/8'), proxies: networks('127.0.0.1') }
    await using stage = await MxStage.open(policy, { settings })
    using client = await stage.client('ADDR=203.0.113.9')
    await refusesAll(client, /^5(50|01|53) 5\./)
  })

  test('our own networks relay where there is a way out, and hear so where there is none', async () => {
    const relayNetworks = networks('127.0.0.0/8')
    for (const [routesOut, expected] of [
      [true, /^250 2\.1\.5/],
      [false, /^550 5\.4\.4/],
    ] as const) {
      await using stage = await MxStage.open({ relayNetworks, routesOut })
      using client = await stage.client()
      await client.smtp('MAIL FROM:<printer@cartero.test>')
      assert.match(await client.smtp('RCPT TO:<friend@elsewhere.test>'), expected)
      assert.match(await client.smtp('RCPT TO:<nobody@cartero.test>'), /^550 5\.1\.1/)
    }
  })
})

test('an alias that leads elsewhere is there for strangers, unless its mail would lie here for ever', async () => {
  for (const [routesOut, expected] of [
    [true, /^250 2\.1\.5/],
    [false, /^550 5\.4\.4/],
  ] as const) {
    const directory = openMemoryDirectory()
    await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    const alias = { address: 'away@cartero.test', targets: ['friend@elsewhere.test'] }
    await directory.SetAlias({ alias })
    await using stage = await MxStage.open({ routesOut }, { directory })
    using client = await stage.client()
    await client.smtp('MAIL FROM:<stranger@elsewhere.test>')
    assert.match(await client.smtp('RCPT TO:<away@cartero.test>'), expected)
    assert.match(await client.smtp('RCPT TO:<SRS0=AAAAAA=AA=victim.test=x@cartero.test>'), /^550 5\.1\.1/)
  }
})

describe('whom the operator does not want', () => {
  const refuse = new RefusalLists({
    networks: [rule('203.0.113.0/24', 'permanent'), rule('198.51.100.0/24', 'temporary')],
    helo: [{ name: 'liar.example', severity: 'permanent' }],
    senders: [
      { name: '.spam.example', severity: 'permanent' },
      { name: 'exact.example', severity: 'temporary' },
      { name: 'tim@other.example', severity: 'permanent' },
    ],
  })
  const open = () => MxStage.open({ refuse, proxies: networks('127.0.0.1') })

  test('a network hears it in the greeting, for good or for now', async () => {
    await using stage = await open()
    using client = await stage.client()
    assert.match(await client.smtp('XCLIENT ADDR=203.0.113.9'), /^554 5\.3\.2/)
    const { at, peer } = stage.ground.told('message.rejected')
    assert.deepEqual([at, peer], ['connect', '203.0.113.9'])
    assert.match(await client.smtp('EHLO x.example'), /^503/)
    using later = await stage.client()
    assert.match(await later.smtp('XCLIENT ADDR=198.51.100.9'), /^421 4\.3\.0/)
    await later.closed()
  })

  test('a name at HELO', async () => {
    await using stage = await open()
    using client = await stage.client()
    assert.match(await client.smtp('EHLO LIAR.example'), /^550 5\.7\.0/)
    assert.match(await client.smtp('EHLO not.liar.example'), /^250/)
  })

  test('senders and their domains, and never the null sender or our own', async () => {
    await using stage = await open()
    using client = await stage.client()
    const outcomes = {
      'x@spam.example': /^550 5\.7\.0/,
      'x@deep.in.SPAM.example': /^550 5\.7\.0/,
      'x@notspam.example': /^250/,
      'x@exact.example': /^450 4\.7\.1/,
      'x@sub.exact.example': /^250/,
      'Tim@other.example': /^550 5\.7\.0/,
      'tom@other.example': /^250/,
      // RFC 2505 §2.6.1, RFC 2505 §2.6.2
      '': /^250/,
      'alice@cartero.test': /^250/,
    }
    for (const [sender, expected] of Object.entries(outcomes)) {
      assert.match(await client.smtp(`MAIL FROM:<${sender}>`), expected, sender)
      await client.smtp('RSET')
    }
  })

  test('rates of one address do not slow another, nor our own networks', async () => {
    const rates = { connectionsPerMinute: 3, messagesPerMinute: 2, recipientsPerMinute: 3 }
    const policy = { rates, proxies: networks('127.0.0.1'), relayNetworks: networks('192.0.2.0/24') }
    await using stage = await MxStage.open(policy)
    using client = await stage.client('ADDR=203.0.113.9')
    for (const expected of [/^250/, /^250/, /^450 4\.7\.1/]) {
      assert.match(await client.smtp('MAIL FROM:<s@elsewhere.test>'), expected)
      await client.smtp('RSET')
    }
    stage.clock.advance(60_000)
    await client.smtp('MAIL FROM:<s@elsewhere.test>')
    for (const expected of [/^250/, /^250/, /^250/, /^450 4\.7\.1/])
      assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), expected)
    await client.smtp('RSET')
    for (const expected of [/^220/, /^220/, /^220/, /^421 4\.4\.5/])
      assert.match(await client.smtp('XCLIENT ADDR=203.0.113.10'), expected)
    using ours = await stage.client('ADDR=192.0.2.7')
    for (let i = 0; i < 5; i++) {
      assert.match(await ours.smtp('MAIL FROM:<s@elsewhere.test>'), /^250/)
      await ours.smtp('RSET')
    }
  })

  test('a sender whose domain cannot get notices, when there is somebody to ask', async () => {
    const senderDomains: SenderDomains = {
      look: async (domain) =>
        ({ 'null.test': 'noMail', 'gone.test': 'nonexistent', 'slow.test': 'unknown' } as const)[
          domain as 'null.test'
        ] ?? 'mail',
    }
    await using stage = await MxStage.open({}, { senderDomains })
    using client = await stage.client()
    const outcomes = {
      'x@null.test': /^550 5\.7\.27/,
      'x@gone.test': /^550 5\.1\.8/,
      'x@slow.test': /^451 4\.4\.3/,
      'x@[203.0.113.9]': /^250/,
      'x@fine.test': /^250/,
      '': /^250/,
    }
    for (const [sender, expected] of Object.entries(outcomes)) {
      assert.match(await client.smtp(`MAIL FROM:<${sender}>`), expected, sender)
      await client.smtp('RSET')
    }
  })
})

describe('where no mail is accepted', () => {
  // RFC 7504 §3
  test('a host says so first, and lets nobody but leave', async () => {
    await using stage = await MxStage.open({ acceptNoMail: true })
    using client = await stage.connect()
    assert.match(await client.reply(), /^521 5\.3\.2/)
    assert.match(await client.smtp('EHLO client.test'), /^503/)
    assert.match(await client.smtp('QUIT'), /^221/)
  })

  // RFC 7505 §4.2, RFC 7505 §4.3
  test('a domain gets none and sends none', async () => {
    await using stage = await MxStage.open({ noMailDomains: new Set([parseDomain('cartero.test')!]) })
    using client = await stage.client()
    assert.match(await client.smtp('MAIL FROM:<x@cartero.test>'), /^550 5\.7\.27/)
    await client.smtp('MAIL FROM:<x@elsewhere.test>')
    assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^556 5\.1\.10/)
    assert.match(await client.smtp('RCPT TO:<bob@second.test>'), /^250/)
  })
})

describe('who is here', () => {
  const proxies = networks('127.0.0.1')
  const known = 'LOGIN=alice@cartero.test'

  test('nobody learns it unless the operator says so, and then only who has logged in', async () => {
    for (const [policy, login] of [
      [{}, known],
      [{ verify: 'authenticated', expand: 'authenticated' }, 'ADDR=203.0.113.9'],
    ] as const) {
      await using stage = await MxStage.open({ ...policy, proxies })
      using client = await stage.client(login)
      for (const name of ['alice@cartero.test', 'nobody@cartero.test', 'both@cartero.test']) {
        assert.match(await client.smtp(`VRFY ${name}`), /^252 2\.1\.5 [^@]*\r\n$/, name)
        assert.doesNotMatch(await client.smtp(`EXPN ${name}`), /@/, name)
      }
    }
  })

  test('who has logged in gets true answers', async () => {
    await using stage = await MxStage.open({ verify: 'authenticated', expand: 'authenticated', proxies })
    using client = await stage.client(known)
    assert.match(await client.smtp('EHLO client.test'), /250-VRFY\r\n250-EXPN\r\n/)
    assert.equal(await client.smtp('VRFY Alice'), '250 2.1.5 <alice@cartero.test>\r\n')
    assert.equal(
      await client.smtp('VRFY "Alice A." <alice@cartero.test>'),
      '250 2.1.5 <alice@cartero.test>\r\n',
    )
    assert.equal(await client.smtp('VRFY both@cartero.test'), '250 2.1.5 <both@cartero.test>\r\n')
    assert.equal(
      await client.smtp('VRFY bob'),
      '553-5.1.4 User ambiguous\r\n553-5.1.4 <bob@cartero.test>\r\n553 5.1.4 <bob@second.test>\r\n',
    )
    assert.match(await client.smtp('VRFY nobody'), /^550 5\.1\.1/)
    assert.match(await client.smtp('VRFY friend@elsewhere.test'), /^252/)
    assert.equal(
      await client.smtp('EXPN both'),
      '250-2.1.5 <alice@cartero.test>\r\n250 2.1.5 <bob@cartero.test>\r\n',
    )
    assert.match(await client.smtp('EXPN alice'), /^550 5\.1\.0/)
  })

  test('what is asked is data: no argument is more than a name', async () => {
    await using stage = await MxStage.open({ verify: 'authenticated', expand: 'authenticated', proxies })
    using client = await stage.client(known)
    for (const text of [
      `' OR 1=1 --`,
      '*',
      '%',
      '../../etc/passwd',
      '"; DROP TABLE account; --"',
      '|id',
      '$(id)',
      '<>',
    ])
      for (const verb of ['VRFY', 'EXPN'])
        assert.match(await client.smtp(`${verb} ${text}`), /^(252|550) [^@\n]*\r\n$/, text)
    assert.match(await client.smtp('VRFY alice'), /^250/)
  })
})

describe('the verbs of RFC 821', () => {
  test('are unknown unless the operator wants them', async () => {
    await using stage = await MxStage.open()
    using client = await stage.client()
    for (const verb of ['SEND', 'SOML', 'SAML'])
      assert.match(await client.smtp(`${verb} FROM:<s@elsewhere.test>`), /^502/)
  })

  test('reach a terminal where somebody sits at one', async () => {
    const terminals = { attached: (account: string) => account === 'alice@cartero.test' }
    await using stage = await MxStage.open({ obsoleteVerbs: true }, { terminals })
    using client = await stage.client()
    assert.match(await client.smtp('SEND FROM:<s@elsewhere.test>'), /^250/)
    assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^450 4\.2\.0/)
    assert.match(await client.smtp('RCPT TO:<both@cartero.test>'), /^450 4\.2\.0/)
    assert.match(await client.smtp('RCPT TO:<alice@cartero.test>'), /^250/)
    await client.smtp('DATA')
    await client.smtp('Subject: x\r\n\r\nx\r\n.')
    assert.equal((await stage.kept()).envelope.display, 'send')
    for (const [verb, display] of [
      ['SOML', 'soml'],
      ['SAML', 'saml'],
      ['MAIL', undefined],
    ] as const) {
      await send(client, 'Subject: x\r\n\r\nx', `${verb} FROM:<s@elsewhere.test>`)
      assert.equal((await stage.kept()).envelope.display, display)
    }
  })

  test('find nobody where there are no terminals', async () => {
    await using stage = await MxStage.open({ obsoleteVerbs: true, refuse: NO_REFUSALS })
    using client = await stage.client()
    await client.smtp('SEND FROM:<s@elsewhere.test>')
    assert.match(await client.smtp('RCPT TO:<alice@cartero.test>'), /^450 4\.2\.0/)
  })
})
