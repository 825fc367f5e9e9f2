// Name servers that are dead, broken or slow: mail waits with a reason that says so, goes when they are back, and what needs
// no answer of theirs is not kept waiting.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeliverySummary } from '@cartero/spool'
import { CountingHost } from './counting-host.ts'
import { MannerlyResolver } from './mannerly-resolver.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const LIMIT_MS = 30_000
/** Domains about which nobody says anything. */
const SLOW = 12

const host = await CountingHost.start()
let resolver = await MannerlyResolver.start()
const { port } = resolver
let stage: RelayUnderFire

before(async () => {
  stage = await RelayUnderFire.start({
    hosts: {},
    counted: [host],
    relay: `, port: ${host.port}, tls: { mtaSts: false, dane: false }`,
    lines: `dns: { servers: ["127.0.0.1:${port}"], patience: 500ms, rounds: 1 }\n`,
  })
})
after(async () => {
  await stage[Symbol.asyncDispose]()
  await resolver[Symbol.asyncDispose]()
  await host[Symbol.asyncDispose]()
})

async function listed(destination: string): Promise<readonly DeliverySummary[]> {
  return (await stage.queue((queue) => queue.list({ destination }, 100))).deliveries
}

async function untilDeferred(domain: string): Promise<DeliverySummary> {
  for (const end = Date.now() + LIMIT_MS; Date.now() < end; await sleep(50)) {
    const all = await listed(domain)
    if (all.length > 0 && all.every(({ attempts, state }) => attempts > 0 && state === 'deferred'))
      return all[0]!
  }
  throw new Error(stage.cartero.output)
}

async function untilSent(domain: string): Promise<void> {
  for (const end = Date.now() + LIMIT_MS; (await listed(domain)).length > 0; await sleep(100)) {
    assert.ok(Date.now() < end, JSON.stringify(await listed(domain)))
    await stage.change({ destination: domain }, { kind: 'retry' })
  }
}

const letters = (domain: string, prefix: string): Promise<unknown> =>
  stage.flood({ domain, prefix, sessions: 2, letters: 10 })

describe('mail for hosts that the DNS names', () => {
  test('waits with 4.4.3 while no name server answers, and goes when one is back', async () => {
    await resolver[Symbol.asyncDispose]()
    await letters('dead.test', 'dead')
    const { reason, status } = { status: '', ...(await untilDeferred('dead.test')) }
    assert.match(`${status} ${reason}`, /4\.4\.3/)
    resolver = await MannerlyResolver.start(port)
    await untilSent('dead.test')
    assert.deepEqual(await stage.lost(), [])
  })

  test('waits with 4.4.3 while the name server fails, and goes when it does not', async () => {
    resolver.manners.set('broken.test', 'fail')
    await letters('broken.test', 'broken')
    const { reason, status } = { status: '', ...(await untilDeferred('broken.test')) }
    assert.match(`${status} ${reason}`, /4\.4\.3/)
    resolver.manners.clear()
    await untilSent('broken.test')
    assert.deepEqual(await stage.lost(), [])
  })

  test('does not wait for the answers about other domains', async () => {
    for (let i = 0; i < SLOW; i++) resolver.manners.set(`slow${i}.test`, 'silence')
    for (let i = 0; i < SLOW; i++)
      await stage.flood({ domain: `slow${i}.test`, prefix: `slow${i}`, sessions: 1, letters: 1 })
    await letters('quick.test', 'quick')
    assert.deepEqual(await stage.lost((recipient) => recipient.startsWith('slow')), [])
    assert.ok(host.copies.size < stage.promised.size)
    resolver.manners.clear()
    for (let i = 0; i < SLOW; i++) await untilSent(`slow${i}.test`)
    assert.deepEqual(await stage.lost(), [])
    assert.equal(stage.duplicates().size, 0)
  })
})
