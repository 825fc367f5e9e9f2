import type { ConfigRule } from '@cartero/agent/config'
import { parseIpv4 } from '@cartero/wire'

import type { CarteroConfig, definition } from './config.ts'
import { ODMR_RULES, odmrWarnings } from './odmr-rules.ts'
import { ROUTING_RULES, routingWarnings } from './routing-rules.ts'
import { SERVICES_RULES, servicesWarnings } from './services-rules.ts'

type Rule = ConfigRule<typeof definition>
type Problems = ReturnType<Rule>

/** What cannot be seen in one key alone. */
export const rules: readonly Rule[] = [
  certificateWithKey,
  doorsApart,
  expandNeedsDomain,
  noOpenRelay,
  noLmtpForAll,
  wholeIssuer,
  keysInSecret,
  ...ROUTING_RULES,
  ...ODMR_RULES,
  ...SERVICES_RULES,
]

function* certificateWithKey({ tls: { certificate, key } }: CarteroConfig): Problems {
  if ((certificate === undefined) === (key === undefined)) return
  const [present, absent] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key']
  yield {
    key: `tls.${present}`,
    message: `is of no use without tls.${absent}`,
    fix: `set tls.${absent}, too`,
  }
}

function* doorsApart(config: CarteroConfig): Problems {
  const taken = new Map<string, string>()
  for (const [name, addresses] of Object.entries(config.listen)) {
    for (const { host, port } of addresses) {
      const [address, key] = [`${host}:${port}`, `listen.${name}`]
      const other = taken.get(address)
      if (other !== undefined && port !== 0) {
        yield { key, message: `${address} is taken by ${other}`, fix: 'give each door a port of its own' }
      }
      taken.set(address, key)
    }
  }
}

function* expandNeedsDomain({ smtp: { submission } }: CarteroConfig): Problems {
  if (submission.unqualifiedDomains !== 'expand' || submission.qualifyWith !== undefined) return
  yield {
    key: 'smtp.submission.unqualifiedDomains',
    message: 'expand needs a domain to put behind others',
    fix: 'set smtp.submission.qualifyWith, too',
  }
}

/** Whoever may relay for everybody is on every list within the hour. */
// RFC 5321 §7.7, RFC 2505 §2.1
function* noOpenRelay({ smtp }: CarteroConfig): Problems {
  for (const key of ['relayNetworks', 'proxies'] as const) {
    const all = smtp[key].find((network) => network.endsWith('/0'))
    if (all !== undefined)
      yield {
        key: `smtp.${key}`,
        message: `${all} is everybody, which makes this an open relay`,
        fix: 'name the networks of your own machines',
      }
  }
}

// RFC 2033 §5
function* noLmtpForAll({ listen, lmtp }: CarteroConfig): Problems {
  const all = lmtp.trusted.find((network) => network.endsWith('/0'))
  if (listen.lmtp.length > 0 && all !== undefined)
    yield {
      key: 'lmtp.trusted',
      message: `${all} is everybody: nobody would be asked who he is before his mail is in a mailbox`,
      fix: 'name the hosts of your own agents',
    }
}

function* wholeIssuer({ auth: { oauth } }: CarteroConfig): Problems {
  const needed = ['issuer', 'jwks', 'audience'] as const
  const absent = needed.filter((key) => oauth[key] === undefined)
  const present = needed.find((key) => oauth[key] !== undefined)
  if (present === undefined || absent.length === 0) return
  const names = absent.map((key) => `auth.oauth.${key}`).join(' and ')
  yield { key: `auth.oauth.${present}`, message: `is of no use without ${names}`, fix: `set ${names}, too` }
}

/** Whoever sits on the way could else hand us keys of his own. The verifier refuses it, too; here it is told with its key. */
function* keysInSecret({ auth: { oauth } }: CarteroConfig): Problems {
  if (oauth.jwks === undefined) return
  const url = URL.parse(oauth.jwks)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere(url.hostname))) return
  yield { key: 'auth.oauth.jwks', message: 'keys must not come in the clear', fix: 'use https' }
}

function isHere(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || parseIpv4(hostname)?.[0] === 127
}

/** What is allowed and not wise. */
export function* warnings(config: CarteroConfig): Generator<string> {
  const { auth } = config
  if (auth.mechanisms.includes('CRAM-MD5'))
    yield (
      'auth.mechanisms: CRAM-MD5 is on. It needs passwords that can be read again, and who listens can guess at them; ' +
        'use it for devices that know nothing better'
    )
  yield* routingWarnings(config)
  yield* odmrWarnings(config)
  yield* servicesWarnings(config)
}
