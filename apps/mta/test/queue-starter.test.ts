// What a wish to have waiting mail tried now comes to, by the queue, the routes and the directory.
import assert from 'node:assert/strict'
import { afterEach, before, beforeEach, describe, test } from 'node:test'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { SpoolStarter } from '@cartero/mta-agent/agent'
import { RouteTable } from '@cartero/routing'
import { EdgeGround } from '@cartero/testkit/edge'
import { MOST_DESTINATIONS } from '../src/queue-starter.ts'

const routes = new RouteTable(
  ['branch', 'others', 'everything'].map((name) => ({
    name,
    protocol: 'smtp' as const,
    hosts: [{ host: `${name}.example`, port: 25 }],
  })),
  [
    { match: 'branch.example', via: 'branch' },
    { match: '.branch.example', via: 'others' },
    { match: 'refused.example', via: 'refuse' },
    { match: 'tim@single.example', via: 'branch' },
  ],
)
const directory = openMemoryDirectory()

before(async () => {
  const domain = (name: string) => ({ name, catchAll: '', postmaster: '' })
  await directory.AddDomain({ domain: domain('cartero.test') })
  const account = { address: 'home@cartero.test', disabled: false, quota: 0n }
  await directory.AddAccount({ account, password: 'secret words' })
  const collection = { account: account.address, quota: 0n, keepSeconds: 0n, contact: '' }
  await directory.AddDomain({ domain: { ...domain('home.test'), collection } })
})

describe('waiting mail', () => {
  let ground: EdgeGround
  let starter: SpoolStarter
  const failures: string[] = []
  beforeEach(() => {
    ground = new EdgeGround()
    failures.length = 0
    starter = new SpoolStarter({
      spool: ground.spool,
      directory,
      routes,
      failed: (destination) => void failures.push(destination),
    })
  })
  afterEach(() => assert.deepEqual(failures, []))

  test('of a domain is counted and due, and nobody else is called because of it', async () => {
    await ground.deferred({ kind: 'remote', domain: 'away.example' }, 3)
    await ground.deferred({ kind: 'remote', domain: 'other.example' })
    assert.deepEqual(await starter.startDomain('away.example'), { kind: 'started', deliveries: 3 })
    assert.deepEqual(await ground.due(), ['away.example!'])
  })

  test('that is not there calls nobody', async () => {
    await ground.deferred({ kind: 'remote', domain: 'b.away.example' })
    assert.deepEqual(await starter.startDomain('away.example'), { kind: 'nothing' })
    assert.deepEqual(await starter.startDomain('b.away.example'), { kind: 'started', deliveries: 1 })
    assert.deepEqual(await ground.due(), ['b.away.example!'])
  })

  test('that an operator holds stays held', async () => {
    await ground.deferred({ kind: 'remote', domain: 'away.example' })
    const hold = ground.spool.change({}, { kind: 'hold', reason: 'x' }, AbortSignal.timeout(5_000))
    for await (const _ of hold);
    assert.deepEqual(await starter.startDomain('away.example'), { kind: 'nothing' })
  })

  test('of a domain with a route is started there, and others with mail on it are not counted', async () => {
    await ground.deferred({ kind: 'route', name: 'branch' }, 2)
    assert.deepEqual(await starter.startDomain('branch.example'), { kind: 'started' })
    assert.deepEqual(await ground.due(), ['via branch!'])
  })

  test('of a route is counted', async () => {
    await ground.deferred({ kind: 'route', name: 'everything' }, 2)
    assert.deepEqual(await starter.startRoute('everything'), { kind: 'started', deliveries: 2 })
    assert.deepEqual(await starter.startRoute('nowhere'), { kind: 'noWay' })
  })

  test('that a customer comes for is counted and stays where it is', async () => {
    assert.deepEqual(await starter.startDomain('home.test'), { kind: 'nothing' })
    await ground.deferred({ kind: 'odmr', domain: 'home.test' }, 2)
    await ground.deferred({ kind: 'remote', domain: 'home.test' })
    await ground.deferred({ kind: 'remote', domain: 'away.example' })
    assert.deepEqual(await starter.startDomain('home.test'), { kind: 'collected', deliveries: 2 })
    await starter.startDomain('away.example')
    assert.deepEqual(await ground.due(), ['away.example!'])
  })

  test('of mailboxes here is nothing to be sent, whatever the domain is called', async () => {
    await ground.deferred({ kind: 'local' })
    assert.deepEqual(await starter.startDomain('cartero.test'), { kind: 'nothing' })
    assert.deepEqual(await starter.startDomain('local'), { kind: 'nothing' })
  })

  test('of a domain that nobody may write to has no way', async () => {
    assert.deepEqual(await starter.startDomain('refused.example'), { kind: 'noWay' })
  })

  test('of one address by a way of its own does not make that way the one of its domain', async () => {
    await ground.deferred({ kind: 'route', name: 'branch' })
    assert.deepEqual(await starter.startDomain('single.example'), { kind: 'nothing' })
  })

  test('of all has no way of its own, so that one domain does not start the mail of everybody', async () => {
    await ground.deferred({ kind: 'route', name: 'everything' })
    const all = new SpoolStarter({
      spool: ground.spool,
      directory,
      routes: new RouteTable(routes.routes, [{ match: '*', via: 'everything' }]),
      failed: () => {},
    })
    assert.deepEqual(await all.startDomain('away.example'), { kind: 'noWay' })
  })

  test('below a domain is due, and what only looks like it is not', async () => {
    for (const domain of ['a.away.example', 'b.c.away.example', 'away.example', 'runaway.example', 'example'])
      await ground.deferred({ kind: 'remote', domain })
    await ground.deferred({ kind: 'route', name: 'others' })
    await ground.deferred({ kind: 'odmr', domain: 'home.away.example' })
    starter.startBelow(['away.example', 'branch.example'])
    assert.deepEqual((await settled(ground)).toSorted(), [
      'a.away.example!',
      'b.c.away.example!',
      'via others!',
    ])
  })

  test('below a domain is looked for among so many destinations and no more', async () => {
    const wishes: unknown[] = []
    const spool = {
      shape: async (wish: unknown) => {
        wishes.push(wish)
        return []
      },
      urge: () => assert.fail('nothing waits'),
    }
    new SpoolStarter({ spool, directory, routes, failed: () => {} }).startBelow(['away.example'])
    assert.deepEqual(wishes, [{ destinations: MOST_DESTINATIONS }])
  })

  test('that is asked for again while it is made due is made due once', async () => {
    await ground.deferred({ kind: 'remote', domain: 'away.example' })
    let urged = 0
    let proceed!: () => void
    const slow = {
      shape: ground.spool.shape.bind(ground.spool),
      urge: async () => {
        urged++
        await new Promise<void>((resolve) => (proceed = resolve))
        return 1
      },
    }
    const busy = new SpoolStarter({ spool: slow, directory, routes, failed: () => {} })
    for (let n = 0; n < 10; n++) await busy.startDomain('away.example')
    assert.equal(urged, 1)
    proceed()
    await new Promise(setImmediate)
    await busy.startDomain('away.example')
    assert.equal(urged, 2)
  })

  test('that cannot be made due is told to the operator, and no promise is left alone', async () => {
    await ground.deferred({ kind: 'remote', domain: 'away.example' })
    const told: string[] = []
    const broken = new SpoolStarter({
      spool: { shape: ground.spool.shape.bind(ground.spool), urge: () => Promise.reject(new Error('disk')) },
      directory,
      routes,
      failed: (destination, error) => void told.push(`${destination}: ${String(error)}`),
    })
    assert.deepEqual(await broken.startDomain('away.example'), { kind: 'started', deliveries: 1 })
    await new Promise(setImmediate)
    assert.deepEqual(told, ['away.example: Error: disk'])
  })
})

/** All that becomes due, once there is something. */
async function settled(ground: EdgeGround): Promise<readonly string[]> {
  await new Promise(setImmediate)
  return ground.due()
}
