import type { ConfigRule } from '@cartero/agent/config'
import { isIpv6 } from './notations.ts'
import type { CarteroConfig, definition } from './config.ts'

type Rule = ConfigRule<typeof definition>
type Problems = ReturnType<Rule>

/** What cannot be seen in one key alone of how mail finds its way out. */
export const ROUTING_RULES: readonly Rule[] = [
  namesOnce,
  knownRoutes,
  matchesOnce,
  rulesThatSay,
  wholeLogins,
  oneOfEachFamily,
]

function* namesOnce({ routes }: CarteroConfig): Problems {
  const names = new Set<string>()
  for (const { name, hosts } of routes) {
    if (names.has(name))
      yield { key: 'routes', message: `there are two routes ${name}`, fix: 'give each a name of its own' }
    names.add(name)
    if (hosts.length === 0)
      yield { key: 'routes', message: `${name} has no hosts`, fix: 'name one at least, or remove the route' }
  }
}

function* knownRoutes({ routes, routing }: CarteroConfig): Problems {
  const names = routes.map(({ name }) => name)
  for (const { match, via } of routing) {
    if (via === undefined || names.includes(via)) continue
    const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`
    yield {
      key: 'routing',
      message: `the rule for ${match} names a route ${via} that is not there`,
      fix: `write it into routes; ${known}`,
    }
  }
}

function* matchesOnce({ routing }: CarteroConfig): Problems {
  const seen = new Set<string>()
  for (const match of routing.map((rule) => rule.match.toLowerCase())) {
    if (seen.has(match))
      yield { key: 'routing', message: `there are two rules for ${match}`, fix: 'make one of them' }
    seen.add(match)
  }
}

function* rulesThatSay({ routing }: CarteroConfig): Problems {
  const idle = routing.find(({ via, tls }) => via === undefined && tls === undefined)
  if (idle !== undefined)
    yield {
      key: 'routing',
      message: `the rule for ${idle.match} says nothing`,
      fix: 'say via or tls, or remove it',
    }
}

/** A name without password, a password that lies nowhere or in two places, or one that would go in the clear. */
function* wholeLogins({ routes }: CarteroConfig): Problems {
  for (const { name, username, password, tls, implicitTls } of routes) {
    const problem = (message: string, fix: string) => ({ key: 'routes', message: `${name}: ${message}`, fix })
    if ((username === undefined) !== (password === undefined))
      yield problem('username and password belong together', 'set both, or neither')
    if (password !== undefined) {
      const { file, env } = password
      if ((file === undefined) === (env === undefined))
        yield problem('its password lies in one place', 'write { file: PATH } or { env: NAME }')
      if (tls === 'none' && implicitTls !== true)
        yield problem('its password would go in the clear', 'take tls: encrypt or tls: verify')
    }
  }
}

function* oneOfEachFamily({ relay: { sourceAddresses } }: CarteroConfig): Problems {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const own = sourceAddresses.filter((address) => isIpv6(address) === (family === 'IPv6'))
    if (own.length > 1)
      yield {
        key: 'relay.sourceAddresses',
        message: `${own.join(' and ')} are both ${family}`,
        fix: 'leave one of them',
      }
  }
}
