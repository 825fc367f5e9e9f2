import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QueueNode } from '@cartero/smtp'
import { ManualClock, NetworkSet, parseNetwork } from '@cartero/wire'
import { EtrnDesk, MOST_NAMED_DOMAINS, type Asker } from './etrn-desk.ts'
import { DEFAULT_ETRN_POLICY } from './etrn-policy.ts'
import type { QueueStart } from './queue-starter.ts'

const connection = {
  id: 'x',
  remoteAddress: '192.0.2.7',
  remotePort: 1,
  localAddress: '192.0.2.1',
  localPort: 25,
}
const asker: Asker = { connection, account: undefined, canLogIn: false }

/** A desk for one who may ask for these nodes, and all that it started. */
function deskFor(nodes: readonly QueueNode[], waits: Readonly<Record<string, QueueStart>> = {}) {
  const started: string[] = []
  const startDomain = async (domain: string): Promise<QueueStart> => {
    started.push(domain)
    return waits[domain] ?? { kind: 'nothing' }
  }
  const desk = new EtrnDesk({
    policy: {
      ...DEFAULT_ETRN_POLICY,
      allow: [{ nodes, networks: new NetworkSet([parseNetwork('192.0.2.7')!]), accounts: new Set() }],
    },
    starter: {
      startDomain,
      startRoute: startDomain,
      startBelow: (domains) => void started.push(...domains.map((domain) => `.${domain}`)),
    },
    directory: { CollectedDomains: async () => ({ domains: [] }) },
    clock: new ManualClock(),
    events: { queueStarted: () => {}, queueFailed: (_, __, error) => assert.fail(String(error)) },
  })
  return { desk, started }
}

const domains = (count: number): readonly QueueNode[] =>
  Array.from({ length: count }, (_, n) => ({ kind: 'domain', name: `d${n}.branch.example` }))
const all = { kind: 'subdomains', name: 'branch.example' } as const

test('one word does not start any number of domains, and none is left out in silence', async () => {
  const most = deskFor(domains(MOST_NAMED_DOMAINS))
  assert.equal((await most.desk.ask(all, asker)).code, 251)
  assert.equal(most.started.length, MOST_NAMED_DOMAINS)
  const more = deskFor(domains(MOST_NAMED_DOMAINS + 1))
  assert.equal((await more.desk.ask(all, asker)).code, 458)
  assert.deepEqual(more.started, [])
})

test('a domain that is listed twice, or within another one, is counted once', async () => {
  const nodes = [...domains(1), ...domains(1), all]
  const { desk, started } = deskFor(nodes, { 'd0.branch.example': { kind: 'started', deliveries: 2 } })
  assert.equal((await desk.ask(all, asker)).code, 250)
  assert.deepEqual(started, ['branch.example', '.branch.example'])
})

test('what is fetched is not said to be started because something below it may be', async () => {
  const { desk } = deskFor([all], { 'branch.example': { kind: 'collected', deliveries: 1 } })
  const { code, lines } = await desk.ask(all, asker)
  assert.equal(code, 458)
  assert.match(lines[0]!, /1 message waits here to be fetched with ATRN/)
})
