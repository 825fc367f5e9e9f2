import { Secret } from '@cartero/agent/config'
import type { RelaySettings } from '@cartero/mta-agent/agent'
import { RouteTable, type Route, type RouteRule, type TlsFloor, type Way } from '@cartero/routing'

import type { CarteroConfig } from './config.ts'
import { readPassword, type PasswordPlace } from './password-place.ts'

/** How mail is carried, in the words of the agent that does it. */
export function relaySettings({ relay }: CarteroConfig): RelaySettings {
  const { mode: _mode, tls: _tls, ...settings } = relay
  return settings
}

/** What TLS must be at least: what a route or a rule says, and the minimum where neither says anything. */
export function tlsFloor(routes: RouteTable, { relay: { tls } }: CarteroConfig): (way: Way) => TlsFloor {
  return (way) => routes.floorOf(way, tls.minimum)
}

/** Which addresses the directory leaves to the routes, whoever has them here. */
export function addressRules(routes: RouteTable): (address: string) => 'away' | 'refuse' | undefined {
  return (address) => {
    const direction = routes.namedDirectionOf(address)
    return direction && (direction.kind === 'refuse' ? 'refuse' : 'away')
  }
}

type ConfiguredRoute = CarteroConfig['routes'][number]
/** Reads a password from where the configuration says that it lies; `whose` in words: `the route provider`. */
export type PasswordReader = (place: PasswordPlace, whose: string) => string

/** The configured ways. Throws RouteError for what makes no sense, OperatorError for a password that cannot be read. */
export function routeTable(
  { routes, routing }: Pick<CarteroConfig, 'routes' | 'routing'>,
  passwordOf: PasswordReader = readPassword,
): RouteTable {
  const rules = routing.map(({ match, via, tls }): RouteRule => ({
    match,
    ...(via !== undefined && { via }),
    ...(tls !== undefined && { tls }),
  }))
  return new RouteTable(
    routes.map((route) => routeOf(route, passwordOf)),
    rules,
  )
}

function routeOf(
  { name, protocol = 'smtp', hosts, mx, tls, implicitTls, username, password, ...limits }: ConfiguredRoute,
  passwordOf: PasswordReader,
): Route {
  const { messagesPerMinute, connections } = limits
  return {
    name,
    protocol,
    hosts: hosts.map((host) => ({ ...host, ...(mx && { isDomain: true }) })),
    ...(tls !== undefined && { tls }),
    ...(implicitTls !== undefined && { isTlsImplicit: implicitTls }),
    ...(username !== undefined &&
      password !== undefined && {
        credentials: { username, password: new Secret(passwordOf(password, `the route ${name}`)) },
      }),
    ...(messagesPerMinute !== undefined && { messagesPerMinute }),
    ...(connections !== undefined && { connections }),
  }
}
