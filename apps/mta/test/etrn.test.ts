// ETRN on the MX port: who is told what of waiting mail, and what is tried because of it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { RouteTable } from '@cartero/routing'
import type { QueueNode } from '@cartero/smtp/server'
import { DEFAULT_ETRN_POLICY, type EtrnPolicy } from '@cartero/spool/reception'
import type { LineClient } from '@cartero/testkit'
import { networks } from '@cartero/testkit/edge'
import { MxStage, send } from './mx-stage.ts'

const BRANCH = '127.0.0.1'
const proxies = networks(BRANCH)

const routes = new RouteTable(
  [{ name: 'branch', protocol: 'smtp', hosts: [{ host: 'branch.example', port: 25 }] }],
  [
    { match: 'routed.example', via: 'branch' },
    { match: '*', via: 'branch' },
  ],
)

const domain = (name: string): QueueNode => ({ kind: 'domain', name })
const subdomains = (name: string): QueueNode => ({ kind: 'subdomains', name })
const queue = (name: string): QueueNode => ({ kind: 'queue', name })

function allowing(nodes: readonly QueueNode[], more: Partial<EtrnPolicy> = {}): EtrnPolicy {
  return {
    ...DEFAULT_ETRN_POLICY,
    allow: [{ nodes, networks: networks(BRANCH), accounts: new Set() }],
    ...more,
  }
}

async function says(client: LineClient, dialogue: readonly (readonly [string, string])[]): Promise<void> {
  for (const [said, expected] of dialogue) assert.equal(await client.smtp(said), `${expected}\r\n`, said)
}

describe('ETRN on the MX port', () => {
  test('is offered to nobody unless an operator names somebody', async () => {
    await using stage = await MxStage.open()
    await stage.ground.deferred({ kind: 'remote', domain: 'branch.example' })
    using client = await stage.client()
    assert.ok(!(await client.offered()).includes('ETRN'))
    assert.match(await client.smtp('ETRN branch.example'), /^502 5\.5\.1 /)
    assert.doesNotMatch(await client.smtp('HELP'), /ETRN/)
  })

  test('is offered to the networks that may ask, in the first EHLO, and to nobody else', async () => {
    await using stage = await MxStage.open({ etrn: allowing([domain('branch.example')]), proxies })
    using branch = await stage.client()
    assert.ok((await branch.offered()).includes('ETRN'))
    using stranger = await stage.client('ADDR=192.0.2.7')
    assert.ok(!(await stranger.offered()).includes('ETRN'))
    assert.match(await stranger.smtp('ETRN branch.example'), /^502 5\.5\.1 /)
  })

  test('is not offered where the extension is hidden', async () => {
    const hiddenExtensions = new Set(['ETRN' as const])
    await using stage = await MxStage.open({ etrn: allowing([domain('branch.example')]), hiddenExtensions })
    using client = await stage.client()
    assert.ok(!(await client.offered()).includes('ETRN'))
    assert.match(await client.smtp('ETRN branch.example'), /^502 5\.5\.1 /)
  })

  test('has each reply of its RFC', async () => {
    const nodes = [
      domain('branch.example'),
      domain('empty.example'),
      domain('routed.example'),
      subdomains('north.example'),
      queue('branch'),
      queue('missing'),
    ]
    await using stage = await MxStage.open({ etrn: allowing(nodes) }, { routes: explicit })
    const { ground } = stage
    await ground.deferred({ kind: 'remote', domain: 'branch.example' }, 2)
    await ground.deferred({ kind: 'remote', domain: 'a.north.example' })
    await ground.deferred({ kind: 'route', name: 'branch' }, 3)
    using client = await stage.client()
    await says(client, [
      ['ETRN @north.example', '250 2.0.0 OK, queuing for node @north.example started'],
      ['ETRN empty.example', '251 2.0.0 OK, no messages waiting for node empty.example'],
      ['ETRN routed.example', '252 2.0.0 OK, pending messages for node routed.example started'],
      ['ETRN branch.example', '253 2.0.0 OK, 2 pending messages for node branch.example started'],
      ['ETRN #branch', '253 2.0.0 OK, 3 pending messages for node #branch started'],
      [
        'ETRN #missing',
        '458 4.3.0 Unable to queue messages for node #missing: its mail has no way of its own from here',
      ],
      ['ETRN other.example', '459 4.7.1 Node other.example not allowed: it is not yours to ask for'],
    ])
    assert.match(await client.smtp('ETRN'), /^501 5\.5\.4 /)
    assert.match(await client.smtp('ETRN two words'), /^501 5\.5\.4 /)
    await client.smtp('MAIL FROM:<s@elsewhere.test>')
    assert.match(await client.smtp('ETRN branch.example'), /^503 5\.5\.1 /)
    await client.smtp('RSET')
    assert.deepEqual(await ground.due(), ['a.north.example!', 'branch.example!', 'via branch!'])
    assert.equal(ground.told('queue.started')['node'], '#branch')
    assert.equal(ground.told('message.rejected')['at'], 'command')
  })

  test('does not start what all mail has in common for the mail of one domain', async () => {
    await using stage = await MxStage.open({ etrn: allowing([domain('branch.example')]) }, { routes })
    await stage.ground.deferred({ kind: 'route', name: 'branch' })
    using client = await stage.client()
    assert.match(await client.smtp('ETRN branch.example'), /^458 4\.3\.0 /)
  })

  test('reads a domain whatever its case and alphabet', async () => {
    await using stage = await MxStage.open({ etrn: allowing([domain('xn--bcher-kva.example')]) })
    await stage.ground.deferred({ kind: 'remote', domain: 'xn--bcher-kva.example' })
    using client = await stage.client()
    assert.match(await client.smtp('ETRN XN--BCHER-KVA.Example'), /^253 /)
    assert.match(await client.smtp('ETRN BÜCHER.example'), /^253 /)
    assert.match(await client.smtp('etrn @XN--Bcher-kva.EXAMPLE'), /^253 /)
  })

  test('starts of a domain and all below it what is the asker’s, and nothing else', async () => {
    const nodes = [domain('a.branch.example'), domain('b.branch.example'), domain('branch.test')]
    await using stage = await MxStage.open({ etrn: allowing(nodes) })
    for (const name of [
      'a.branch.example',
      'b.branch.example',
      'c.branch.example',
      'branch.example',
      'branch.test',
    ])
      await stage.ground.deferred({ kind: 'remote', domain: name })
    using client = await stage.client()
    assert.match(await client.smtp('ETRN @branch.example'), /^253 2\.0\.0 OK, 2 pending messages /)
    assert.deepEqual(await stage.ground.due(), ['a.branch.example!', 'b.branch.example!'])
    assert.match(await client.smtp('ETRN @a.branch.example'), /^253 2\.0\.0 OK, 1 pending messages /)
    assert.match(await client.smtp('ETRN @d.branch.example'), /^459 /)
  })

  test('takes an argument for a name and never for a pattern, a path or a statement', async () => {
    const nodes = [domain('branch.example'), subdomains('north.example'), queue('branch')]
    const etrn = allowing(nodes, { perPeer: { perHour: 1_000, burst: 1_000 } })
    const limits = { errors: 1_000, errorDelay: 0, junk: 1_000 }
    await using stage = await MxStage.open({ etrn }, { settings: { limits } })
    for (const name of ['branch.example', 'a.north.example', 'local'])
      await stage.ground.deferred({ kind: 'remote', domain: name })
    using client = await stage.client()
    for (const argument of HOSTILE)
      assert.match(
        await client.smtp(`ETRN ${argument}`),
        /^(459 4\.7\.1|501 5\.5\.[24]|500 5\.5\.[26]) /,
        argument,
      )
    assert.match(await client.smtp('ETRN branch.example'), /^253 /)
    assert.deepEqual(await stage.ground.due(), ['branch.example!'])
  })

  test('says the same of domains that are not there, that are ours, and that are somebody else’s', async () => {
    const directory = openMemoryDirectory()
    await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    await using stage = await MxStage.open({ etrn: allowing([domain('branch.example')]) }, { directory })
    await stage.ground.deferred({ kind: 'remote', domain: 'waiting.example' })
    using client = await stage.client()
    for (const name of ['unknown.example', 'cartero.test', 'waiting.example', 'local', 'a.branch.example'])
      assert.equal(
        await client.smtp(`ETRN ${name}`),
        `459 4.7.1 Node ${name} not allowed: it is not yours to ask for\r\n`,
      )
  })

  test('never gives mail to whoever asks', async () => {
    await using stage = await MxStage.open({ etrn: allowing([domain('branch.example')]) })
    await stage.ground.deferred({ kind: 'remote', domain: 'branch.example' })
    using client = await stage.client()
    assert.match(await client.smtp('ETRN branch.example'), /^253 /)
    assert.match(await client.smtp('NOOP'), /^250 /)
    assert.match(await client.smtp('TURN'), /^502 /)
    assert.match(await client.smtp('ATRN branch.example'), /^50[02] /)
  })
})

describe('how often ETRN is answered', () => {
  const rates = { perPeer: { perHour: 60, burst: 100 }, perNode: { perHour: 60, burst: 2 } }
  const often = /^458 4\.3\.0 Unable to queue messages for node \S+: asked too often, try again later\r\n$/

  test('is limited for each node, so that nobody has us call a host again and again', async () => {
    const nodes = [domain('branch.example'), domain('second.example')]
    await using stage = await MxStage.open({ etrn: allowing(nodes, rates) })
    using client = await stage.client()
    for (let n = 0; n < 2; n++) assert.match(await client.smtp('ETRN branch.example'), /^251 /)
    assert.match(await client.smtp('ETRN branch.example'), often)
    assert.match(await client.smtp('ETRN BRANCH.example'), often)
    assert.match(await client.smtp('ETRN second.example'), /^251 /)
    stage.clock.advance(60_000)
    assert.match(await client.smtp('ETRN branch.example'), /^251 /)
    assert.match(await client.smtp('ETRN branch.example'), often)
  })

  test('is limited for each address, for who may not ask as for who may', async () => {
    const etrn = allowing([domain('branch.example')], {
      perPeer: { perHour: 60, burst: 2 },
      perNode: { perHour: 60, burst: 100 },
    })
    await using stage = await MxStage.open({ etrn })
    using client = await stage.client()
    assert.match(await client.smtp('ETRN guess.example'), /^459 /)
    assert.match(await client.smtp('ETRN branch.example'), /^251 /)
    using again = await stage.client()
    assert.match(await again.smtp('ETRN branch.example'), often)
    assert.match(await again.smtp('ETRN guess.example'), often)
    stage.clock.advance(60_000)
    assert.match(await again.smtp('ETRN branch.example'), /^251 /)
  })

  test('cannot be used up by who may not ask', async () => {
    const etrn: EtrnPolicy = {
      ...allowing([domain('branch.example')], rates),
      allow: [
        { nodes: [domain('branch.example')], networks: networks('192.0.2.7'), accounts: new Set() },
        { nodes: [domain('other.example')], networks: networks('192.0.2.8'), accounts: new Set() },
      ],
    }
    await using stage = await MxStage.open({ etrn, proxies })
    using other = await stage.client('ADDR=192.0.2.8')
    for (let n = 0; n < 5; n++) assert.match(await other.smtp('ETRN branch.example'), /^459 /)
    using branch = await stage.client('ADDR=192.0.2.7')
    assert.match(await branch.smtp('ETRN branch.example'), /^251 /)
  })
})

test('who may ask for a domain may not relay because of it', async () => {
  await using stage = await MxStage.open({ etrn: allowing([domain('branch.example')]), routesOut: true })
  using client = await stage.client()
  await client.smtp('ETRN branch.example')
  await client.smtp('MAIL FROM:<s@branch.example>')
  assert.match(await client.smtp('RCPT TO:<tim@branch.example>'), /^550 5\.7\.1 /)
  assert.match(await client.smtp('RCPT TO:<tim@elsewhere.example>'), /^550 5\.7\.1 /)
  await client.smtp('RSET')
  assert.match(await send(client, 'Subject: x\r\n\r\nx'), /^250 /)
})

const explicit = new RouteTable(routes.routes, [{ match: 'routed.example', via: 'branch' }])

const HOSTILE = [
  '*',
  '%',
  '.*',
  '^.*$',
  '@',
  '#',
  '@*',
  '@.',
  '.',
  '@.north.example',
  'xnorth.example',
  '@xnorth.example',
  '*.north.example',
  'branch_example',
  'branch?example',
  '[branch].example',
  '(branch.example)',
  'branch.example|other.example',
  'branch.example,other.example',
  'branch.example;',
  "branch.example' OR '1'='1",
  "'; DROP TABLE delivery; --",
  'branch.example\0',
  'branch.example\0.other.example',
  'branch.example..',
  '.branch.example',
  'via branch',
  'local',
  'odmr home.test',
  '#via branch',
  '#*',
  '#branch*',
  '#BRANCH',
  '#../branch',
  '#__proto__',
  '#constructor',
  '__proto__',
  'constructor',
  '$(reboot)',
  '`reboot`',
  '-q',
  '--',
  '[127.0.0.1]',
  '127.0.0.1',
  '%00',
  'a'.repeat(400),
  `${'a.'.repeat(200)}example`,
]
