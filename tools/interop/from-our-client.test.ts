// Our client speaks to the servers of other houses: what it sends is there, octet for octet, and what it says of it is true.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { replyText, type RecipientOutcome } from '@cartero/smtp/client'
import { asSent, copiesAt, manyLines, SPOILABLE, text } from './letters.ts'
import { by, letter, send, type Sent } from './our-client.ts'
import { LARGEST, PEER_LOGIN, PUT_OFF, REFUSED, type Peer } from './peer.ts'
import { EXIM_4, hosted, NOWHERE, PEERS, POSTFIX, type PeerRow } from './peers.ts'

const EIGHT_BIT = ['Liebe Grüße,', 'naïve café', Buffer.from([0xe4, 0xf6, 0xfc, 0xff, 0x80])]

function kinds(sent: Sent): string {
  const kind = (each: readonly RecipientOutcome[]): string => each.map((outcome) => outcome.kind).join('+')
  return sent.outcomes.map(kind).join(' ')
}

/** For the message of an assertion: what the server said. */
function told({ outcomes, ending, error }: Sent): string {
  const words = outcomes.flat().map(({ by: who, stage, reply }) => `${who} at ${stage}: ${replyText(reply)}`)
  return [...words, JSON.stringify(ending), error?.message ?? ''].join('\n')
}

async function* pieces(octets: Buffer, length = 10_007): AsyncIterable<Buffer> {
  for (let at = 0; at < octets.length; at += length) yield octets.subarray(at, at + length)
}

for (const row of PEERS) {
  describe(`from our client to ${row.name}`, { skip: row.lacking, timeout: 60_000 }, () => {
    let peer: Peer
    before(async () => {
      peer = await hosted(row, NOWHERE)
    })
    after(() => peer?.[Symbol.asyncDispose]())

    test('it is known what it offers', async () => {
      const { peer: facts, ending } = await send(peer.port, [letter({ to: [REFUSED], content: Buffer.of() })])
      assert.deepEqual(ending, { kind: 'quit' })
      const offered: readonly string[] = [...facts!.offer.keys()]
      const expected = ['SIZE', '8BITMIME', 'DSN', ...row.offers]
      assert.deepEqual(
        expected.filter((name) => !offered.includes(name)),
        [],
      )
    })

    test('octets of a small letter are not changed, by DATA', async () => {
      const { name, octets } = text([...SPOILABLE, ...EIGHT_BIT])
      const sent = await send(peer.port, [letter({ to: ['a@peer.test'], content: octets, body: '8bit' })], {
        chunking: 'never',
      })
      assert.equal(kinds(sent), 'delivered', told(sent))
      assert.ok(sent.verbs.includes('DATA'))
      assert.deepEqual(await copiesAt(peer, name), [octets])
    })

    const chunks = row.offers.includes('CHUNKING') ? 'BDAT' : 'DATA, for it has no CHUNKING'
    test(`octets of a megabyte that is read while it is sent are not changed, by ${chunks}`, async () => {
      const { name, octets } = text([...manyLines(1_000_000), ...EIGHT_BIT])
      const content = (): AsyncIterable<Buffer> => pieces(octets)
      const sent = await send(peer.port, [letter({ to: ['a@peer.test'], content, body: '8bit' })])
      assert.equal(kinds(sent), 'delivered', told(sent))
      assert.equal(sent.verbs.includes('BDAT'), row.offers.includes('CHUNKING'))
      assert.ok((await copiesAt(peer, name))[0]!.equals(octets), 'the octets are others')
    })

    test('letters that are said behind one another arrive once each', async () => {
      const texts = Array.from({ length: 12 }, (_, i) => text([`letter ${i}`, '.']))
      for (const chunking of ['prefer', 'never'] as const) {
        const letters = texts.map(({ octets }) =>
          letter({ to: ['a@peer.test', 'b@peer.test'], content: octets }),
        )
        const sent = await send(peer.port, letters, { ahead: true, chunking })
        assert.equal(kinds(sent), Array(12).fill('delivered+delivered').join(' '), told(sent))
        assert.deepEqual(sent.ending, { kind: 'quit' })
      }
      for (const { name, octets } of texts) {
        assert.deepEqual(await copiesAt(peer, name, 4), Array(4).fill(octets))
      }
    })

    test('who is refused is told of, and the others get the letter', async () => {
      for (const chunking of ['prefer', 'never'] as const) {
        const { name, octets } = text(['for some'])
        const to = ['a@peer.test', REFUSED, 'b@peer.test']
        const sent = await send(peer.port, [letter({ to, content: octets })], { chunking })
        assert.equal(kinds(sent), 'delivered+failed+delivered', told(sent))
        const { by: who, stage, reply } = sent.outcomes[0]![1]!
        assert.deepEqual([who, stage, Math.floor(reply.code / 100)], ['peer', 'RCPT', 5])
        assert.equal((await copiesAt(peer, name, 2)).length, 2)
      }
    })

    test('a letter for nobody is not sent, and the next one is', async () => {
      for (const chunking of ['prefer', 'never'] as const) {
        const [refused, taken] = [text(['for nobody']), text(['for somebody'])]
        const letters = [
          letter({ to: [REFUSED], content: refused.octets }),
          letter({ to: ['a@peer.test'], content: taken.octets }),
        ]
        const sent = await send(peer.port, letters, { ahead: true, chunking })
        assert.equal(kinds(sent), 'failed delivered', told(sent))
        await copiesAt(peer, taken.name)
        const stored = await peer.received()
        assert.ok(stored.every((each) => asSent(each, refused.name) === undefined))
      }
    })

    test('what is too large is refused where that is first known', async () => {
      const { octets } = text(manyLines(LARGEST * 1.1))
      const announced = await send(peer.port, [letter({ to: ['a@peer.test'], content: octets })])
      assert.equal(kinds(announced), 'failed', told(announced))
      assert.equal(announced.outcomes[0]![0]!.stage, 'MAIL')
      const streamed = letter({ to: ['a@peer.test'], content: () => pieces(octets) })
      for (const chunking of ['prefer', 'never'] as const) {
        const found = await send(peer.port, [streamed], { chunking })
        assert.equal(kinds(found), 'failed', told(found))
        assert.equal(found.outcomes[0]![0]!.by, 'peer', told(found))
      }
    })

    tlsTests(row, () => peer)
    utf8Tests(row, () => peer)
  })
}

function tlsTests(row: PeerRow, peer: () => Peer): void {
  const hasTls = row.offers.includes('STARTTLS')

  test(hasTls ? 'TLS that is wanted is there' : 'without TLS, what must have it stays here', async () => {
    const { name, octets } = text(['in secret'])
    const sent = await send(peer().port, [letter({ to: ['a@peer.test'], content: octets })], {
      startTls: 'required',
    })
    if (hasTls) {
      assert.equal(kinds(sent), 'delivered', told(sent))
      assert.match(sent.peer!.tls!.version, /^TLSv1\.[23]$/)
      await copiesAt(peer(), name)
    } else {
      assert.equal(sent.ending.kind, 'refused', told(sent))
      assert.deepEqual(sent.outcomes, [[]], 'the letter was asked for')
    }
  })

  test('TLS is taken where it is offered, and the letter goes in any case', async () => {
    const { octets } = text(['as it may be'])
    const sent = await send(peer().port, [letter({ to: ['a@peer.test'], content: octets })], {
      startTls: 'opportunistic',
    })
    assert.equal(kinds(sent), 'delivered', told(sent))
    assert.equal(sent.peer!.tls !== undefined, hasTls)
  })

  if (!hasTls) return
  test('nothing is said to a server whose certificate is not trusted', async () => {
    const { octets } = text(['for the right one only'])
    const sent = await send(peer().port, [letter({ to: ['a@peer.test'], content: octets })], {
      startTls: 'required',
      handshake: { unverified: 'refuse' },
    })
    assert.deepEqual(sent.outcomes, [[]])
    assert.match(sent.error!.message, /certificate/)
  })
}

function utf8Tests(row: PeerRow, peer: () => Peer): void {
  const { name, octets } = text(['Grüße'], ['Subject: Grüße', 'X-Who: 用户@例え.test'])
  const one = letter({
    from: 'absender@peer.test',
    to: ['用户@peer.test'],
    content: octets,
    smtpUtf8: true,
    body: '8bit',
  })

  if (row.offers.includes('SMTPUTF8')) {
    test('an address and a header in UTF-8 arrive', async () => {
      const sent = await send(peer().port, [one])
      assert.equal(kinds(sent), 'delivered', told(sent))
      assert.deepEqual(await copiesAt(peer(), name), [octets])
    })
    return
  }
  test('an address in UTF-8 fails here; a header in UTF-8 is written in ASCII where we may', async () => {
    const header = letter({ to: ['a@peer.test'], content: octets, smtpUtf8: true, body: '8bit' })
    const kept = await send(peer().port, [one, header])
    assert.equal(kinds(kept), 'failed failed', told(kept))
    assert.deepEqual(new Set(kept.outcomes.flat().map((outcome) => outcome.by)), new Set(['us']))
    const converted = await send(peer().port, [header], { downgrade: { headers: true } })
    assert.equal(kinds(converted), 'delivered', told(converted))
    const [copy] = await copiesAt(peer(), name)
    assert.match(copy!.toString(), /^Subject: =\?utf-8\?/im)
    assert.match(copy!.toString(), /\r\n\r\nGr(?:ü|=C3=BC)(?:ß|=C3=9F)e\r\n$/)
  })
}

describe('our client and a server that trusts it', { skip: POSTFIX.lacking, timeout: 30_000 }, () => {
  let postfix: Peer
  before(async () => {
    postfix = await hosted(POSTFIX, NOWHERE)
  })
  after(() => postfix?.[Symbol.asyncDispose]())

  test('it speaks for another by XCLIENT, and the trace names him', async () => {
    const { name, octets } = text(['for another'])
    const xclient = { address: '192.0.2.77', name: 'far.example' }
    const sent = await send(postfix.port, [letter({ to: ['a@peer.test'], content: octets })], { xclient })
    assert.equal(kinds(sent), 'delivered', told(sent))
    await copiesAt(postfix, name)
    const stored = (await postfix.received()).find((each) => asSent(each, name) !== undefined)
    assert.match(stored!.toString(), /^Received: from \S+ \(far\.example \[192\.0\.2\.77\]\)/m)
  })

  test('it tells by XFORWARD where a letter came from, and the log has it', async () => {
    const { name, octets } = text(['from another'])
    const xforward = { address: '192.0.2.88', name: 'farther.example', source: 'REMOTE' } as const
    const sent = await send(postfix.port, [letter({ to: ['a@peer.test'], content: octets, xforward })])
    assert.equal(kinds(sent), 'delivered', told(sent))
    await copiesAt(postfix, name)
    assert.match(postfix.log(), /client=farther\.example\[192\.0\.2\.88\]/)
  })
})

describe(
  'our client and a server that wants to know who we are',
  { skip: EXIM_4.lacking, timeout: 30_000 },
  () => {
    let exim: Peer
    before(async () => {
      exim = await hosted(EXIM_4, NOWHERE)
    })
    after(() => exim?.[Symbol.asyncDispose]())

    for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5']) {
      test(`it lets us in by ${mechanism}, and not with a wrong password`, async () => {
        const { name, octets } = text(['from somebody it knows'])
        const one = letter({ to: ['a@peer.test'], content: octets })
        const right = await send(exim.port, [one], {
          startTls: 'required',
          authenticate: by(mechanism, PEER_LOGIN),
        })
        assert.equal(kinds(right), 'delivered', told(right))
        const stored = (await exim.received()).find((each) => asSent(each, name) !== undefined)
        if (stored === undefined) await copiesAt(exim, name)
        const wrong = await send(exim.port, [one], {
          startTls: 'required',
          authenticate: by(mechanism, { ...PEER_LOGIN, password: 'wrong' }),
        })
        assert.deepEqual(wrong.outcomes, [[]])
        assert.equal(wrong.ending.kind, 'refused')
        assert.match(told(wrong), /"stage":"AUTH".*535/)
      })
    }

    test('a password does not cross in the clear', async () => {
      const { octets } = text(['not like this'])
      const one = letter({ to: ['a@peer.test'], content: octets })
      const sent = await send(exim.port, [one], { authenticate: by('PLAIN', PEER_LOGIN) })
      assert.deepEqual(sent.outcomes, [[]])
      assert.match(told(sent), /"stage":"AUTH".*"by":"us"/)
    })

    test('who is put off is tried again, and the others get the letter', async () => {
      const { name, octets } = text(['for one, now'])
      const sent = await send(exim.port, [letter({ to: [PUT_OFF, 'a@peer.test'], content: octets })])
      assert.equal(kinds(sent), 'deferred+delivered', told(sent))
      assert.equal((await copiesAt(exim, name)).length, 1)
    })
  },
)
