// Where accepted mail goes, with the directory and the spool in memory.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createMtaAgent } from '@cartero/mta-agent/agent'
import type { Delivery, DeliverySummary, Envelope, EnvelopeRecipient } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices } from '@cartero/spool/notices'
import { ManualClock } from '@cartero/wire'

function house() {
  const clock = new ManualClock()
  const content = new MemoryContentLog()
  const spool = new MemorySpool({ content, clock })
  const directory = openMemoryDirectory()
  const notices = new Notices({
    intake: spool,
    content,
    hostname: 'mx.cartero.test',
    clock,
    random: (octets) => new Uint8Array(octets),
  })
  const [logger, metrics] = [silentLogger, new MetricRegistry()]
  const settings = { hostname: 'mx.cartero.test', listen: [] }
  const agent = createMtaAgent({ settings, spool, directory, logger, metrics, clock, notices })
  return { clock, content, spool, directory, agent }
}

describe('the router', () => {
  let rooms: ReturnType<typeof house>
  beforeEach(async () => {
    rooms = house()
    const { directory } = rooms
    await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    for (const [name, disabled] of [
      ['alice', false],
      ['bob', false],
      ['carol', true],
    ] as const)
      await directory.AddAccount({
        account: { address: `${name}@cartero.test`, disabled, quota: 0n },
        password: 'secret words',
      })
    const targets = ['alice@cartero.test', 'bob@cartero.test']
    await directory.SetAlias({ alias: { address: 'both@cartero.test', targets } })
    await directory.SetAlias({ alias: { address: 'robert@cartero.test', targets: ['bob@cartero.test'] } })
    await rooms.agent.start!(AbortSignal.timeout(10_000))
  })
  afterEach(async () => {
    await rooms.spool.close()
    await rooms.agent.stop!()
  })

  async function accept(
    recipients: readonly EnvelopeRecipient[],
    wishes: Partial<Envelope> = {},
  ): Promise<void> {
    const client = { address: '192.0.2.1', helo: 'elsewhere.test', protocol: 'ESMTP' }
    const draft = rooms.spool.begin({ reversePath: 'alice@cartero.test', recipients, client, ...wishes })
    void draft.write(Buffer.from('Subject: x\r\n\r\nx\r\n'))
    await draft.commit(Buffer.alloc(0))
  }

  async function leased(): Promise<Delivery> {
    for await (const [delivery] of rooms.spool.lease('local', 1, AbortSignal.timeout(5_000))) return delivery!
    throw new assert.AssertionError({ message: 'nothing came' })
  }

  async function inState(state: DeliverySummary['state']): Promise<readonly DeliverySummary[]> {
    for (let turn = 0; turn < 1_000; turn++) {
      const found = (await rooms.spool.list({ state }, { limit: 10 })).deliveries
      if (found.length > 0) return found
      await new Promise(setImmediate)
    }
    throw new assert.AssertionError({ message: `nothing is ${state}` })
  }

  test('a mailbox that several addresses lead to gets one copy, and each address is remembered', async () => {
    await accept([
      { address: 'both@cartero.test' },
      { address: 'bob@cartero.test' },
      { address: 'robert@cartero.test' },
    ])
    const { recipients } = await leased()
    assert.deepEqual(recipients, [
      { address: 'both@cartero.test', account: 'alice@cartero.test', expanded: true },
      { address: 'bob@cartero.test', account: 'bob@cartero.test', others: ['robert@cartero.test'] },
    ])
  })

  test('what nobody here takes any more is handed on with its reason, not held without a word', async () => {
    await accept([{ address: 'nobody@cartero.test' }, { address: 'carol@cartero.test' }])
    const { recipients } = await leased()
    assert.deepEqual(
      recipients.map(({ problem }) => problem),
      ['noSuchMailbox', 'mailboxDisabled'],
    )
  })

  test('an alias with several mailboxes is reported as expanded to a sender who asked, once', async () => {
    await accept([{ address: 'both@cartero.test', notify: ['success'] }])
    const letters = [await leased(), await leased()]
    const notice = letters.find(({ message }) => message.envelope.reversePath === '')!
    const text = (await rooms.content.read(notice.message.content)).toString()
    assert.match(text, /^Action: expanded\r$/m)
    assert.match(text, /both@cartero\.test/)
  })

  test('mail for elsewhere waits by destination where nobody relays, and is refused by nobody', async () => {
    await accept([{ address: 'someone@elsewhere.test' }], { reversePath: '' })
    let [waiting] = await inState('ready')
    for (let turn = 0; turn < 1_000 && waiting!.destination === ''; turn++) {
      await new Promise(setImmediate)
      ;[waiting] = await inState('ready')
    }
    assert.equal(waiting!.destination, 'elsewhere.test')
  })
})
