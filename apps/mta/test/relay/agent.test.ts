// The whole agent: from the queue over real sockets to another host, and what is told of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createMtaAgent, RELAY_SETTINGS, type MtaDependencies } from '@cartero/mta-agent/agent'
import { MailHostFinder, RouteTable } from '@cartero/routing'
import type { DeliverySummary } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { Notices } from '@cartero/spool/notices'
import { systemClock } from '@cartero/wire'

import { ScriptedServer } from '../courier/scripted-server.ts'

/** Everything behind the agent in memory; the other host is a real one, reached by a route. */
class House implements AsyncDisposable {
  readonly content = new MemoryContentLog()
  readonly spool = new MemorySpool({ content: this.content })
  readonly metrics = new MetricRegistry()
  readonly #lines: string[] = []
  readonly #agent: ReturnType<typeof createMtaAgent>

  constructor(port: number, parts: Partial<MtaDependencies> = {}) {
    const notices = new Notices({
      intake: this.spool,
      content: this.content,
      hostname: 'mta.test',
      clock: systemClock,
      random: (octets) => new Uint8Array(octets),
    })
    const routes = new RouteTable(
      [{ name: 'next', protocol: 'smtp', hosts: [{ host: '127.0.0.1', port }] }],
      [{ match: '*', via: 'next' }],
    )
    const doors = { hostnames: [], hasAddress: () => false, ports: [], allowsLoopback: true }
    const lost = () => Promise.reject(new Error('nobody asks the DNS here'))
    const resolver = new Proxy({} as never, { get: () => lost })
    this.#agent = createMtaAgent({
      settings: { hostname: 'mta.test', listen: [] },
      spool: this.spool,
      directory: openMemoryDirectory(),
      logger: createLoggerTo((line) => this.#lines.push(line)),
      metrics: this.metrics,
      notices,
      routes,
      outbound: 'send',
      relay: {
        content: this.content,
        hosts: new MailHostFinder({ resolver, doors, routes }),
        policies: {
          of: (_way, hosts) =>
            Promise.resolve({
              type: 'no-policy-found',
              hosts: hosts.map(() => ({ kind: 'use' as const, demand: { kind: 'none' as const } })),
              text: [],
              steps: [],
              isTestingOnly: false,
            }),
        },
        settings: { ...RELAY_SETTINGS, loopback: true },
      },
      ...parts,
    })
  }

  async start(): Promise<void> {
    await this.#agent.start!(AbortSignal.timeout(10_000))
  }

  async accept(...to: readonly string[]): Promise<void> {
    const client = { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' }
    const recipients = to.map((address) => ({ address }))
    const draft = this.spool.begin({ reversePath: 'me@here.test', recipients, client })
    await draft.write(Buffer.from('Subject: hello\r\n\r\nworld\r\n'))
    await draft.commit(Buffer.alloc(0))
  }

  /** Lines of the log about an event. */
  told(event: string): readonly Record<string, unknown>[] {
    return this.#lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['event'] === event)
  }

  async until(event: string, count = 1): Promise<readonly Record<string, unknown>[]> {
    const end = AbortSignal.timeout(10_000)
    while (this.told(event).length < count) {
      assert.ok(!end.aborted, `${event}: ${this.#lines.join('')}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return this.told(event)
  }

  async waiting(): Promise<readonly DeliverySummary[]> {
    return (await this.spool.list({}, { limit: 10 })).deliveries
  }

  async series(name: string): Promise<string[]> {
    const { text } = await this.metrics.exposition()
    return text.split('\n').filter((line) => line.startsWith(name))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.drain!(AbortSignal.timeout(10_000))
    await this.#agent.stop!()
    await this.spool.close()
  }
}

test('mail for elsewhere is with the next host, and the log says who has it, over what, and how long it took', async () => {
  await using server = await ScriptedServer.start()
  await using house = new House(server.port)
  await house.start()
  await house.accept('bob@far.test', 'eve@far.test')
  const [line] = await house.until('message.relayed')
  assert.deepEqual(line!['to'], ['bob@far.test', 'eve@far.test'])
  assert.equal(line!['destination'], 'via next')
  assert.equal(line!['address'], '127.0.0.1')
  assert.equal(line!['reply'], '250 2.0.0 taken as X1')
  assert.equal(line!['attempt'], 1)
  const { queued, connect, send } = line!['delays'] as Record<string, number>
  const sum = queued! + connect! + send!
  assert.ok(Math.abs(sum - (line!['delay'] as number)) < 0.001, JSON.stringify(line))
  assert.equal(server.taken[0]?.body.includes('world'), true)
  assert.deepEqual(await house.waiting(), [])
  assert.deepEqual(await house.series('cartero_mta_relayed_recipients_total{outcome="relayed"}'), [
    'cartero_mta_relayed_recipients_total{outcome="relayed"} 2',
  ])
})

test('each recipient ends by the reply that it got', async () => {
  const script = { RCPT: ['250 2.1.5 yes', '450 4.2.1 later', '550 5.1.1 never'] }
  await using server = await ScriptedServer.start(script)
  await using house = new House(server.port)
  await house.start()
  await house.accept('a@far.test', 'b@far.test', 'c@far.test')
  const [returned] = await house.until('message.returned')
  const [deferred] = await house.until('message.deferred')
  assert.deepEqual(house.told('message.relayed')[0]?.['to'], ['a@far.test'])
  assert.deepEqual([deferred!['to'], deferred!['status']], ['b@far.test', '4.2.1'])
  assert.deepEqual([returned!['to'], returned!['status']], ['c@far.test', '5.1.1'])
  assert.deepEqual(
    (await house.waiting())
      .map(({ state, recipients }) => [state, recipients])
      .find(([state]) => state === 'deferred'),
    ['deferred', ['b@far.test']],
  )
})

test('a destination that nobody answers for is told once, not for each message', async () => {
  const server = await ScriptedServer.start()
  const { port } = server
  await server[Symbol.asyncDispose]()
  await using house = new House(port)
  for (let n = 0; n < 5; n++) await house.accept(`somebody-${n}@far.test`)
  await house.start()
  await house.until('message.deferred', 5)
  const [line] = house.told('destination.unreachable')
  assert.equal(line!['destination'], 'via next')
  assert.equal(house.told('destination.unreachable').length, 1)
  assert.deepEqual(await house.series('cartero_mta_unreachable_total'), ['cartero_mta_unreachable_total 1'])
})

test('without a relay, mail for elsewhere waits in the queue', async () => {
  await using house = new House(25, { relay: undefined as never })
  await house.start()
  await house.accept('bob@far.test')
  while ((await house.waiting())[0]?.destination !== 'via next') await new Promise(setImmediate)
  assert.equal((await house.waiting())[0]?.state, 'ready')
})

test('a relay without notices is refused at once: nobody would hear of what fails', () => {
  assert.throws(() => new House(25, { notices: undefined as never }), /needs notices/)
})

test('the queue is counted by state', async () => {
  await using house = new House(25, { relay: undefined as never })
  const [id] = (await house.accept('bob@far.test'), await house.waiting()).map(({ queueId }) => queueId)
  for await (const _ of house.spool.change(
    { ids: [id!] },
    { kind: 'hold', reason: 'no' },
    AbortSignal.timeout(5_000),
  ));
  await house.start()
  await new Promise(setImmediate)
  assert.deepEqual(await house.series('cartero_mta_queue_deliveries{state="held"}'), [
    'cartero_mta_queue_deliveries{state="held"} 1',
  ])
})
