// What a client of the MX port asks for, and what is promised.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { LineClient } from '@cartero/testkit'
import { networks } from '@cartero/testkit/edge'
import { MxStage, send } from './mx-stage.ts'

describe('the MX port of strangers', () => {
  let stage: MxStage
  let client: LineClient
  before(async () => {
    stage = await MxStage.open({ solicitations: ['net.example:ADV'] })
  })
  after(() => stage[Symbol.asyncDispose]())
  beforeEach(async () => {
    client?.[Symbol.dispose]()
    client = await stage.client()
  })

  test('it offers what is implemented, and TLS changes that as it should', async () => {
    const plain = [
      'mx.cartero.test',
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
      'NO-SOLICITING net.example:ADV',
      'LIMITS MAILMAX=10000 RCPTMAX=1000',
      'STARTTLS',
      'HELP',
    ]
    assert.deepEqual(await client.offered(), plain)
    await client.smtp('STARTTLS')
    using secured = await client.secured()
    const under = plain.filter((line) => line !== 'STARTTLS')
    under.splice(under.indexOf('MT-PRIORITY') + 1, 0, 'REQUIRETLS')
    assert.deepEqual(await secured.offered(), under)
  })

  test('all that the client asks for is in the envelope, times by the clock', async () => {
    await client.smtp('STARTTLS')
    using secured = await client.secured()
    await secured.smtp('EHLO client.test')
    const mail =
      'MAIL FROM:<s@elsewhere.test> RET=HDRS ENVID=x+2By BY=600;NT MT-PRIORITY=-2 REQUIRETLS BODY=7BIT'
    assert.match(await secured.smtp(mail), /^250 2\.1\.0/)
    const rcpt = 'RCPT TO:<bob@cartero.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old+2Bbob@cartero.test'
    assert.match(await secured.smtp(rcpt), /^250/)
    await secured.smtp('DATA')
    assert.match(await secured.smtp('Subject: x\r\n\r\nx\r\n.'), /^250/)
    const { envelope } = await stage.kept()
    assert.deepEqual(envelope, {
      reversePath: 's@elsewhere.test',
      recipients: [
        {
          address: 'bob@cartero.test',
          notify: ['success', 'delay'],
          originalRecipient: 'rfc822;old+bob@cartero.test',
        },
      ],
      client: { address: '127.0.0.1', helo: 'client.test', protocol: 'ESMTPS' },
      body: '7BIT',
      return: 'headers',
      envelopeId: 'x+y',
      deliverBy: { at: stage.clock.now() + 600_000, mode: 'notify', trace: true },
      priority: -2,
      requireTls: true,
    })
  })

  test('a stranger does not push in front, and is told', async () => {
    assert.match(await client.smtp('MAIL FROM:<s@elsewhere.test> MT-PRIORITY=4'), /^250 2\.3\.6/)
    await client.smtp('RCPT TO:<bob@cartero.test>')
    await client.smtp('DATA')
    await client.smtp('Subject: x\r\n\r\nx\r\n.')
    assert.equal((await stage.kept()).envelope.priority, undefined)
  })

  test('octets that were not announced are announced from here on', async () => {
    await send(client, 'Subject: x\r\n\r\n\u00e9')
    assert.equal((await stage.kept()).envelope.body, '8BITMIME')
    await send(client, 'Subject: x\r\n\r\ne', 'MAIL FROM:<s@elsewhere.test> BODY=7BIT')
    assert.equal((await stage.kept()).envelope.body, '7BIT')
  })

  test('binary octets in chunks are kept as they are', async () => {
    await client.smtp('MAIL FROM:<s@elsewhere.test> BODY=BINARYMIME')
    await client.smtp('RCPT TO:<bob@cartero.test>')
    const letter = Buffer.from('Subject: x\r\n\r\n\0\n.\n\r\r\xff', 'latin1')
    client.write(Buffer.concat([Buffer.from(`BDAT ${letter.length} LAST\r\n`), letter]))
    assert.match(await client.reply(), /^250/)
    const { envelope, octets } = await stage.kept()
    assert.equal(envelope.body, 'BINARYMIME')
    assert.equal(octets, letter.toString('latin1'))
  })

  test('TLS-Required: No is found in the header, and only when it says so once', async () => {
    await send(client, 'TLS-Required: No\r\nSubject: x\r\n\r\nx')
    assert.equal((await stage.kept()).envelope.tlsOptional, true)
    for (const header of [
      'TLS-Required: Yes',
      'TLS-Required: No\r\nTLS-Required: No',
      'X: TLS-Required: No',
    ]) {
      await send(client, `${header}\r\nSubject: x\r\n\r\nTLS-Required: No`)
      assert.equal((await stage.kept()).envelope.tlsOptional, undefined, header)
    }
  })

  test('a kind of solicitation that nobody wants is refused, by parameter and by field', async () => {
    assert.match(await client.smtp('MAIL FROM:<s@elsewhere.test> SOLICIT=NET.example:adv'), /^550 5\.7\.1/)
    assert.match(await send(client, 'Solicitation: other:X, net.example:ADV\r\n\r\nx'), /^550 5\.7\.1/)
    assert.match(await send(client, 'Solicitation: other:X\r\n\r\nx'), /^250/)
    await stage.kept()
    assert.equal(stage.waiting, 0)
  })

  test('the trace says how the message came in, and for whom only when that is one', async () => {
    await send(client, 'Subject: x\r\n\r\nx')
    assert.match((await stage.kept()).prefix, /with\s+ESMTP\s+id\s+\S+\s+for\s+<bob@cartero\.test>;/)
    await client.smtp('MAIL FROM:<s@elsewhere.test> SMTPUTF8')
    await client.smtp('RCPT TO:<bob@cartero.test>')
    await client.smtp('RCPT TO:<alice@cartero.test>')
    await client.smtp('DATA')
    await client.smtp('Subject: x\r\n\r\nx\r\n.')
    const { prefix } = await stage.kept()
    assert.match(prefix, /with\s+UTF8SMTP\s/)
    assert.doesNotMatch(prefix, /\bfor\b|alice|bob/)
    await client.smtp('HELO client.test')
    await send(client, 'Subject: x\r\n\r\nx')
    assert.match((await stage.kept()).prefix, /with\s+SMTP\s/)
  })

  test('who reads it sees what the client admitted and how urgent it was to be', async () => {
    await send(
      client,
      'Subject: x\r\n\r\nx',
      'MAIL FROM:<s@elsewhere.test> SOLICIT=org.example:sale MT-PRIORITY=-2',
    )
    assert.match(
      (await stage.kept()).prefix,
      /with\s+ESMTP\s+\(SOLICIT=org\.example:sale\)[^]*PRIORITY\s+-2/i,
    )
  })

  test('nobody speaks for others without being trusted', async () => {
    assert.match(await client.smtp('XCLIENT ADDR=203.0.113.9'), /^550 5\.7\.1|^5\d\d 5\./)
    assert.match(await client.smtp('XFORWARD ADDR=203.0.113.9'), /^5\d\d 5\./)
  })
})

test('a trusted proxy speaks for its client: address, name and login are the client’s', async () => {
  await using stage = await MxStage.open({ proxies: networks('127.0.0.1') })
  using client = await stage.client('ADDR=203.0.113.9 NAME=far.example LOGIN=alice@cartero.test')
  await send(client, 'Subject: x\r\n\r\nx')
  const { envelope, prefix } = await stage.kept()
  assert.equal(envelope.client.address, '203.0.113.9')
  assert.equal(envelope.account, 'alice@cartero.test')
  assert.match(prefix, /^Received: from client\.test \(far\.example \[203\.0\.113\.9\]\)[^]*with\s+ESMTPA\s/)
  assert.doesNotMatch(prefix, /alice/)
  await client.smtp('XCLIENT ADDR=203.0.113.10 LOGIN=[UNAVAILABLE]')
  await client.smtp('EHLO client.test')
  await send(client, 'Subject: x\r\n\r\nx')
  const other = await stage.kept()
  assert.equal(other.envelope.account, undefined)
  assert.match(other.prefix, /\(\[203\.0\.113\.10\]\)/)
})

test('where a filter says that a message came from is in the log, and only with that message', async () => {
  await using stage = await MxStage.open({ proxies: networks('127.0.0.1') })
  using client = await stage.client()
  assert.match(await client.smtp('XFORWARD ADDR=203.0.113.9 NAME=far.example'), /^250/)
  assert.match(await client.smtp('XFORWARD IDENT=4BCD12'), /^250/)
  await send(client, 'Subject: x\r\n\r\nx')
  assert.equal((await stage.kept()).envelope.client.address, '127.0.0.1')
  assert.equal(stage.ground.told('message.received')['origin'], 'far.example[203.0.113.9] 4BCD12')
  await send(client, 'Subject: x\r\n\r\nx')
  assert.equal(stage.ground.told('message.received')['origin'], undefined)
})

test('behind the PROXY protocol the client speaks, and has none of the rights of the proxy', async () => {
  const trusted = networks('127.0.0.0/8')
  await using stage = await MxStage.open(
    { proxies: trusted, relayNetworks: trusted, routesOut: true },
    { settings: { proxyProtocol: ['127.0.0.1'] } },
  )
  using client = await stage.connect()
  client.write('PROXY TCP4 203.0.113.9 192.0.2.1 4321 25\r\n')
  await client.reply()
  assert.doesNotMatch(await client.smtp('EHLO client.test'), /XCLIENT|XFORWARD/)
  assert.match(await client.smtp('XCLIENT ADDR=127.0.0.1'), /^5/)
  await client.smtp('MAIL FROM:<s@elsewhere.test>')
  assert.match(await client.smtp('RCPT TO:<friend@elsewhere.test>'), /^550 5\.7\.1/)
  await client.smtp('RSET')
  await send(client, 'Subject: x\r\n\r\nx')
  assert.match((await stage.kept()).prefix, /\(\[203\.0\.113\.9\]\)/)
  const { peer, proxy } = stage.ground.told('message.received')
  assert.deepEqual([peer, proxy], ['203.0.113.9', '127.0.0.1'])
})

test('our own networks say what is urgent', async () => {
  await using stage = await MxStage.open({ relayNetworks: networks('127.0.0.0/8') })
  using client = await stage.client()
  await send(client, 'Subject: x\r\n\r\nx', 'MAIL FROM:<s@elsewhere.test> MT-PRIORITY=4')
  assert.equal((await stage.kept()).envelope.priority, 4)
})
