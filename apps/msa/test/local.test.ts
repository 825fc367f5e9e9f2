// Messages that programs on this machine hand over: what becomes of their headers, and what is refused.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { LocalLetter, LocalOutcome } from '@cartero/msa-agent/agent'
import type { Kept } from '@cartero/testkit/edge'
import { MsaStage } from './msa-stage.ts'

let stage: MsaStage

beforeEach(async () => {
  stage = await MsaStage.open()
})
afterEach(() => stage[Symbol.asyncDispose]())

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  const octets = Buffer.from(text)
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size)
}

const LETTER: LocalLetter = { user: 'root', recipients: [], isForHeader: false }

function hand(text: string, letter: Partial<LocalLetter>, size = 7): Promise<LocalOutcome> {
  return stage.local.submit({ ...LETTER, ...letter }, pieces(text, size), AbortSignal.timeout(10_000))
}

async function kept(text: string, letter: Partial<LocalLetter>): Promise<Kept> {
  const outcome = await hand(text, letter)
  assert.equal(outcome.kind, 'accepted', JSON.stringify(outcome))
  return stage.kept()
}

const recipientsOf = ({ envelope }: Kept): readonly string[] =>
  envelope.recipients.map(({ address }) => address)

describe('a message of a program', () => {
  test('gets the domain, author, date and identifier that programs leave out', async () => {
    const { envelope, prefix, octets } = await kept('To: bob\nSubject: report\n\nall is well\n', {
      recipients: ['bob'],
      fullName: 'Cron "the" Daemon',
    })
    assert.equal(envelope.reversePath, 'root@cartero.test')
    assert.deepEqual(envelope.recipients, [{ address: 'bob@cartero.test' }])
    assert.equal(
      octets,
      'From: "Cron \\"the\\" Daemon" <root@cartero.test>\r\nTo: bob@cartero.test\r\nSubject: report\r\n\r\nall is well\r\n',
    )
    assert.match(prefix, /^Received: by mail\.cartero\.test id [0-9A-Z]{16} for <bob@cartero\.test>;\r\n/)
    assert.match(prefix, /^Date: /m)
    assert.match(prefix, /^Message-ID: <.*@mail\.cartero\.test>\r$/m)
  })

  test('names its recipients itself, and blind copies stay blind', async () => {
    const message = await kept(
      'To: "Bob" <bob@cartero.test>, sales\nCc: ALICE@cartero.test\nBcc: bob@cartero.test,\n alice\nFrom: me@cartero.test\n\nx\n',
      { isForHeader: true },
    )
    assert.deepEqual(recipientsOf(message), [
      'bob@cartero.test',
      'sales@cartero.test',
      'ALICE@cartero.test',
      'alice@cartero.test',
    ])
    assert.doesNotMatch(message.octets, /bcc/i)
    assert.match(message.octets, /^To: Bob <bob@cartero\.test>, sales@cartero\.test\r$/m)
  })

  test('that was sent on goes to those of the resending alone', async () => {
    const message = await kept('Resent-To: alice\nTo: bob\nFrom: me@cartero.test\n\nx\n', {
      isForHeader: true,
    })
    assert.deepEqual(recipientsOf(message), ['alice@cartero.test'])
  })

  test('that was sent on twice goes to those of the last time', async () => {
    const header =
      'Resent-From: me\nResent-To: alice\nResent-From: alice\nResent-To: sales\nResent-Cc: sales\nTo: bob\n'
    assert.deepEqual(recipientsOf(await kept(`${header}\nx\n`, { isForHeader: true })), [
      'alice@cartero.test',
    ])
    const traced = header.replace(
      'Resent-From: alice',
      'Received: from a by b;\n 1 Jan 2026 00:00:00 +0000\nResent-From: alice',
    )
    assert.deepEqual(recipientsOf(await kept(`${traced}\nx\n`, { isForHeader: true })), [
      'alice@cartero.test',
    ])
  })

  test('without any header is a body, and is never read as fields', async () => {
    const { octets } = await kept('all is well\nTo: nobody\n', { recipients: ['bob@localhost'] })
    assert.equal(octets, 'From: root@cartero.test\r\n\r\nall is well\r\nTo: nobody\r\n')
  })

  test('whose header lacks its empty line gets one', async () => {
    const { octets } = await kept('Subject: x\nall is well', { recipients: ['bob'] })
    assert.equal(octets, 'From: root@cartero.test\r\nSubject: x\r\n\r\nall is well\r\n')
  })

  test('loses the first line of a mailbox of old', async () => {
    const { octets } = await kept('From root Mon Jan  1 00:00:00 2024\nSubject: x\n\n', {
      recipients: ['bob'],
    })
    assert.equal(octets, 'From: root@cartero.test\r\nSubject: x\r\n\r\n')
  })

  test('may come from nobody, or from anybody', async () => {
    assert.equal((await kept('\nx', { recipients: ['bob'], sender: '<>' })).envelope.reversePath, '')
    const other = await kept('\nx', { recipients: ['bob'], sender: 'tim@elsewhere.example' })
    assert.equal(other.envelope.reversePath, 'tim@elsewhere.example')
  })

  test('asks for what the sender wants to know', async () => {
    const { envelope } = await kept('\nx', {
      recipients: ['bob'],
      notify: ['success', 'failure'],
      envelopeId: 'QQ1',
      return: 'headers',
    })
    assert.deepEqual(envelope.recipients[0]!.notify, ['success', 'failure'])
    assert.deepEqual([envelope.envelopeId, envelope.return], ['QQ1', 'headers'])
  })
})

describe('nothing is taken', () => {
  test('when one recipient is refused, and each refusal is told', async () => {
    const outcome = await hand('\nx', { recipients: ['bob', 'nobody', 'tim@sales'] })
    assert.equal(outcome.kind, 'refused')
    const refusals = outcome.kind === 'refused' ? outcome.refusals : []
    assert.deepEqual(
      refusals.map(({ recipient, reply }) => [recipient, reply.slice(0, 9)]),
      [
        ['nobody', '550 5.1.1'],
        ['tim@sales', '554 5.1.2'],
      ],
    )
    assert.equal(stage.waiting, 0)
  })

  test('when a word names nobody, which is told and not passed over', async () => {
    const outcome = await hand('\nx', { recipients: ['bob', '"'] })
    const refusals = outcome.kind === 'refused' ? outcome.refusals : []
    assert.deepEqual(
      refusals.map(({ recipient }) => recipient),
      ['"'],
    )
  })

  test('when the sender is no address: it is not taken for nobody', async () => {
    assert.equal((await hand('\nx', { recipients: ['bob'], sender: '"' })).kind, 'refused')
    assert.equal(stage.waiting, 0)
  })

  test('when nobody is named', async () => {
    assert.deepEqual(await hand('Subject: x\n\nx', { isForHeader: true }), { kind: 'noRecipients' })
  })

  test('when its source breaks off', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('Subject: x\n\nx')
      throw new Error('cut')
    }
    const letter = { ...LETTER, recipients: ['bob'] }
    await assert.rejects(stage.local.submit(letter, broken(), AbortSignal.timeout(10_000)), /cut/)
    assert.equal(stage.waiting, 0)
  })

  test('when it is larger than messages may be, or its header is', async () => {
    await using small = await MsaStage.open({ limits: { messageSize: 70_000 } })
    const text = (octets: number): AsyncGenerator<Buffer> => pieces(`\n${'x'.repeat(octets)}`, 10_000)
    const submit = (octets: AsyncGenerator<Buffer>): Promise<LocalOutcome> =>
      small.local.submit({ ...LETTER, recipients: ['bob'] }, octets, AbortSignal.timeout(10_000))
    assert.match(JSON.stringify(await submit(text(70_000))), /552 5\.3\.4/)
    assert.equal((await submit(text(60_000))).kind, 'accepted')
    assert.match(JSON.stringify(await submit(pieces(`a: ${'x'.repeat(300_000)}`, 10_000))), /552 5\.3\.4/)
  })
})
