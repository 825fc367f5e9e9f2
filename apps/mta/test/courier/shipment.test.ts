import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContentId } from '@cartero/content'
import { CARGO_LIMITS } from '@cartero/spool/dispatch'
import { CourierStage, LANE, LETTER, type Letter } from './courier-stage.ts'
import { ScriptedServer } from './scripted-server.ts'

const EVERYTHING = [
  'PIPELINING',
  'SIZE',
  '8BITMIME',
  'SMTPUTF8',
  'DSN',
  'DELIVERBY',
  'MT-PRIORITY',
  'AUTH PLAIN',
]

/** What a server with these extensions hears of one letter, and what becomes of it. */
async function heard(letter: Letter, offers: readonly string[] = EVERYTHING, isRoute = false) {
  await using server = await ScriptedServer.start({ offers })
  const stage = new CourierStage([server])
  const way = isRoute ? ({ kind: 'route', name: 'hub' } as const) : LANE.way
  const feed = stage.feed([await stage.letter(letter)], { way })
  await stage.run(feed)
  const [done] = feed.ends.values()
  return {
    mail: server.heard.find((line) => /^(?:MAIL|SOML|SAML|SEND) /.test(line)) ?? '',
    rcpt: server.heard.filter((line) => line.startsWith('RCPT')),
    results: done?.results ?? [],
    taken: server.taken,
  }
}

describe('what the next host is told', () => {
  it('is the envelope, with our trace fields in front of the message and counted in its size', async () => {
    const { mail, taken } = await heard({ prefix: 'Received: by us\r\n' })
    assert.equal(mail, `MAIL FROM:<alice@example.org> SIZE=${17 + LETTER.length}`)
    assert.equal(taken[0]!.body, `Received: by us\r\n${LETTER}`)
  })

  it('is the null path of a notice', async () => {
    assert.match((await heard({ reversePath: '' })).mail, /^MAIL FROM:<> /)
  })

  it('is who sends it on, where mail is forwarded', async () => {
    const to = [{ address: 'bob@example.org', account: '', forward: 'robert@example.net' }]
    const { mail, rcpt } = await heard({ to, sender: 'SRS0=x@example.org' })
    assert.match(mail, /^MAIL FROM:<SRS0=x@example\.org>/)
    assert.deepEqual(rcpt, ['RCPT TO:<robert@example.net>'])
  })

  it('is what the sender wants to know, recipient by recipient', async () => {
    const { mail, rcpt } = await heard({
      to: ['bob@example.net', 'carol@example.net', 'dave@example.net'],
      recipients: [
        { address: 'carol@example.net', notify: ['never'] },
        { address: 'bob@example.net', notify: ['success', 'delay'], originalRecipient: 'rfc822;b@x.test' },
        { address: 'dave@example.net' },
      ],
      envelopeId: 'QQ+1',
      return: 'headers',
    })
    assert.match(mail, / RET=HDRS/)
    assert.match(mail, / ENVID=QQ\+2B1/)
    assert.deepEqual(rcpt, [
      'RCPT TO:<bob@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@x.test',
      'RCPT TO:<carol@example.net> NOTIFY=NEVER',
      'RCPT TO:<dave@example.net>',
    ])
  })

  for (const [notify, told] of [
    [['success', 'failure'], 'NOTIFY=FAILURE'],
    [['success'], 'NOTIFY=NEVER'],
  ] as const)
    it(`is nothing of success that was told when an alias was expanded (${notify.join(', ')})`, async () => {
      const { rcpt } = await heard({
        to: [{ address: 'list@example.org', account: '', forward: 'bob@example.net', expanded: true }],
        recipients: [{ address: 'list@example.org', notify }],
      })
      assert.deepEqual(rcpt, [`RCPT TO:<bob@example.net> ${told}`])
    })

  it('is the time that is left, the priority and the form of the body', async () => {
    const at = Date.UTC(2026, 0, 1) + 90_500
    const { mail } = await heard({
      deliverBy: { at, mode: 'notify', trace: true },
      priority: 3,
      body: '8BITMIME',
    })
    assert.match(mail, / BY=90;NT/)
    assert.match(mail, / MT-PRIORITY=3/)
    assert.match(mail, / BODY=8BITMIME/)
  })

  it('is who submitted it, if the operator has named the host, and never else', async () => {
    assert.match(
      (await heard({ submitter: 'alice@example.org' }, EVERYTHING, true)).mail,
      / AUTH=alice@example\.org/,
    )
    assert.doesNotMatch((await heard({ submitter: 'alice@example.org' })).mail, /AUTH=/)
  })

  it('is SMTPUTF8 only where something of the message needs it', async () => {
    assert.doesNotMatch((await heard({ smtpUtf8: true })).mail, /SMTPUTF8/)
    assert.match((await heard({ smtpUtf8: true, text: 'Subject: \u00e4\r\n\r\nx\r\n' })).mail, / SMTPUTF8/)
    const plain = await heard({ smtpUtf8: true }, ['PIPELINING'])
    assert.equal(plain.taken.length, 1)
    const utf8 = await heard({ smtpUtf8: true, text: 'Subject: \u00e4\r\n\r\nx\r\n' }, ['PIPELINING'])
    assert.deepEqual([utf8.taken.length, utf8.results[0]!.kind], [0, 'failed'])
    const large = `Subject: \u00e4\r\n\r\n${'x\r\n'.repeat(CARGO_LIMITS.whole)}`
    assert.match((await heard({ smtpUtf8: true, text: large })).mail, / SMTPUTF8/)
  })

  it('is a terminal where that is offered, and the mailbox where both will do', async () => {
    assert.match((await heard({ display: 'saml' }, ['SAML'])).mail, /^SAML FROM:/)
    assert.match((await heard({ display: 'saml' })).mail, /^MAIL FROM:/)
    assert.equal((await heard({ display: 'send' })).results[0]!.kind, 'failed')
  })

  it('is a large message as it is, octet for octet', async () => {
    const text = `Subject: large\r\n\r\n${'.0123456789\r\n'.repeat(200_000)}`
    for (const offers of [['PIPELINING'], ['PIPELINING', 'CHUNKING']]) {
      const { taken, results } = await heard({ text, prefix: 'Received: by us\r\n' }, offers)
      assert.equal(results[0]!.kind, 'passed')
      assert.ok(taken[0]!.body === `Received: by us\r\n${text}`)
    }
  })

  it('is nothing of recipients that no host could be told of; they fail, and the others do not', async () => {
    const { rcpt, results } = await heard({ to: ['bob@example.net', 'no address', 'carol@example.net'] })
    assert.equal(rcpt.length, 2)
    assert.deepEqual(
      results.map((each) => ('status' in each ? each.status : each.kind)),
      ['passed', '5.1.3', 'passed'],
    )
    const none = await heard({ to: ['no address'] })
    assert.deepEqual([none.rcpt.length, none.results[0]!.kind], [0, 'failed'])
    const sender = await heard({ reversePath: 'no address' })
    assert.deepEqual(
      sender.results.map((each) => 'status' in each && each.status),
      ['5.1.7'],
    )
  })

  it('is nothing of a message that we cannot read: it is tried again, and the others go on', async () => {
    await using server = await ScriptedServer.start()
    const stage = new CourierStage([server])
    const [good, bad] = [await stage.letter(), await stage.letter()]
    const lost = { ...bad, message: { ...bad.message, content: '9.9.9' as ContentId } }
    const feed = stage.feed([lost, good])
    await stage.run(feed)
    const { results } = feed.ends.get(bad.id)!
    assert.ok(results[0]!.kind === 'deferred' && results[0]!.status === '4.3.0')
    assert.match(results[0]!.reason, /^Message cannot be read now/)
    assert.equal(server.taken.length, 1)
  })
})
