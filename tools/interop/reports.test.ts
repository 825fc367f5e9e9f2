// Reports of the servers of other houses are read by us, and ours by others.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseDeliveryReport, type DeliveryReport } from '@cartero/message'
import { parseForwardPath } from '@cartero/smtp'
import type { OutgoingRecipient } from '@cartero/smtp/client'
import { CarteroProcess, command, lacks } from '@cartero/testkit'
import { foundIn } from './inbox.ts'
import { manyLines, text } from './letters.ts'
import { startNextHop, type NextHop } from './next-hop.ts'
import { letter, send } from './our-client.ts'
import { until, type Peer } from './peer.ts'
import { hosted, PEERS, type PeerRow } from './peers.ts'

const ORIGINAL = 'rfc822;first@old.test'

/** A recipient of whom the sender wants to hear everything. */
function asking(address: string, originalRecipient = ORIGINAL): OutgoingRecipient {
  const parameters = { notify: ['success', 'failure', 'delay'], originalRecipient } as const
  return { path: parseForwardPath(address)!, parameters }
}

/** Words of `report` about recipients, each in a line, in an order of their own. */
function told({ recipients }: DeliveryReport): readonly string[] {
  return recipients
    .map(({ finalRecipient, action, status }) => `${finalRecipient} ${action} ${status}`)
    .toSorted()
}

/** What is different in what each of them tells. */
const RELAYED: Readonly<Record<PeerRow['name'], string>> = {
  Postfix: 'relayed 2.6.0',
  // RFC 3464 §2.3.3 would have it relayed.
  Exim: 'delivered 2.0.0',
  OpenSMTPD: 'relayed 2.0.0',
}

for (const row of PEERS) {
  const isWhole = row.name !== 'OpenSMTPD'
  describe(`reports of ${row.name}`, { skip: row.lacking, timeout: 60_000 }, () => {
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

    /** What the peer says of the letter of that name, once it does. */
    function reportOf(name: string): Promise<DeliveryReport> {
      return until(
        `a report of ${row.name}`,
        async () => {
          const reports = (await peer.received()).map((stored) => parseDeliveryReport(stored))
          return reports.find((report) => report?.originalMessageId === `<${name}@peer.test>`)
        },
        () => peer.log(),
      )
    }

    async function reported(to: readonly OutgoingRecipient[], more: object = {}): Promise<DeliveryReport> {
      const { name, octets } = text(['of this you shall hear'])
      await send(peer.port, [letter({ to, content: octets, envelopeId: 'order+7', ...more })])
      return reportOf(name)
    }

    /** OpenSMTPD tells neither, and Exim does not decode what it had from the command (RFC 3464 §2.2.1). */
    function assertOriginals({ envelopeId, recipients }: DeliveryReport): void {
      const expected = { Postfix: 'order+7', Exim: 'order+2B7', OpenSMTPD: undefined }[row.name]
      assert.equal(envelopeId, expected)
      const originals = new Set(recipients.map(({ originalRecipient }) => originalRecipient))
      assert.deepEqual([...originals], [isWhole ? ORIGINAL : undefined])
    }

    test('say that it is in the mailbox', async () => {
      const report = await reported([asking('kept@peer.test')])
      assert.deepEqual(told(report), ['rfc822;kept@peer.test delivered 2.0.0'])
      assert.match(report.reportingMta, /^dns;\w+\.peer\.test$/)
      assertOriginals(report)
    })

    test('say that it went on to a host without DSN', async () => {
      const report = await reported([asking('fine@far.test')], { return: 'full' })
      assert.deepEqual(told(report), [`rfc822;fine@far.test ${RELAYED[row.name]}`])
      assertOriginals(report)
    })

    test('say who was refused, and in which words', async () => {
      const report = await reported([asking('nobody@far.test'), asking('nobody@other.test')], {
        return: 'headers',
      })
      const status = row.name === 'Postfix' ? '5.1.1' : '5.0.0'
      assert.deepEqual(told(report), [
        `rfc822;nobody@far.test failed ${status}`,
        `rfc822;nobody@other.test failed ${status}`,
      ])
      for (const { diagnosticCode } of report.recipients) {
        assert.equal(diagnosticCode, isWhole ? 'smtp;550 5.1.1 No such mailbox here' : undefined)
      }
    })

    test('say that the message was refused at its end', async () => {
      const report = await reported([asking('content@far.test')])
      assert.deepEqual(told(report), [
        `rfc822;content@far.test failed ${row.name === 'Postfix' ? '5.4.6' : '5.0.0'}`,
      ])
    })

    if (!row.offers.includes('SMTPUTF8')) return
    test('say what they say in UTF-8', async () => {
      const to = [asking('nobody@例え.test', 'utf-8;用户@old.test')]
      const report = await reported(to, { smtpUtf8: true, from: '用户@peer.test' })
      assert.equal(report.recipients[0]!.originalRecipient, 'utf-8;用户@old.test')
      assert.match(report.recipients[0]!.finalRecipient, /;nobody@(例え|xn--r8jz45g)\.test$/)
    })
  })
}

/** What Python's email package finds in a report. */
interface Read {
  readonly type: string
  readonly reportType: string
  readonly defects: readonly string[]
  readonly parts: readonly string[]
  /** The groups of fields of the part for machines. */
  readonly groups: readonly Readonly<Record<string, string>>[]
  readonly returned: string
}

const READER = `
import email, json, sys
from email import policy
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=policy.default)
words, machine, returned = message.get_payload()
defects = [repr(d) for part in message.walk() for d in part.defects]
defects += [repr(d) for part in message.walk() for value in part.values() for d in getattr(value, 'defects', [])]
print(json.dumps({
    'type': message.get_content_type(),
    'reportType': message['content-type'].params['report-type'],
    'defects': defects,
    'parts': [part.get_content_type() for part in (words, machine, returned)],
    'groups': [{name.lower(): str(value) for name, value in group.items()} for group in machine.get_payload()],
    'returned': returned.as_string(),
}))
`

const MAIN = fileURLToPath(new URL('../../apps/cartero/src/main.ts', import.meta.url))

describe('our reports, read by Python', { skip: lacks('python3', 'python3'), timeout: 60_000 }, () => {
  let cartero: CarteroProcess
  before(async () => {
    cartero = await CarteroProcess.start()
  })
  after(() => cartero?.[Symbol.asyncDispose]())

  async function read(name: string): Promise<Read> {
    const wanted = (message: Buffer): boolean =>
      parseDeliveryReport(message)?.originalMessageId === `<${name}@peer.test>`
    const [report] = await foundIn(cartero, 'alice', 'a report', wanted)
    const { stdout, stderr, code } = await command('python3', ['-c', READER], { input: report! })
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout.toString()) as Read
  }

  test('a success', async () => {
    const { name, octets } = text(['hello'])
    const one = letter({
      from: 'alice@cartero.test',
      to: [asking('bob@cartero.test')],
      content: octets,
      envelopeId: 'order+7',
    })
    await send(cartero.port(25), [one])
    const { groups, returned, ...rest } = await read(name)
    assert.deepEqual(rest, {
      type: 'multipart/report',
      reportType: 'delivery-status',
      defects: [],
      parts: ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
    })
    const [message, recipient, ...others] = groups
    assert.equal(others.length, 0)
    assert.equal(message!['reporting-mta'], 'dns; mail.cartero.test')
    assert.equal(message!['original-envelope-id'], 'order+7')
    assert.equal(recipient!['original-recipient'], 'rfc822; first@old.test')
    assert.equal(recipient!['final-recipient'], 'rfc822; bob@cartero.test')
    assert.equal(recipient!['action'], 'delivered')
    assert.match(recipient!['status']!, /^2\.\d\.\d$/)
    assert.match(returned, new RegExp(`^Message-ID: <${name}@peer\\.test>$`, 'm'))
  })

  test('a failure, because it came too late', async () => {
    const set = (quota: string) =>
      command(process.execPath, [
        MAIN,
        'account',
        'set',
        'bob@cartero.test',
        '--quota',
        quota,
        '--data',
        cartero.data,
      ])
    await set('1MB')
    const { name, octets } = text(manyLines(1_100_000))
    const one = letter({
      from: 'alice@cartero.test',
      to: [asking('bob@cartero.test')],
      content: octets,
      deliverBy: { seconds: 1, mode: 'return', trace: false },
    })
    await send(cartero.port(25), [one])
    const { groups, defects } = await read(name)
    assert.deepEqual(defects, [])
    assert.deepEqual([groups[1]!['action'], groups[1]!['status']], ['failed', '5.4.7'])
  })
})
