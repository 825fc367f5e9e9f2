import type { ConfigRule } from '@cartero/agent/config'

import type { CarteroConfig, definition } from './config.ts'
import { ODMR_PORT } from './odmr-section.ts'
import { placeFault, PLACES } from './password-place.ts'
import { isReachedAt } from './routing-rules.ts'

type Rule = ConfigRule<typeof definition>
type Problems = ReturnType<Rule>

/** What cannot be seen in one key alone of mail that waits for customers, or for us. */
export const ODMR_RULES: readonly Rule[] = [
  oneOfEachName,
  fewProviders,
  passwordsInOnePlace,
  noVisitHome,
  someoneMayAsk,
]

const KEY = 'odmr.fetch'

function* oneOfEachName({ odmr: { fetch } }: CarteroConfig): Problems {
  const names = fetch.map(({ provider }) => provider)
  for (const name of new Set(names.filter((each, at) => names.indexOf(each) !== at)))
    yield {
      key: KEY,
      message: `there are two providers called ${name}`,
      fix: 'give each a name of its own; several domains at one provider stand in one domains list',
    }
}

/** Each has series of metrics of its own. */
export const MOST_CONFIGURED_PROVIDERS = 40

function* fewProviders({ odmr: { fetch } }: CarteroConfig): Problems {
  if (fetch.length > MOST_CONFIGURED_PROVIDERS)
    yield {
      key: KEY,
      message: `there are ${fetch.length} providers`,
      fix: `name ${MOST_CONFIGURED_PROVIDERS} at most; several domains at one provider stand in one domains list`,
    }
}

function* passwordsInOnePlace({ odmr: { fetch } }: CarteroConfig): Problems {
  for (const { provider, password } of fetch) {
    const fault = placeFault(password)
    if (fault !== undefined) yield { key: KEY, message: `${provider}: ${fault}`, fix: PLACES }
  }
}

/** We would be our own customer, and mail would go in circles. */
function* noVisitHome(config: CarteroConfig): Problems {
  const { listen, odmr } = config
  const doors = [...listen.odmr, ...listen.odmrs]
  for (const { provider, host, port = ODMR_PORT } of odmr.fetch)
    if (doors.some((door) => door.port === port && isReachedAt(door.host, host, config)))
      yield {
        key: KEY,
        message: `${provider}: ${host}, port ${port}, is a door of this system`,
        fix: 'name the host that keeps mail for us',
      }
}

function* someoneMayAsk({ smtp: { etrn }, routes }: CarteroConfig): Problems {
  const key = 'smtp.etrn.allow'
  for (const { for: nodes, networks = [], accounts = [] } of etrn.allow) {
    const names = nodes.map(({ name }) => name).join(', ')
    if (networks.length + accounts.length === 0)
      yield { key, message: `nobody may ask for ${names}`, fix: 'name networks, accounts, or both' }
    for (const { kind, name } of nodes)
      if (kind === 'queue' && !routes.some((route) => route.name === name))
        yield { key, message: `there is no route ${name}`, fix: 'name one of routes, or a domain without #' }
  }
}

/** What is allowed of on-demand mail relay and not wise. */
export function* odmrWarnings({ odmr, listen, smtp }: CarteroConfig): Generator<string> {
  for (const { for: nodes, networks = [] } of smtp.etrn.allow)
    if (networks.some((network) => network.endsWith('/0')))
      yield `smtp.etrn.allow: anybody may have us call the hosts of ${nodes.map(({ name }) => name).join(', ')} (RFC 2505 §2.12)`
  if (odmr.clearCramMd5 && listen.odmr.length > 0)
    yield (
      'odmr.clearCramMd5: CRAM-MD5 is offered without TLS. Who listens reads the mail, and can guess at the passwords of accounts that use it; ' +
        'use it for customers that know nothing better'
    )
  for (const { provider, tls, host } of odmr.fetch)
    if (tls === 'none')
      yield (
        `odmr.fetch: ${provider}: without TLS nobody knows whether it is ${host} that answers, and who listens reads the mail and can guess at ` +
          'the password; take tls: starttls or tls: implicit'
      )
}
