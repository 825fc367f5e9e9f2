import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { MailHostFinder, type MailHostFinderOptions } from './host-finder.ts'
import { MAX_ADDRESSES_PER_HOST } from './locate-host.ts'
import { MAX_HOSTS } from './mail-exchangers.ts'
import type { HostsFound } from './ports.ts'
import { RouteTable } from './route-table.ts'
import type { Route, RouteHost } from './route.ts'
import { SmallWorld } from '../test/small-world.ts'

const forever = (): AbortSignal => new AbortController().signal

interface World {
  readonly name: string
  readonly facts: readonly string[]
  readonly questions: readonly (readonly [domain: string, answer: string])[]
}

function readCorpus(): readonly World[] {
  const text = readFileSync(new URL('host-finder.corpus.txt', import.meta.url), 'utf8')
  const [, ...sections] = `\n${text}`.split('\n== ')
  return sections.map((section) => {
    const [name = '', ...lines] = section.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return {
      name,
      facts: lines.filter((line) => !line.startsWith('? ')),
      questions: lines
        .filter((line) => line.startsWith('? '))
        .map((line) => line.slice(2).split(' => ') as [string, string]),
    }
  })
}

function finderIn(facts: readonly string[], options: Partial<MailHostFinderOptions> = {}): MailHostFinder {
  const word = (first: string): readonly string[] =>
    facts
      .find((fact) => fact.startsWith(`${first} `))
      ?.split(' ')
      .slice(1) ?? []
  const [hostname = 'us.example', ...own] = word('we')
  const families = word('only').map((family) => (family === '6' ? (6 as const) : (4 as const)))
  return new MailHostFinder({
    resolver: new SmallWorld(facts.filter((fact) => !/^(?:we|only) /.test(fact))),
    doors: { hostnames: [hostname], hasAddress: (address) => own.includes(address), ports: [25] },
    ...(families.length > 0 && { families }),
    random: () => 0,
    ...options,
  })
}

function spelled(found: HostsFound): string {
  if (found.kind === 'none') return `${found.status} ${found.reason}`
  return found.hosts
    .map(({ preference, name, canonicalName, addresses, isValidated }) => {
      const alias = canonicalName === undefined ? '' : `(${canonicalName})`
      return `${preference} ${name}${alias}=${addresses.join(',')}${isValidated ? ' secure' : ''}`
    })
    .join(' ')
}

const find = (finder: MailHostFinder, domain: string): Promise<HostsFound> =>
  finder.find({ kind: 'remote', domain }, forever())

describe('mail goes to', () => {
  for (const world of readCorpus()) {
    test(world.name, async () => {
      for (const [domain, answer] of world.questions)
        assert.equal(spelled(await find(finderIn(world.facts), domain)), answer, domain)
      assert.ok(world.questions.length > 0)
    })
  }
})

describe('hosts of equal preference', () => {
  const facts = ['example.org MX 5 first.example']
  for (const name of ['a', 'b', 'c'])
    facts.push(`example.org MX 10 ${name}.example`, `${name}.example A 192.0.2.1`)
  facts.push('first.example A 192.0.2.9')

  test('are tried in an order of their own each time, so that one does not bear all', async () => {
    const lots = [0.5, 0.9, 0.1, 0.4]
    const found = await find(finderIn(facts, { random: () => lots.shift()! }), 'example.org')
    assert.ok(found.kind === 'hosts')
    assert.deepEqual(
      found.hosts.map(({ name }) => name),
      ['first.example', 'b.example', 'c.example', 'a.example'],
    )
  })
})

describe('limits', () => {
  test('a domain with a crowd of MX costs so many questions and no more', async () => {
    const facts = Array.from({ length: MAX_HOSTS + 3 }, (_, n) => [
      `example.org MX ${n} h${n}.example`,
      `h${n}.example A 192.0.2.1`,
    ])
    const world = new SmallWorld(facts.flat())
    const found = await find(finderIn([], { resolver: world }), 'example.org')
    assert.ok(found.kind === 'hosts')
    assert.deepEqual([found.hosts.length, found.hosts.at(-1)!.name], [MAX_HOSTS, `h${MAX_HOSTS - 1}.example`])
    assert.equal(world.asked, 1 + 2 * MAX_HOSTS)
    assert.ok(found.steps.some((step) => step.includes('3 left out')))
  })

  test('a host with a crowd of addresses is tried at so many, of both families', async () => {
    const facts = Array.from({ length: 10 }, (_, n) => [
      `example.org A 192.0.2.${n}`,
      `example.org AAAA 2001:db8::${n}`,
    ])
    const found = await find(finderIn(facts.flat()), 'example.org')
    assert.ok(found.kind === 'hosts')
    const { addresses } = found.hosts[0]!
    assert.equal(addresses.length, MAX_ADDRESSES_PER_HOST)
    assert.equal(addresses.filter((address) => address.includes(':')).length, MAX_ADDRESSES_PER_HOST / 2)
  })
})

describe('loopback', () => {
  const facts = ['door.example A 127.0.0.1', 'own.example A 192.0.2.50']
  const doors = { hostnames: [], hasAddress: (address: string) => address === '192.0.2.50', ports: [2525] }

  test('is a network for tests when it is allowed, and our own door never is', async () => {
    const allowed = { ...doors, allowsLoopback: true }
    const there = finderIn(facts, { doors: allowed, port: 2526 })
    assert.equal(spelled(await find(there, 'door.example')), '0 door.example=127.0.0.1 secure')
    const here = finderIn(facts, { doors: allowed, port: 2525 })
    assert.match(spelled(await find(here, 'door.example')), /^5\.4\.6 /)
  })

  test('has others at our port, where we are at a few of its addresses only', async () => {
    const few = { ...doors, allowsLoopback: true, loopback: ['127.0.0.9'] }
    const there = finderIn(facts, { doors: few, port: 2525 })
    assert.equal(spelled(await find(there, 'door.example')), '0 door.example=127.0.0.1 secure')
    const here = finderIn(facts, { doors: { ...few, loopback: ['127.0.0.1'] }, port: 2525 })
    assert.match(spelled(await find(here, 'door.example')), /^5\.4\.6 /)
  })

  test('is ourselves at any port otherwise', async () => {
    const finder = finderIn(facts, { doors, port: 2526 })
    assert.match(spelled(await find(finder, 'door.example')), /^5\.4\.6 /)
  })

  test('our own address at a port that is not ours is another server', async () => {
    const finder = finderIn(facts, { doors, port: 2526 })
    assert.equal(spelled(await find(finder, 'own.example')), '0 own.example=192.0.2.50 secure')
  })
})

describe('a configured route', () => {
  const facts = [
    'we us.example 192.0.2.50',
    'smart.example A 192.0.2.1',
    'second.example A 192.0.2.2',
    'example.net MX 10 mx.example.net',
    'example.net MX 20 mx2.example.net',
    'mx.example.net A 192.0.2.3',
    'mx2.example.net A 192.0.2.4',
    'us.example A 192.0.2.50',
    'lost.example A !',
  ]

  function via(hosts: readonly RouteHost[], rest: Partial<Route> = {}): Promise<HostsFound> {
    const routes = new RouteTable([{ name: 'out', protocol: 'smtp', hosts, ...rest }])
    return finderIn(facts, { routes }).find({ kind: 'route', name: 'out' }, forever())
  }

  test('is tried in the order in which it is written, whatever the DNS says of mail for its hosts', async () => {
    const found = await via([
      { host: 'second.example', port: 587 },
      { host: 'Smart.Example' },
      { host: '[192.0.2.7]' },
    ])
    assert.ok(found.kind === 'hosts' && found.by === 'configured')
    assert.deepEqual(
      found.hosts.map(({ name, port, addresses }) => [name, port, ...addresses]),
      [
        ['second.example', 587, '192.0.2.2'],
        ['smart.example', 25, '192.0.2.1'],
        ['192.0.2.7', 25, '192.0.2.7'],
      ],
    )
    const [first, second, third] = found.hosts.map(({ preference }) => preference)
    assert.ok(first! < second! && second! < third!)
  })

  test('may name a domain whose mail hosts are meant', async () => {
    const found = await via([{ host: 'example.net', isDomain: true, port: 26 }, { host: 'smart.example' }])
    assert.ok(found.kind === 'hosts')
    assert.deepEqual(
      found.hosts.map(({ name, port }) => `${name}:${port}`),
      ['mx.example.net:26', 'mx2.example.net:26', 'smart.example:25'],
    )
  })

  test('knows the ports of LMTP and of TLS at once', async () => {
    const ports = async (rest: Partial<Route>): Promise<number | undefined> => {
      const found = await via([{ host: 'smart.example' }], rest)
      return found.kind === 'hosts' ? found.hosts[0]!.port : undefined
    }
    assert.equal(await ports({ protocol: 'lmtp' }), 24)
    assert.equal(await ports({ isTlsImplicit: true }), 465)
  })

  test('that leads nowhere keeps mail waiting: what the operator can mend gives none back', async () => {
    for (const [host, status] of [
      ['gone.example', '4.3.5'],
      ['not a host', '4.3.5'],
      ['192.0.2.50', '4.3.5'],
      ['lost.example', '4.4.3'],
    ] as const) {
      const found = await via([{ host }])
      assert.equal(found.kind === 'none' ? found.status : 'found', status, host)
    }
    const removed = await finderIn(facts).find({ kind: 'route', name: 'removed' }, forever())
    assert.match(spelled(removed), /^4\.3\.5 no route is called removed/)
  })

  test('to a server on loopback is allowed, for who names it knows why, and our own door never is', async () => {
    const local = await via([{ host: '127.0.0.1' }], { protocol: 'lmtp' })
    assert.equal(spelled(local), '0 127.0.0.1=127.0.0.1')
    assert.match(spelled(await via([{ host: '127.0.0.1', port: 25 }])), /^4\.3\.5 /)
  })

  test('to a store on this machine is not ourselves', async () => {
    const found = await finderIn(facts, {
      doors: { hostnames: ['us.example'], hasAddress: () => true, ports: [25] },
      routes: new RouteTable([{ name: 'out', protocol: 'lmtp', hosts: [{ host: 'us.example' }] }]),
    }).find({ kind: 'route', name: 'out' }, forever())
    assert.equal(spelled(found), '0 us.example=192.0.2.50 secure')
  })
})

test('what was found out is told in sentences', async () => {
  const finder = finderIn([
    'we us.example 192.0.2.50',
    'alias.example CNAME example.org',
    'example.org MX 10 mx.example.org',
    'example.org MX 20 us.example',
    'mx.example.org CNAME real.example.net',
    'real.example.net A 192.0.2.1',
  ])
  assert.deepEqual((await find(finder, 'alias.example')).steps, [
    'alias.example is an alias of example.org',
    'mail for alias.example goes to mx.example.org (10) and us.example (20)',
    'mx.example.org, an alias of real.example.net, is at 192.0.2.1, validated by DNSSEC',
    'us.example is this system',
    'hosts of preference 20 and above are left out, lest mail go in a circle',
  ])
})

test('who no longer wants to know is not kept waiting', async () => {
  const abort = new AbortController()
  const asking = finderIn(['example.org MX wait']).find(
    { kind: 'remote', domain: 'example.org' },
    abort.signal,
  )
  abort.abort(new Error('enough'))
  await assert.rejects(asking, /enough/)
})
