// What one server takes for the end of a message and another does not: nothing that a peer sends us is two messages for us,
// and nothing that we send is two messages for a peer.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { LineClient } from '@cartero/testkit'
import { asSent, copiesAt, text } from './letters.ts'
import { startNextHop, type NextHop } from './next-hop.ts'
import { letter, send } from './our-client.ts'
import { until, type Peer } from './peer.ts'
import { hosted, PEERS, type PeerRow } from './peers.ts'

/** What has been taken for the end of a message by somebody, or nearly looks like it. */
const ENDS = [
  '\n.\n',
  '\n.\r\n',
  '\r\n.\n',
  '\n.\r',
  '\r\n.\r',
  '\r.\r',
  '\r.\r\n',
  '\n\n.\r\n',
  '\r\n.\r\r\n',
  '\r\r\n.\r\r\n',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
]

const SMUGGLER = 'smuggler@peer.test'

/** Lines that would be a message of their own if what stands before them ended one. */
const contraband = (to: string, name: string): string =>
  `MAIL FROM:<${SMUGGLER}>\r\nRCPT TO:<${to}>\r\nDATA\r\nX-Letter: ${name}\r\n\r\nsmuggled`

/** How many messages the peer took, when one was given to it that has such an end in it. */
async function smuggle(peer: Peer, end: string): Promise<number> {
  using client = await LineClient.connect(peer.port)
  await client.reply()
  await client.smtp('EHLO client.test')
  await client.smtp('MAIL FROM:<sender@peer.test>')
  await client.smtp('RCPT TO:<a@far.test>')
  await client.smtp('DATA')
  const { octets } = text([`body${end}${contraband('b@far.test', 'never')}`])
  client.write(Buffer.concat([octets, Buffer.from('.\r\n')]))
  const first = await client.reply()
  // OpenSMTPD does not listen to what comes before its answer, and hangs up.
  client.write('QUIT\r\n')
  await client.closed()
  const said = first + (await client.expect(/^[^]*$/))
  return said.split('\r\n').filter((line) => /^250 .*(queued as|OK id=|accepted for delivery)/.test(line))
    .length
}

for (const row of PEERS) {
  describe(`smuggling and ${row.name}`, { skip: row.lacking, timeout: 60_000 }, () => {
    let next: NextHop
    let peer: Peer
    before(async () => {
      next = await startNextHop()
      peer = await hosted(row, { port: next.port })
    })
    after(async () => {
      await peer?.[Symbol.asyncDispose]()
      await next?.[Symbol.asyncDispose]()
    })

    for (const mode of ['reject', 'clean'] as const) {
      test(`a message that it sends us stays one where bare newlines are to ${mode}`, async () => {
        next.bareNewlines = mode
        const earlier = next.taken.length + atTheirEnd(next)
        const split = await fewAtATime(ENDS, (end) => smuggle(peer, end))
        assert.deepEqual(
          ENDS.filter((_, i) => split[i]! > 1),
          SPLIT_BY[row.name],
          'it takes other things for an end than it did',
        )
        const accepted = split.reduce((sum, count) => sum + count, 0)
        assert.ok(accepted > ENDS.length / 2, `it took ${accepted}`)
        await until(
          `${accepted} messages of ${row.name}`,
          async () => (next.taken.length + atTheirEnd(next) - earlier >= accepted ? true : undefined),
          () => `${peer.log()}\n${next.taken.map(({ from, to }) => `${from} ${to.join()}`).join('\n')}`,
        )
        assert.equal(next.taken.length + atTheirEnd(next) - earlier, accepted)
      })
    }

    test('only what it split itself is of the smuggler', () => {
      const smuggled = next.taken.filter(({ from }) => from === SMUGGLER).length
      assert.equal(smuggled, 2 * SPLIT_BY[row.name].length)
    })

    test('a message that we send stays one', async () => {
      for (const chunking of ['prefer', 'never'] as const) {
        const name = `smuggled-${chunking}`
        const texts = ENDS.map((end) => text([`body${end}${contraband('b@peer.test', name)}`]))
        const letters = texts.map(({ octets }) => letter({ to: ['a@peer.test'], content: octets }))
        const sent = await send(peer.port, letters, { chunking, ahead: true })
        assert.deepEqual(sent.ending, { kind: 'quit' })
        const taken = texts.filter((_, i) => sent.outcomes[i]![0]!.kind === 'delivered')
        assert.equal(taken.length, ENDS.length)
        for (const one of taken) {
          const [copy, ...others] = await copiesAt(peer, one.name)
          assert.equal(others.length, 0)
          assert.ok(copy!.includes(`X-Letter: ${name}\r\n\r\nsmuggled\r\n`), 'it was cut')
        }
        const stored = await peer.received()
        assert.equal(stored.filter((each) => isSmuggled(each, name)).length, 0)
      }
    })
  })
}

/** Messages that were refused when they were there. */
function atTheirEnd({ refusals }: NextHop): number {
  return refusals.filter((refusal) => /^(?:DATA|BDAT):/.test(refusal)).length
}

/** It is a letter of its own: there is none around it. */
function isSmuggled(stored: Buffer, name: string): boolean {
  return (
    asSent(stored, name) !== undefined && stored.indexOf('X-Letter: ') === stored.indexOf(`X-Letter: ${name}`)
  )
}

/** What each of them takes for the end of a message by itself, as Debian ships it. */
const SPLIT_BY: Readonly<Record<PeerRow['name'], readonly string[]>> = {
  Postfix: ['\n.\n', '\n.\r\n', '\r\n.\n', '\n\n.\r\n', '\r\n.\r\r\n', '\r\r\n.\r\r\n'],
  Exim: [],
  // It ends messages there, too, and then hangs up, since commands follow that it did not wait for.
  OpenSMTPD: [],
}

/** Answers in the order of the questions, four at a time. */
async function fewAtATime<T, U>(
  questions: readonly T[],
  ask: (question: T) => Promise<U>,
): Promise<readonly U[]> {
  const answers: U[] = []
  for (let at = 0; at < questions.length; at += 4) {
    answers.push(...(await Promise.all(questions.slice(at, at + 4).map(ask))))
  }
  return answers
}
