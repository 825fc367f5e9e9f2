import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { describe, test } from 'node:test'
import { type Direction, RouteTable } from './route-table.ts'
import { type Route, RouteError, type RouteRule } from './route.ts'

const route = (name: string, rest: Partial<Route> = {}): Route => ({
  name,
  protocol: 'smtp',
  hosts: [{ host: 'smart.example' }],
  ...rest,
})

const table = (...rules: readonly RouteRule[]): RouteTable => new RouteTable([route('a'), route('b')], rules)

function spelled(direction: Direction | undefined): string | undefined {
  if (direction === undefined || direction.kind === 'refuse') return direction?.kind
  return direction.kind === 'remote' ? direction.domain : `via ${direction.name}`
}

test('the rule that decides is told as it was written, and none where none does', () => {
  const rules = table({ match: '.Example.org', via: 'b' }, { match: 'other.example', tls: 'encrypt' })
  assert.equal(rules.ruleFor('tim@a.example.org')?.match, '.Example.org')
  assert.equal(rules.ruleFor('tim@example.org'), undefined)
  assert.equal(table({ match: '*', via: 'a' }).ruleFor('tim@example.org')?.match, '*')
})

describe('the most specific rule wins', () => {
  const rules = table(
    { match: '*', via: 'a' },
    { match: '.example.org', via: 'b' },
    { match: '.sub.example.org', via: 'a' },
    { match: 'example.org' },
    { match: 'Tim@Example.org', via: 'b' },
    { match: '.closed.example', via: 'refuse' },
    { match: 'b\u00fccher.example', via: 'b' },
    { match: '[192.0.2.1]', via: 'b' },
  )
  for (const [address, way] of [
    ['anybody@else.example', 'via a'],
    ['ann@example.org', 'example.org'],
    ['tim@example.org', 'via b'],
    ['TIM@EXAMPLE.ORG', 'via b'],
    ['x@one.example.org', 'via b'],
    ['x@deep.one.example.org', 'via b'],
    ['x@sub.example.org', 'via b'],
    ['x@deep.sub.example.org', 'via a'],
    // a name that ends alike is no part of it
    ['x@notexample.org', 'via a'],
    ['x@closed.example', 'via a'],
    ['x@very.closed.example', 'refuse'],
    ['x@B\u00dcCHER.example', 'via b'],
    ['x@xn--bcher-kva.example', 'via b'],
    ['x@[192.0.2.1]', 'via b'],
    ['x@[192.0.2.2]', 'via a'],
    ['"a@example.org"@else.example', 'via a'],
  ] as const) {
    test(`${address} goes to ${way}`, () => {
      assert.equal(spelled(rules.directionOf(address)), way)
    })
  }
})

test('without a rule mail goes to the hosts that the DNS names, one destination for one domain', () => {
  const none = new RouteTable()
  assert.deepEqual(none.directionOf('x@B\u00fccher.Example'), {
    kind: 'remote',
    domain: 'xn--bcher-kva.example',
  })
  assert.equal(none.namedDirectionOf('x@example.org'), undefined)
})

test('the rule for all mail takes nothing away from our mailboxes', () => {
  const all = table({ match: '*', via: 'a' }, { match: '.example.org', via: 'b' })
  assert.equal(all.namedDirectionOf('x@else.example'), undefined)
  assert.equal(spelled(all.namedDirectionOf('x@sub.example.org')), 'via b')
})

test('a rule about TLS alone takes nothing away from our mailboxes', () => {
  const rules = table({ match: '.example.org', via: 'b' }, { match: 'mail.example.org', tls: 'encrypt' })
  assert.equal(rules.namedDirectionOf('x@mail.example.org'), undefined)
  assert.equal(spelled(rules.directionOf('x@mail.example.org')), 'mail.example.org')
  assert.equal(
    spelled(table({ match: 'example.org', via: 'mx' }).namedDirectionOf('x@example.org')),
    'example.org',
  )
})

test('what TLS must be at least is said for a domain, for those below it, or for all', () => {
  const floors = new RouteTable(
    [route('strict', { tls: 'verify' }), route('plain')],
    [
      { match: '*', tls: 'encrypt' },
      { match: '.example.org', tls: 'verify' },
      { match: 'lab.example', tls: 'none' },
      { match: 'silent.example' },
    ],
  )
  const floorOf = (domain: string): string => floors.floorOf({ kind: 'remote', domain })
  assert.deepEqual(
    ['else.example', 'sub.example.org', 'example.org', 'lab.example', 'silent.example'].map(floorOf),
    ['encrypt', 'verify', 'encrypt', 'none', 'encrypt'],
  )
  assert.equal(floors.floorOf({ kind: 'route', name: 'strict' }), 'verify')
  assert.equal(floors.floorOf({ kind: 'route', name: 'plain' }), 'opportunistic')
  // mail may still wait for a route that has been removed
  assert.equal(floors.floorOf({ kind: 'route', name: 'removed' }), 'opportunistic')
  assert.equal(new RouteTable().floorOf({ kind: 'remote', domain: 'example.org' }), 'opportunistic')
})

test('a floor for everything gives way to what is said of a domain, be it lower', () => {
  const floors = table({ match: 'lax.example', tls: 'opportunistic' })
  assert.equal(floors.floorOf({ kind: 'remote', domain: 'lax.example' }, 'verify'), 'opportunistic')
  assert.equal(floors.floorOf({ kind: 'remote', domain: 'else.example' }, 'verify'), 'verify')
  assert.equal(floors.floorOf({ kind: 'route', name: 'a' }, 'verify'), 'verify')
})

describe('what makes no sense is told, and mail does not go astray', () => {
  const refuses = (words: RegExp, make: () => unknown): void =>
    assert.throws(make, (error) => error instanceof RouteError && words.test(error.message))

  test('in rules', () => {
    refuses(/route c, which there is not/, () => table({ match: '*', via: 'c' }))
    refuses(/two rules for EXAMPLE\.org/, () => table({ match: 'example.org' }, { match: 'EXAMPLE.org' }))
    refuses(/asks for TLS and for the route a/, () => table({ match: '*', via: 'a', tls: 'verify' }))
    refuses(/TLS for one address/, () => table({ match: 'tim@example.org', tls: 'verify' }))
    for (const match of [
      '',
      '.',
      '@example.org',
      'tim@',
      'tim@.example.org',
      'no domain',
      '**',
      '*.example.org',
    ])
      refuses(/matches nothing/, () => table({ match }))
  })

  test('in routes', () => {
    refuses(/two routes called a/, () => new RouteTable([route('a'), route('a')]))
    refuses(/has no hosts/, () => new RouteTable([route('a', { hosts: [] })]))
    refuses(/cannot be called mx/, () => new RouteTable([route('mx')]))
    refuses(/not a name for a route/, () => new RouteTable([route('a b')]))
    refuses(
      /TLS at once and no TLS/,
      () => new RouteTable([route('a', { isTlsImplicit: true, tls: 'none' })]),
    )
  })
})

test('a password is not shown by whoever shows a route', () => {
  class Hidden {
    readonly #value = 'swordfish'
    reveal(): string {
      return this.#value
    }
  }
  const routes = new RouteTable([route('a', { credentials: { username: 'us', password: new Hidden() } })])
  assert.doesNotMatch(
    inspect(routes.route('a'), { depth: 9 }) + JSON.stringify(routes.route('a')),
    /swordfish/,
  )
  assert.equal(routes.route('a')!.credentials!.password.reveal(), 'swordfish')
})
