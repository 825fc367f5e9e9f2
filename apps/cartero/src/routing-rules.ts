import type { ConfigRule } from '@cartero/agent/config'
import { RouteError } from '@cartero/routing'
import { normalAddress } from '@cartero/wire'
import type { CarteroConfig, definition } from './config.ts'
import { placeFault, PLACES } from './password-place.ts'
import { isLoopback } from './loopback.ts'
import { routeTable } from './relay-settings.ts'

type Rule = ConfigRule<typeof definition>
type Problems = ReturnType<Rule>

/** What cannot be seen in one key alone of how mail finds its way out. */
export const ROUTING_RULES: readonly Rule[] = [
  sensibleRoutes,
  wholeLogins,
  noRouteHome,
  oneOfEachFamily,
  someWait,
]

/** The room that knows routes finds what is wrong with them; passwords are not read for that. */
function* sensibleRoutes({ routes, routing }: CarteroConfig): Problems {
  try {
    routeTable({ routes, routing: [] }, () => '')
  } catch (error) {
    return yield routeProblem('routes', error)
  }
  const idle = routing.find(({ via, tls }) => via === undefined && tls === undefined)
  if (idle !== undefined)
    yield {
      key: 'routing',
      message: `the rule for ${idle.match} says nothing`,
      fix: 'say via or tls, or remove it',
    }
  try {
    routeTable({ routes, routing }, () => '')
  } catch (error) {
    yield routeProblem('routing', error)
  }
}

function routeProblem(key: string, error: unknown) {
  if (!(error instanceof RouteError)) throw error
  return { key, message: error.message, fix: `"cartero config explain ${key}" shows what can be written` }
}

/** A name without password, a password that lies nowhere or in two places, or one that would go to anybody. */
function* wholeLogins({ routes }: CarteroConfig): Problems {
  for (const { name, username, password, tls } of routes) {
    const problem = (message: string, fix: string) => ({ key: 'routes', message: `${name}: ${message}`, fix })
    if ((username === undefined) !== (password === undefined))
      yield problem('username and password belong together', 'set both, or neither')
    if (password === undefined) continue
    const fault = placeFault(password)
    if (fault !== undefined) yield problem(fault, PLACES)
    if (tls !== 'verify')
      yield problem(
        'a password is told only to a host whose certificate is verified',
        'take tls: verify; relay.tls.authorities can name who vouches for it',
      )
  }
}

/**
 * Mail would come in by the door by which it went out. What is seen here is seen in the configuration; hosts whose address turns
 * out to be this machine's are passed by when mail is sent.
 */
function* noRouteHome(config: CarteroConfig): Problems {
  const { routes, listen } = config
  const doors = [...listen.mx, ...listen.submission, ...listen.submissions, ...listen.lmtp]
  for (const route of routes) {
    if (route.mx === true) continue
    for (const { host, port = usualPort(route, config) } of route.hosts) {
      const isDoor = doors.some((door) => door.port === port && isReachedAt(door.host, host, config))
      if (isDoor)
        yield {
          key: 'routes',
          message: `${route.name}: ${host}, port ${port}, is a door of this system, and mail would go in a circle`,
          fix: 'name the host that the mail is for, or its port',
        }
    }
  }
}

// RFC 8314 §7.3
const SUBMISSIONS_PORT = 465

function usualPort(
  { protocol, implicitTls }: CarteroConfig['routes'][number],
  { relay }: CarteroConfig,
): number {
  if (protocol === 'lmtp') return 24
  return implicitTls === true ? SUBMISSIONS_PORT : relay.port
}

/** Whether who calls this host reaches a door that is opened at that address. */
export function isReachedAt(
  door: string,
  host: string,
  { hostname }: Pick<CarteroConfig, 'hostname'>,
): boolean {
  if (host === hostname.toLowerCase() || host === (normalAddress(door) ?? door)) return true
  const isEverywhere = ['', '0.0.0.0', '::'].includes(door)
  return isEverywhere ? isLoopback(host) : host === 'localhost' && isLoopback(normalAddress(door) ?? door)
}

function* oneOfEachFamily({ relay: { sourceAddresses } }: CarteroConfig): Problems {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const own = sourceAddresses.filter((address) => address.includes(':') === (family === 'IPv6'))
    if (own.length > 1)
      yield {
        key: 'relay.sourceAddresses',
        message: `${own.join(' and ')} are both ${family}`,
        fix: 'leave one of them',
      }
  }
}

function* someWait({ relay: { retry } }: CarteroConfig): Problems {
  if (retry.waits.length === 0)
    yield {
      key: 'relay.retry.waits',
      message: 'without a wait, mail would be tried again without end',
      fix: 'name one at least',
    }
}

/** What is allowed of the way out and not wise. */
export function* routingWarnings({ relay, spool, routes }: CarteroConfig): Generator<string> {
  const { waits } = relay.retry
  const shorter = waits.findIndex((wait, at) => wait < (waits[at - 1] ?? 0))
  if (shorter !== -1)
    yield (
      `relay.retry.waits: wait ${shorter + 1} is shorter than the one before it, and hosts that are in trouble are called more often, ` +
        'the longer they are'
    )
  if ((waits[0] ?? 0) >= spool.giveUpAfter)
    yield 'relay.retry.waits: the first one is as long as spool.giveUpAfter, so that nothing is tried a second time'
  if (spool.delayNoticeAfter >= spool.giveUpAfter)
    yield 'spool.delayNoticeAfter: mail is given up by then (spool.giveUpAfter), so that nobody is ever told that his mail is late'
  for (const { name, hosts, implicitTls } of routes)
    if (implicitTls !== true && hosts.some(({ port }) => port === SUBMISSIONS_PORT))
      yield (
        `routes: ${name}: hosts speak TLS at once on port ${SUBMISSIONS_PORT}, and without implicitTls: true we wait for a greeting ` +
          'that never comes'
      )
}
