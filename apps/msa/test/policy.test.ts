// What is done for submitted mail, action by action of RFC 6409, and who may submit at all.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LineClient } from '@cartero/testkit'
import { parseDomain } from '@cartero/syntax'
import { networks } from '@cartero/testkit/edge'
import { MsaStage, send } from './msa-stage.ts'

const domain = (name: string) => parseDomain(name)!

describe('what is offered', () => {
  const always = [
    'mail.cartero.test',
    'PIPELINING',
    'SIZE 52428800',
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    'CHUNKING',
    'BINARYMIME',
    'DSN',
    'DELIVERBY',
    'MT-PRIORITY',
    'LIMITS MAILMAX=10000 RCPTMAX=1000',
    'HELP',
  ]
  const before = (list: readonly string[], at: string, ...more: string[]) =>
    list.flatMap((line) => (line === at ? [...more, line] : [line]))
  const ehlo = async (client: LineClient): Promise<readonly string[]> =>
    (await client.offered()).map((line) => line.replace(/^AUTH .*/, 'AUTH'))

  test('depends on TLS and login, on either port, and never more before than after', async () => {
    await using stage = await MsaStage.open()
    const withStartTls = before(always, 'HELP', 'STARTTLS')
    const withTls = before(before(always, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS'), 'HELP', 'AUTH')
    using plain = await LineClient.connect(stage.submission)
    await plain.reply()
    assert.deepEqual(await ehlo(plain), withStartTls)
    await plain.smtp('STARTTLS')
    using secured = await plain.secured()
    assert.deepEqual(await ehlo(secured), withTls)
    using atOnce = await stage.client()
    assert.deepEqual(await ehlo(atOnce), withTls)
    using alice = await stage.alice()
    const loggedIn = withTls.filter((line) => line !== 'AUTH')
    const until = '2026-01-31T00:00:00Z'
    assert.deepEqual(await ehlo(alice), before(loggedIn, 'MT-PRIORITY', `FUTURERELEASE 2592000 ${until}`))
  })

  // RFC 4865 §4
  test('mail is kept back for who has logged in, by the clock, and not longer than is offered', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    // She has not said EHLO since her login.
    await send(alice, 'Subject: x\r\n\r\nx', 'MAIL FROM:<alice@cartero.test> HOLDFOR=3600')
    assert.equal((await stage.kept()).envelope.holdUntil, stage.clock.now() + 3_600_000)
    await send(alice, 'Subject: x\r\n\r\nx', 'MAIL FROM:<alice@cartero.test> HOLDUNTIL=2026-01-02T00:00:00Z')
    assert.equal((await stage.kept()).envelope.holdUntil, Date.UTC(2026, 0, 2))
    assert.match(await alice.smtp('MAIL FROM:<alice@cartero.test> HOLDFOR=2592001'), /^501 5\.5\.4/)
  })

  test('what the operator hides is neither offered nor understood', async () => {
    await using stage = await MsaStage.open({ policy: { hiddenExtensions: new Set(['DSN', 'BINARYMIME']) } })
    using alice = await stage.alice()
    assert.doesNotMatch(await alice.smtp('EHLO client.test'), /DSN|BINARYMIME/)
    assert.match(await alice.smtp('MAIL FROM:<alice@cartero.test> RET=HDRS'), /^555/)
  })
})

describe('who may submit', () => {
  test('nobody without login, unless from a network of ours, and then without TLS, too', async () => {
    for (const [relayNetworks, expected] of [
      [networks('192.0.2.0/24'), /^530 5\.7\.0/],
      [networks('127.0.0.0/8'), /^250/],
    ] as const) {
      await using stage = await MsaStage.open({ policy: { relayNetworks } })
      using client = await LineClient.connect(stage.submission)
      await client.reply()
      await client.smtp('EHLO printer.test')
      assert.match(await client.smtp('MAIL FROM:<printer@cartero.test>'), expected)
    }
  })

  test('a machine of ours has no account, and its mail says so', async () => {
    await using stage = await MsaStage.open({ policy: { relayNetworks: networks('127.0.0.0/8') } })
    using client = await stage.client()
    await send(client, 'From: scan@cartero.test\r\n\r\nx', 'MAIL FROM:<printer@cartero.test>')
    const { envelope, prefix } = await stage.kept()
    assert.equal(envelope.account, undefined)
    assert.match(prefix, /with\s+ESMTPS\s/)
    assert.doesNotMatch(prefix, /^Sender:/m)
  })

  test('login does not help from outside the networks that submission is for', async () => {
    await using stage = await MsaStage.open({
      policy: { onlyFrom: networks('192.0.2.0/24'), proxies: networks('127.0.0.1') },
    })
    using client = await stage.client()
    assert.match(await client.smtp('XCLIENT ADDR=203.0.113.9 LOGIN=alice@cartero.test'), /^554 5\.3\.2/)
    assert.match(await client.smtp('EHLO client.test'), /^503/)
    using inside = await stage.client()
    assert.match(await inside.smtp('XCLIENT ADDR=192.0.2.9'), /^220/)
  })

  test('a proxy’s own login is not its client’s', async () => {
    await using stage = await MsaStage.open({ policy: { proxies: networks('127.0.0.1') } })
    using client = await stage.alice()
    assert.match(await client.smtp('XCLIENT ADDR=203.0.113.9'), /^220/)
    await client.smtp('EHLO client.test')
    assert.match(await client.smtp('MAIL FROM:<alice@cartero.test>'), /^530 5\.7\.0/)
    await client.smtp('XCLIENT LOGIN=bob@cartero.test')
    await client.smtp('EHLO client.test')
    assert.match(await client.smtp('MAIL FROM:<alice@cartero.test>'), /^550 5\.7\.1/)
    assert.match(await client.smtp('MAIL FROM:<bob@cartero.test>'), /^250/)
  })

  test('foreign recipients are refused in every form while there is no way out', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    await alice.smtp('MAIL FROM:<alice@cartero.test>')
    for (const address of [
      'friend@elsewhere.test',
      '@cartero.test:friend@elsewhere.test',
      'friend%elsewhere.test@cartero.test',
      '"friend@elsewhere.test"@cartero.test',
      'elsewhere.test!friend@cartero.test',
    ])
      assert.match(await alice.smtp(`RCPT TO:<${address}>`), /^550 5\.(4\.4|1\.1)/, address)
  })

  // RFC 6409 §6.4
  test('the postmaster is there for who cannot log in, when the operator wants it, and nobody else is', async () => {
    await using stage = await MsaStage.open({ submission: { openPostmaster: true } })
    using client = await stage.client()
    assert.match(await client.smtp('MAIL FROM:<somebody@elsewhere.test>'), /^250/)
    assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^530 5\.7\.0/)
    assert.match(await client.smtp('RCPT TO:<postmaster@elsewhere.test>'), /^550 5\.7\.1/)
    assert.match(await client.smtp('RCPT TO:<Postmaster@cartero.test>'), /^250/)
    assert.match(await client.smtp('RCPT TO:<postmaster>'), /^250/)
  })
})

describe('whom a client may name', () => {
  // RFC 4954 §5
  test('a submitter whom the account may name is passed on, another one becomes nobody', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    for (const [parameter, submitter] of [
      ['', undefined],
      [' AUTH=<>', '<>'],
      [' AUTH=sales@cartero.test', 'sales@cartero.test'],
      [' AUTH=bob@cartero.test', '<>'],
    ] as const) {
      await send(alice, 'Subject: x\r\n\r\nx', `MAIL FROM:<alice@cartero.test>${parameter}`)
      assert.equal((await stage.kept()).envelope.submitter, submitter, parameter)
    }
  })

  test('the account is in no header that we write', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    await send(alice, 'From: friend@elsewhere.test\r\n\r\nx', 'MAIL FROM:<sales@cartero.test>')
    const { prefix, envelope } = await stage.kept()
    assert.equal(envelope.account, 'alice@cartero.test')
    assert.match(prefix, /with\s+ESMTPSA\s/)
    assert.doesNotMatch(prefix, /alice/)
    assert.match(prefix, /^Sender: <sales@cartero\.test>\r$/m)
  })
})

describe('addresses that mean nothing elsewhere', () => {
  // RFC 6409 §4.2
  test('are refused, in the envelope and in the header', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    assert.match(await alice.smtp('MAIL FROM:<tim>'), /^501 5\.1\.7/)
    assert.match(await alice.smtp('MAIL FROM:<tim@sales>'), /^554 5\.1\.8/)
    await alice.smtp('MAIL FROM:<alice@cartero.test>')
    assert.match(await alice.smtp('RCPT TO:<tim@sales>'), /^554 5\.1\.2/)
    await alice.smtp('RSET')
    for (const field of ['From: tim', 'To: tim@sales', 'Cc: a@b.example, Tim Smith', 'Reply-To: "x" <y>'])
      assert.match(await send(alice, `${field}\r\n\r\nx`), /^554 5\.6\.0/, field)
    for (const field of ['To: undisclosed-recipients:;', 'To: x@[192.0.2.1]', 'Subject: tim@sales'])
      assert.match(await send(alice, `${field}\r\n\r\nx`), /^250/, field)
    assert.equal(stage.waiting, 3)
  })

  test('are made whole where the operator says how', async () => {
    const submission = { unqualifiedDomains: 'expand', qualifyWith: domain('test') } as const
    await using stage = await MsaStage.open({ submission })
    using alice = await stage.alice()
    await alice.smtp('MAIL FROM:<alice@cartero>')
    assert.match(await alice.smtp('RCPT TO:<bob@CARTERO>'), /^250/)
    await alice.smtp('DATA')
    await alice.smtp('Subject: x\r\n\r\nx\r\n.')
    const { envelope } = await stage.kept()
    assert.equal(envelope.reversePath, 'alice@cartero.test')
    assert.deepEqual(envelope.recipients, [{ address: 'bob@cartero.test' }])
  })
})

describe('what a submitted message says', () => {
  // RFC 6409 §6.3, RFC 5322 §3.6
  test('is refused when readers would see different authors', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    for (const field of ['From', 'Sender', 'Date', 'Subject', 'Message-ID', 'To']) {
      const twice = `${field}: a@b.example\r\n`.repeat(2)
      assert.match(await send(alice, `${twice}\r\nx`), /^554 5\.6\.0/, field)
    }
    assert.equal(stage.waiting, 0)
  })

  // RFC 6409 §8.1
  test('names the sender where the author is somebody else, and only there', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    for (const [header, expected] of [
      ['From: alice@cartero.test', undefined],
      ['From: Sales <SALES@cartero.test>', undefined],
      ['From: bob@cartero.test', '<alice@cartero.test>'],
      ['From: alice@cartero.test, bob@cartero.test', '<alice@cartero.test>'],
      ['From: bob@cartero.test\r\nSender: sales@cartero.test', undefined],
    ] as const) {
      await send(alice, `${header}\r\n\r\nx`)
      const { prefix } = await stage.kept()
      assert.equal(/^Sender: (.*)\r$/m.exec(prefix)?.[1], expected, header)
    }
  })

  test('names nobody else where users are to write in their own names', async () => {
    await using stage = await MsaStage.open({ submission: { headerFrom: 'own' } })
    using alice = await stage.alice()
    for (const header of ['From: bob@cartero.test', 'From: alice@cartero.test\r\nSender: bob@cartero.test'])
      assert.match(await send(alice, `${header}\r\n\r\nx`), /^550 5\.7\.1/, header)
    assert.match(await send(alice, 'From: sales@cartero.test\r\n\r\nx'), /^250/)
  })

  // RFC 5322 §3.6.3
  test('keeps blind copies blind, and nothing else of it is touched', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    const letter = (bcc: string): string =>
      `Date: x\r\nMessage-ID: <a@b>\r\nFrom: alice@cartero.test\r\n${bcc}Subject:  odd \r\n\tfold\r\n\r\nBcc: body`
    await send(
      alice,
      letter('bCC: secret@cartero.test,\r\n other@cartero.test\r\nReturn-Path: <x@y.example>\r\n'),
    )
    assert.equal((await stage.kept()).octets, `${letter('')}\r\n`)
    await send(alice, letter(''))
    assert.equal((await stage.kept()).octets, `${letter('')}\r\n`)
  })

  // RFC 6409 §8.3
  test('has one identity, whatever the client called one', async () => {
    await using stage = await MsaStage.open()
    using alice = await stage.alice()
    for (const broken of ['none', '<a b@c>', '<>', '']) {
      await send(alice, `Message-ID: ${broken}\r\nSubject: x\r\n\r\nx`)
      const { prefix, octets } = await stage.kept()
      assert.match(prefix, /^Message-ID: <\S+@mail\.cartero\.test>\r$/m, broken)
      assert.equal(octets, 'Subject: x\r\n\r\nx\r\n', broken)
    }
    await send(alice, 'Message-ID: (kept) <a@[192.0.2.1]>\r\n\r\nx')
    assert.doesNotMatch((await stage.kept()).prefix, /^Message-ID/m)
  })

  // RFC 6409 §8.4
  test('is encoded where the operator wants it, and what is signed is not broken', async () => {
    await using stage = await MsaStage.open({ submission: { transferEncode: '7bit' } })
    using alice = await stage.alice()
    const mime = 'MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n'
    const text = `${mime}Content-Type: text/plain; charset=utf-8\r\n\r\n\u00e9`
    assert.match(await send(alice, text, 'MAIL FROM:<alice@cartero.test> BODY=8BITMIME'), /^250/)
    const { envelope, octets } = await stage.kept()
    assert.equal(envelope.body, '7BIT')
    assert.match(octets, /^Content-Transfer-Encoding: quoted-printable\r$[^]*=C3=A9/im)
    const signed = `${mime}Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\u00e9\r\n--b--`
    assert.match(await send(alice, signed, 'MAIL FROM:<alice@cartero.test> BODY=8BITMIME'), /^554 5\.6\.3/)
    assert.equal(stage.waiting, 0)
  })

  // RFC 6409 §8.8
  test('has public names for private domains, in envelope and header, and nowhere else', async () => {
    const rewriteDomains = new Map([[domain('inside.test'), domain('cartero.test')]])
    await using stage = await MsaStage.open({ submission: { rewriteDomains } })
    using alice = await stage.alice()
    await alice.smtp('MAIL FROM:<alice@inside.test>')
    assert.match(await alice.smtp('RCPT TO:<bob@inside.test>'), /^250/)
    await alice.smtp('DATA')
    const rest =
      'To: x@inside.test.example, y@notinside.test\r\nSubject: alice@inside.test\r\n\r\nx@inside.test\r\n'
    await alice.smtp(`From: A <alice@Inside.TEST>\r\n${rest}.`)
    const { envelope, octets, prefix } = await stage.kept()
    assert.equal(envelope.reversePath, 'alice@cartero.test')
    assert.equal(envelope.recipients[0]?.address, 'bob@cartero.test')
    assert.equal(octets, `From: A <alice@cartero.test>\r\n${rest}`)
    assert.doesNotMatch(prefix, /^Sender:/m)
  })

  test('gets nothing where the operator wants nothing added', async () => {
    const submission = { addDate: false, addMessageId: false, addSender: false, dropFields: [] }
    await using stage = await MsaStage.open({ submission })
    using alice = await stage.alice()
    await send(alice, 'From: bob@cartero.test\r\nBcc: a@b.example\r\n\r\nx')
    const { prefix, octets } = await stage.kept()
    assert.match(prefix, /^Received: (?:[^\r]|\r\n[ \t])*\r\n$/)
    assert.match(octets, /^Bcc:/m)
  })
})
