// Which deliveries a message becomes, with the directory in memory and a spool that remembers what it was told.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import type { Directory } from '@cartero/directory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { RouteTable, type RouteRule } from '@cartero/routing'
import { destinationOf, type Envelope, type Routed, type SpooledMessage } from '@cartero/spool'
import { ManualClock } from '@cartero/wire'
import { createEvents } from './events.ts'
import { Router, type Outbound } from './router.ts'

type Party = Routed['deliveries'][number]

let directory: Directory
let expanded: string[]
let questions: number

interface Terms {
  readonly rules?: readonly RouteRule[]
  readonly outbound?: Outbound
  readonly from?: string
}

const smart = { name: 'smart', protocol: 'smtp', hosts: [{ host: 'smart.example' }] } as const
const store = { name: 'store', protocol: 'lmtp', hosts: [{ host: 'store.example' }] } as const

async function route(recipients: readonly string[], terms: Terms = {}): Promise<readonly Party[]> {
  return (await routeAll([recipients], terms))[0]!
}

async function routeAll(
  letters: readonly (readonly string[])[],
  { rules = [], outbound, from = 'bob@else.example' }: Terms = {},
): Promise<readonly (readonly Party[])[]> {
  const told: Routed[] = []
  expanded = []
  questions = 0
  const router = new Router({
    spool: {
      arrivals: () => assert.fail('nothing is asked for'),
      route: (all) => Promise.resolve(void told.push(...all)),
    },
    directory: {
      Resolve: (request) => directory.Resolve(request),
      RewriteSenders: (request) => {
        questions++
        return directory.RewriteSenders(request)
      },
    },
    clock: new ManualClock(),
    events: createEvents(silentLogger, new MetricRegistry()),
    notices: {
      expanded: (_, addresses) => Promise.resolve(void expanded.push(...addresses)),
    },
    routes: new RouteTable([smart, store], rules),
    outbound,
  })
  await router.route(letters.map((recipients, n) => message(n, recipients, from)))
  return told.map(({ deliveries }) => deliveries)
}

function message(n: number, recipients: readonly string[], reversePath: string): SpooledMessage {
  const envelope: Partial<Envelope> = { reversePath, recipients: recipients.map((address) => ({ address })) }
  return { queueId: `q${n}`, envelope } as SpooledMessage
}

const hops = (parties: readonly Party[]): readonly string[] =>
  parties.map(({ nextHop, recipients }) => {
    const hop = destinationOf(nextHop).replace(/^via /, '')
    return `${hop}: ${recipients.map(({ address, forward }) => (forward ? `${address}>${forward}` : address)).join(' ')}`
  })

before(async () => {
  directory = openMemoryDirectory()
  for (const name of ['here.example', 'list.example'])
    await directory.AddDomain({ domain: { name, catchAll: '', postmaster: '' } })
  for (const name of ['alice', 'bob'])
    await directory.AddAccount({
      account: { address: `${name}@here.example`, disabled: false, quota: 0n },
      password: 'secret words',
    })
  const alias = (address: string, ...targets: readonly string[]): Promise<unknown> =>
    directory.SetAlias({ alias: { address, targets } })
  await alias('out@here.example', 'zoe@far.example')
  await alias('gone@list.example', 'zoe@far.example')
  await alias(
    'all@list.example',
    'alice@here.example',
    'zoe@far.example',
    'yan@far.example',
    'xi@near.example',
  )
  await alias('al@here.example', 'alice@here.example')
  const collection = { account: 'alice@here.example', quota: 0n, keepSeconds: 0n, contact: '' }
  await directory.AddDomain({ domain: { name: 'home.example', catchAll: '', postmaster: '', collection } })
  await alias('away@here.example', 'carol@home.example')
  await alias('everybody@list.example', 'alice@here.example', 'carol@home.example')
})

describe('mail for elsewhere', () => {
  test('is one delivery a domain, however the domain is written', async () => {
    const parties = await route(['a@far.example', 'b@near.example', 'c@FAR.example', 'd@b\u00fccher.example'])
    assert.deepEqual(hops(parties), [
      'far.example: a@far.example c@FAR.example',
      'near.example: b@near.example',
      'xn--bcher-kva.example: d@b\u00fccher.example',
    ])
    assert.ok(parties.every(({ sender, held }) => sender === undefined && held === undefined))
  })

  test('is one delivery for a smart host, whatever the domains', async () => {
    const rules = [
      { match: '*', via: 'smart' },
      { match: '.near.example', via: 'mx' },
    ]
    const parties = await route(['a@far.example', 'b@sub.near.example', 'c@near.example'], { rules })
    assert.deepEqual(hops(parties), [
      'smart: a@far.example c@near.example',
      'sub.near.example: b@sub.near.example',
    ])
  })

  test('where nobody may write is given back, and the rest of it goes', async () => {
    const rules = [{ match: 'far.example', via: 'refuse' }]
    const [local, near] = await route(['a@far.example', 'b@near.example'], { rules })
    assert.deepEqual(local, {
      nextHop: { kind: 'local' },
      recipients: [{ address: 'a@far.example', account: '', problem: 'refused' }],
    })
    assert.deepEqual(near!.nextHop, { kind: 'remote', domain: 'near.example' })
  })

  test('is held with its reason where nothing is sent out, and mail for us is not', async () => {
    const parties = await route(['a@far.example', 'alice@here.example', 'out@here.example'], {
      outbound: 'hold',
    })
    assert.deepEqual(
      parties.map(({ nextHop, held }) => [nextHop.kind, held]),
      [
        ['local', undefined],
        ['remote', 'this system sends nothing to other hosts: it waits until it is released'],
        ['remote', 'this system sends nothing to other hosts: it waits until it is released'],
      ],
    )
    const refusing = await route(['a@far.example'], { outbound: 'refuse' })
    assert.equal(refusing[0]!.held, undefined)
  })
})

describe('what an alias forwards', () => {
  test('goes on from an address of ours, so that the next host does not take it for forged', async () => {
    const [party, ...others] = await route(['out@here.example'])
    assert.deepEqual(others, [])
    assert.deepEqual(party!.recipients, [
      { address: 'out@here.example', account: '', forward: 'zoe@far.example' },
    ])
    assert.match(party!.sender!, /^SRS0=.*=else\.example=bob@here\.example$/)
    assert.deepEqual(expanded, [])
  })

  test('leads back to its sender, with a notice from nobody', async () => {
    const [party] = await route(['out@here.example'])
    const [back] = await route([party!.sender!], { from: '' })
    assert.deepEqual(hops([back!]), [`else.example: ${party!.sender}>bob@else.example`])
    assert.equal(back!.sender, undefined)
  })

  test('keeps the sender that is ours, and the one that is nobody', async () => {
    for (const from of ['alice@here.example', '']) {
      const [party] = await route(['out@here.example'], { from })
      assert.equal(party!.sender, undefined)
    }
  })

  test('goes to those here and to those elsewhere, and is told as expanded', async () => {
    const parties = await route(['all@list.example'])
    assert.deepEqual(hops(parties), [
      'local: all@list.example',
      'far.example: all@list.example>zoe@far.example all@list.example>yan@far.example',
      'near.example: all@list.example>xi@near.example',
    ])
    assert.ok(parties.every(({ recipients }) => recipients.every((one) => one.expanded === true)))
    assert.match(parties[1]!.sender!, /@list\.example$/)
    assert.deepEqual(expanded, ['all@list.example'])
  })

  test('reaches nobody twice, and who was written to directly is not told of an alias', async () => {
    const parties = await route([
      'all@list.example',
      'out@here.example',
      'gone@list.example',
      'yan@far.example',
    ])
    const elsewhere = parties.filter(({ nextHop }) => nextHop.kind !== 'local')
    assert.deepEqual(
      elsewhere.map(({ recipients }) => recipients),
      [
        [{ address: 'yan@far.example', account: '' }],
        [
          {
            address: 'out@here.example',
            account: '',
            others: ['gone@list.example'],
            forward: 'zoe@far.example',
          },
        ],
        [{ address: 'all@list.example', account: '', expanded: true, forward: 'xi@near.example' }],
      ],
    )
    assert.equal(elsewhere[0]!.sender, undefined)
    assert.match(elsewhere[1]!.sender!, /@here\.example$/)
  })

  test('goes by the route of its target', async () => {
    const [party] = await route(['out@here.example'], { rules: [{ match: 'far.example', via: 'smart' }] })
    assert.deepEqual(hops([party!]), ['smart: out@here.example>zoe@far.example'])
  })

  test('costs one question for a batch, and none where nothing is forwarded', async () => {
    const letters = Array.from({ length: 20 }, () => ['out@here.example', 'all@list.example'])
    await routeAll(letters)
    assert.equal(questions, 1)
    await routeAll([['alice@here.example', 'a@far.example']])
    assert.equal(questions, 0)
  })
})

describe('a rule for an address of ours', () => {
  const rules = [
    { match: 'alice@here.example', via: 'store' },
    { match: 'list.example', via: 'store' },
    { match: '*', via: 'smart' },
  ]

  test('wins over the mailbox, and the rule for all does not', async () => {
    const parties = await route(['alice@here.example', 'bob@here.example', 'whoever@list.example'], { rules })
    assert.deepEqual(hops(parties), [
      'local: bob@here.example',
      'store: alice@here.example whoever@list.example',
    ])
  })

  test('counts for whom an alias leads to, too, and nobody is rewritten for our own store', async () => {
    const [party] = await route(['al@here.example'], { rules })
    assert.deepEqual(hops([party!]), ['store: al@here.example>alice@here.example'])
    assert.equal(party!.sender, undefined)
  })
})

describe('mail for a domain whose customer comes for it', () => {
  test('waits for him, whoever is written to, and is for nobody here', async () => {
    assert.deepEqual(hops(await route(['carol@home.example', 'postmaster@home.example'])), [
      'odmr home.example: carol@home.example postmaster@home.example',
    ])
  })

  test('goes apart from what is for mailboxes here and for other hosts', async () => {
    const parties = await route(['carol@home.example', 'alice@here.example', 'a@far.example'])
    assert.deepEqual(hops(parties).toSorted(), [
      'far.example: a@far.example',
      'local: alice@here.example',
      'odmr home.example: carol@home.example',
    ])
  })

  test('keeps its sender and what an alias says, since no third host gets it from us', async () => {
    const [party, ...others] = await route(['away@here.example'])
    assert.deepEqual(others, [])
    assert.deepEqual(party, {
      nextHop: { kind: 'odmr', domain: 'home.example' },
      recipients: [{ address: 'away@here.example', account: '', forward: 'carol@home.example' }],
    })
  })

  test('is told with the capitals that its sender wrote', async () => {
    const [party] = await route(['Carol@Home.Example'])
    assert.deepEqual(party, {
      nextHop: { kind: 'odmr', domain: 'home.example' },
      recipients: [{ address: 'Carol@Home.Example', account: '' }],
    })
  })

  test('is one of many for whom an alias stands, and told as expanded', async () => {
    const parties = await route(['everybody@list.example'])
    assert.deepEqual(hops(parties), [
      'local: everybody@list.example',
      'odmr home.example: everybody@list.example>carol@home.example',
    ])
    assert.deepEqual(expanded, ['everybody@list.example'])
  })

  test('can be had where nothing is sent to other hosts: he comes himself', async () => {
    const [party] = await route(['carol@home.example'], { outbound: 'hold' })
    assert.equal(party!.held, undefined)
  })

  test('goes where a rule of the operator says, and not where the rule for all others does', async () => {
    const byName = [{ match: 'home.example', via: 'smart' }]
    assert.deepEqual(hops(await route(['carol@home.example'], { rules: byName })), [
      'smart: carol@home.example',
    ])
    assert.deepEqual(hops(await route(['away@here.example'], { rules: byName })), [
      'smart: away@here.example>carol@home.example',
    ])
    const forAll = [{ match: '*', via: 'smart' }]
    assert.deepEqual(hops(await route(['carol@home.example'], { rules: forAll })), [
      'odmr home.example: carol@home.example',
    ])
  })
})
