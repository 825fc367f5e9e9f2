import type { ConfigRule } from '@cartero/agent/config'
import { RouteError } from '@cartero/routing'
import type { CarteroConfig, definition } from './config.ts'
import { routeTable } from './relay-settings.ts'

type Rule = ConfigRule<typeof definition>
type Problems = ReturnType<Rule>

/** What cannot be seen in one key alone of how mail finds its way out. */
export const ROUTING_RULES: readonly Rule[] = [sensibleRoutes, wholeLogins, oneOfEachFamily, someWait]

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
    if ((password.file === undefined) === (password.env === undefined))
      yield problem('its password lies in one place', 'write { file: PATH } or { env: NAME }')
    if (tls !== 'verify')
      yield problem(
        'a password is told only to a host whose certificate is verified',
        'take tls: verify; relay.tls.authorities can name who vouches for it',
      )
  }
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
