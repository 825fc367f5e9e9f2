import { list, notation, text, type ValueType } from '@cartero/agent/config'
import { parseServer } from '@cartero/dns/stub'
import type { Severity } from '@cartero/spool/reception'
import { normalAddress, parseNetwork } from '@cartero/wire'

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const DOMAIN = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`, 'i')
const PATTERN = new RegExp(`^(?:[^\\s@]+@|\\.)?${LABEL}(?:\\.${LABEL})*$`, 'i')

export const path: ValueType<string> = text('a path')

/** RFC 1123 §2.1, in lower case or upper case, with at least one label. */
export const hostName: ValueType<string> = text('a host name such as mail.example.org', DOMAIN)

/** Networks, as they are written. */
export const networks: ValueType<readonly string[]> = list(
  notation('an address or network such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32', (raw) =>
    parseNetwork(raw) === undefined ? undefined : raw,
  ),
)

/** One address, without a network: `192.0.2.1`, `2001:db8::1`. */
export const hostAddress: ValueType<string> = notation('an address such as 192.0.2.1 or 2001:db8::1', (raw) =>
  normalAddress(raw),
)

/** Where a host is reached. */
export interface HostAndPort {
  /** A name, or an address without brackets. */
  readonly host: string
  /** Undefined: the usual one. */
  readonly port?: number
}

/** A name server by its address, as it is written. */
export const nameServer: ValueType<string> = notation(
  'an address such as 127.0.0.1, 192.0.2.53:5353 or [2001:db8::53]:53',
  (raw) => {
    try {
      parseServer(raw)
      return raw
    } catch {
      return undefined
    }
  },
)

/** A host by its name, in lower case, or by its address without brackets. */
export const hostNameOrAddress: ValueType<string> = notation(
  'a host such as mail.example.net, 192.0.2.1 or 2001:db8::1',
  (raw) => normalAddress(raw.replace(/^\[(.*)\]$/, '$1')) ?? domainOf(raw),
)

/** A host that mail is handed to, by name or address. */
export const hostAndPort: ValueType<HostAndPort> = notation(
  'a host such as smtp.example.net, smtp.example.net:587 or [2001:db8::25]:24',
  (raw) => {
    const place = placeOf(raw)
    const host = place && (normalAddress(place.host) ?? domainOf(place.host))
    return host === undefined ? undefined : { ...place, host }
  },
)

/** An IPv6 address with a port stands in brackets; without one it may stand alone. */
function placeOf(raw: string): HostAndPort | undefined {
  if (normalAddress(raw)?.includes(':')) return { host: raw }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(raw) ?? []
  const host = bracketed ?? plain
  if (host === undefined || digits === undefined) return host === undefined ? undefined : { host }
  const port = Number(digits)
  return port < 1 || port > 65_535 ? undefined : { host, port }
}

export const domain: ValueType<string> = notation('a domain such as example.org', domainOf)

/** What may be asked for by ETRN. */
export interface NamedNode {
  /** `subdomains`: with all below it; `queue`: a configured route. */
  readonly kind: 'domain' | 'subdomains' | 'queue'
  readonly name: string
}

/** `example.org`, `@example.org`, `#route` */
// RFC 1985 §5.3
export const queueNode: ValueType<NamedNode> = notation(
  'a domain such as example.org, "@example.org" (with all below it), or "#name" of a route',
  (raw) => {
    const [, sign, name = ''] = /^([@#]?)(\S+)$/.exec(raw) ?? []
    if (sign === '#') return /^[\w.-]+$/.test(name) ? { kind: 'queue', name } : undefined
    const asked = domainOf(name)
    return asked === undefined ? undefined : { kind: sign === '@' ? 'subdomains' : 'domain', name: asked }
  },
)

/** `old.example=new.example` */
export const renamedDomain: ValueType<{ readonly from: string; readonly to: string }> = notation(
  'two domains such as internal.example=example.org',
  (raw) => {
    const [from, to, ...rest] = raw.split('=').map((part) => domainOf(part.trim()))
    return from === undefined || to === undefined || rest.length > 0 ? undefined : { from, to }
  },
)

/** Networks to refuse, each with how: `4xx`, or `5xx` when nothing is said. */
export const refusedNetworks: ValueType<
  readonly { readonly network: string; readonly severity: Severity }[]
> = list(
  notation(
    'a network such as 192.0.2.0/24, with 4xx behind it where it is for now (198.51.100.0/24 4xx)',
    (raw) => {
      const rule = refusal(raw)
      return rule && parseNetwork(rule.what) && { network: rule.what, severity: rule.severity }
    },
  ),
)

/** Names to refuse, likewise. */
export const refusedNames: ValueType<readonly { readonly name: string; readonly severity: Severity }[]> =
  list(
    notation(
      'a name such as spam.example, .spam.example (with all below it) or tim@spam.example, with 4xx behind it where it is for now',
      (raw) => {
        const rule = refusal(raw)
        return rule && PATTERN.test(rule.what)
          ? { name: rule.what.toLowerCase(), severity: rule.severity }
          : undefined
      },
    ),
  )

function refusal(raw: string): { readonly what: string; readonly severity: Severity } | undefined {
  const [, what, how] = /^\s*(\S+)(?:\s+([45])xx)?\s*$/.exec(raw) ?? []
  return what === undefined ? undefined : { what, severity: how === '4' ? 'temporary' : 'permanent' }
}

function domainOf(raw: string): string | undefined {
  return DOMAIN.test(raw) ? raw.toLowerCase() : undefined
}
