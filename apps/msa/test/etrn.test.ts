// ETRN on the submission ports: what an account may have tried now, and what it is told of mail that it comes for itself.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { QueueNode } from '@cartero/smtp/server'
import {
  DEFAULT_ETRN_POLICY,
  type EtrnPolicy,
  type QueueStart,
  type QueueStarter,
} from '@cartero/spool/reception'
import { LineClient } from '@cartero/testkit'
import { networks } from '@cartero/testkit/edge'
import { MsaStage } from './msa-stage.ts'

/** A queue of so many deliveries for each domain, and what was started of it. */
class ScriptedQueue implements QueueStarter {
  readonly started: string[] = []
  readonly #waits: Readonly<Record<string, QueueStart>>

  constructor(waits: Readonly<Record<string, QueueStart>> = {}) {
    this.#waits = waits
  }

  async startDomain(domain: string): Promise<QueueStart> {
    this.started.push(domain)
    if (domain === 'broken.example') throw new Error('the disk is on fire')
    return this.#waits[domain] ?? { kind: 'nothing' }
  }

  startBelow(domains: readonly string[]): void {
    this.started.push(...domains.map((domain) => `.${domain}`))
  }

  startRoute(name: string): Promise<QueueStart> {
    return this.startDomain(`#${name}`)
  }
}

const named = (...names: readonly string[]): readonly QueueNode[] =>
  names.map((name) => ({ kind: 'domain', name }))

function forAlice(...nodes: readonly QueueNode[]): EtrnPolicy {
  const rule = { nodes, networks: networks(), accounts: new Set(['alice@cartero.test']) }
  return { ...DEFAULT_ETRN_POLICY, allow: [rule] }
}

async function offers(client: LineClient): Promise<boolean> {
  return (await client.offered()).includes('ETRN')
}

describe('ETRN on the submission ports', () => {
  test('is not there without a queue', async () => {
    await using stage = await MsaStage.open({ policy: { etrn: forAlice(...named('branch.example')) } })
    using alice = await stage.alice()
    assert.ok(!(await offers(alice)))
    assert.match(await alice.smtp('ETRN branch.example'), /^502 5\.5\.1 /)
  })

  test('is offered to accounts, and before login only where a login opens something', async () => {
    await using plain = await MsaStage.open({}, { queueStarter: new ScriptedQueue() })
    using nobody = await plain.client()
    assert.ok(!(await offers(nobody)))
    using customer = await plain.loggedIn('home')
    assert.ok(await offers(customer))
    const policy = { etrn: forAlice(...named('branch.example')) }
    await using listed = await MsaStage.open({ policy }, { queueStarter: new ScriptedQueue() })
    using before = await listed.client()
    // msmtp looks for it before it logs in, and not again.
    assert.ok(await offers(before))
    assert.match(await before.smtp('ETRN branch.example'), /^530 5\.7\.0 /)
    using inTheClear = await LineClient.connect(listed.submission)
    await inTheClear.reply()
    assert.ok(!(await offers(inTheClear)))
  })

  test('is offered to no account when customers may not ask and no rule names one', async () => {
    const policy = { etrn: { ...DEFAULT_ETRN_POLICY, collectors: false } }
    await using stage = await MsaStage.open({ policy }, { queueStarter: new ScriptedQueue() })
    using customer = await stage.loggedIn('home')
    assert.ok(!(await offers(customer)))
    assert.match(await customer.smtp('ETRN home.test'), /^502 5\.5\.1 /)
  })

  test('starts for an account what a rule gives it, and for no other account', async () => {
    const queueStarter = new ScriptedQueue({ 'branch.example': { kind: 'started', deliveries: 4 } })
    const policy = { etrn: forAlice(...named('branch.example')) }
    await using stage = await MsaStage.open({ policy }, { queueStarter })
    using bob = await stage.loggedIn('bob')
    const refusal = '459 4.7.1 Node branch.example not allowed: it is not yours to ask for\r\n'
    assert.equal(await bob.smtp('ETRN branch.example'), refusal)
    assert.deepEqual(queueStarter.started, [])
    using alice = await stage.alice()
    const answer = '253 2.0.0 OK, 4 pending messages for node branch.example started\r\n'
    assert.equal(await alice.smtp('ETRN Branch.Example'), answer)
    assert.deepEqual(queueStarter.started, ['branch.example'])
    assert.equal(stage.ground.told('queue.started')['account'], 'alice@cartero.test')
  })

  test('tells who comes for mail himself that nothing is sent, and how it is fetched', async () => {
    const queueStarter = new ScriptedQueue({ 'home.test': { kind: 'collected', deliveries: 2 } })
    await using stage = await MsaStage.open({}, { queueStarter })
    using customer = await stage.loggedIn('home')
    const answer = (node: string): string =>
      `458 4.3.0 Unable to queue messages for node ${node}: 2 messages wait here to be fetched with ATRN\r\n`
    assert.equal(await customer.smtp('ETRN home.test'), answer('home.test'))
    assert.equal(await customer.smtp('ETRN @home.test'), answer('@home.test'))
    assert.match(await customer.smtp('ETRN cartero.test'), /^459 /)
    using alice = await stage.alice()
    assert.match(await alice.smtp('ETRN home.test'), /^459 /)
  })

  test('tells who comes for mail himself when there is none', async () => {
    await using stage = await MsaStage.open({}, { queueStarter: new ScriptedQueue() })
    using customer = await stage.loggedIn('home')
    const answer = '251 2.0.0 OK, no messages waiting for node home.test\r\n'
    assert.equal(await customer.smtp('ETRN home.test'), answer)
  })

  test('says 458 and tells the operator when the queue cannot be asked', async () => {
    const policy = { etrn: forAlice(...named('broken.example')) }
    await using stage = await MsaStage.open({ policy }, { queueStarter: new ScriptedQueue() })
    using alice = await stage.alice()
    const answer =
      '458 4.3.0 Unable to queue messages for node broken.example: this cannot be told now, try again later\r\n'
    assert.equal(await alice.smtp('ETRN broken.example'), answer)
    assert.equal(stage.ground.told('queue.unstarted')['node'], 'broken.example')
    assert.match(await alice.smtp('NOOP'), /^250 /)
  })

  test('is for a listed network without login, where it sends without login, too', async () => {
    const rule = {
      nodes: named('branch.example'),
      networks: networks('127.0.0.1'),
      accounts: new Set<string>(),
    }
    const policy = { etrn: { ...DEFAULT_ETRN_POLICY, allow: [rule] } }
    await using stage = await MsaStage.open({ policy }, { queueStarter: new ScriptedQueue() })
    using client = await stage.client()
    assert.ok(await offers(client))
    assert.match(await client.smtp('ETRN branch.example'), /^530 5\.7\.0 /)
    const relayNetworks = networks('127.0.0.1')
    await using open = await MsaStage.open(
      { policy: { ...policy, relayNetworks } },
      { queueStarter: new ScriptedQueue() },
    )
    using own = await open.client()
    assert.match(await own.smtp('ETRN branch.example'), /^251 /)
    assert.match(await own.smtp('ETRN other.example'), /^459 /)
  })

  test('is limited for each node, and for each address', async () => {
    const etrn = {
      ...forAlice(...named('branch.example', 'second.example')),
      perPeer: { perHour: 60, burst: 4 },
      perNode: { perHour: 60, burst: 1 },
    }
    const queueStarter = new ScriptedQueue()
    await using stage = await MsaStage.open({ policy: { etrn } }, { queueStarter })
    using alice = await stage.alice()
    assert.match(await alice.smtp('ETRN branch.example'), /^251 /)
    assert.match(await alice.smtp('ETRN branch.example'), /^458 .* asked too often, try again later/)
    assert.match(await alice.smtp('ETRN second.example'), /^251 /)
    assert.match(await alice.smtp('ETRN second.example'), /^458 .* asked too often/)
    assert.match(await alice.smtp('ETRN third.example'), /^458 .* asked too often/)
    assert.deepEqual(queueStarter.started, ['branch.example', 'second.example'])
    stage.clock.advance(60_000)
    assert.match(await alice.smtp('ETRN branch.example'), /^251 /)
  })
})
