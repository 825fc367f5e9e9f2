import { parseAddressLiteral, parseDomain, formatAddressLiteral } from '@cartero/syntax'
import type { Way } from './ports.ts'
import { type Route, RouteError, type RouteRule, type TlsFloor } from './route.ts'

/** Names that rules use for something else. */
const RESERVED = new Set(['mx', 'refuse'])

/** TLS wherever it is offered: nobody loses mail by it. RFC 7435 */
const DEFAULT_FLOOR: TlsFloor = 'opportunistic'

/** Which way, or that nobody may write there. */
export type Direction = Way | { readonly kind: 'refuse' }

/**
 * The configured ways, and which mail goes by which of them. The most specific rule decides: the address, then its domain,
 * then the domains above it, the nearest first, then `*`. Without a rule mail goes to the hosts that the DNS names.
 */
export class RouteTable {
  readonly #routes = new Map<string, Route>()
  readonly #rules = new Map<string, RouteRule>()
  readonly #hasAddresses: boolean
  readonly #hasDomains: boolean

  /** Throws RouteError for what makes no sense, in words for the operator. */
  constructor(routes: readonly Route[] = [], rules: readonly RouteRule[] = []) {
    for (const route of routes) this.#addRoute(route)
    for (const rule of rules) this.#addRule(rule)
    const keys = [...this.#rules.keys()]
    this.#hasAddresses = keys.some((key) => key.includes('@'))
    this.#hasDomains = keys.some((key) => key !== '*')
  }

  /** Undefined: there is none of that name, or not any more. */
  route(name: string): Route | undefined {
    return this.#routes.get(name)
  }

  get routes(): readonly Route[] {
    return [...this.#routes.values()]
  }

  /** Where mail for an address goes that nobody here has. */
  directionOf(address: string): Direction {
    return directed(this.ruleFor(address), domainOf(address))
  }

  /** The rule that decides where mail for an address goes, for whoever asks why; undefined when none does. */
  ruleFor(address: string): RouteRule | undefined {
    return this.#ruleFor(address, domainOf(address)) ?? this.#rules.get('*')
  }

  /**
   * Where mail for an address goes because a rule names it, its domain or one above, whoever has the address here. Undefined
   * when none does; `*` does not count, nor does what says nothing of a way.
   */
  namedDirectionOf(address: string): Direction | undefined {
    if (!this.#hasDomains) return undefined
    const domain = domainOf(address)
    const rule = this.#ruleFor(address, domain)
    return rule?.via === undefined ? undefined : directed(rule, domain)
  }

  /** What TLS must be at least, by the route or the most specific rule that says it; `otherwise` when none does. */
  floorOf(way: Way, otherwise: TlsFloor = DEFAULT_FLOOR): TlsFloor {
    if (way.kind === 'route') return this.route(way.name)?.tls ?? otherwise
    for (const rule of this.#domainRules(way.domain)) if (rule.tls !== undefined) return rule.tls
    return this.#rules.get('*')?.tls ?? otherwise
  }

  #ruleFor(address: string, domain: string): RouteRule | undefined {
    const exact = this.#hasAddresses ? this.#rules.get(addressKey(address, domain)) : undefined
    return exact ?? this.#domainRules(domain).next().value
  }

  /** Of the domain and those above it, the most specific first. */
  *#domainRules(domain: string): Generator<RouteRule, undefined> {
    if (!this.#hasDomains) return
    const exact = this.#rules.get(domain)
    if (exact !== undefined) yield exact
    for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
      const rule = this.#rules.get(domain.slice(dot))
      if (rule !== undefined) yield rule
    }
  }

  #addRoute(route: Route): void {
    const { name, hosts } = route
    if (RESERVED.has(name)) throw new RouteError(`a route cannot be called ${name}: rules use that word`)
    if (!/^[A-Za-z0-9._-]+$/.test(name)) {
      throw new RouteError(`'${name}' is not a name for a route: use letters, digits, '.', '_' and '-'`)
    }
    if (this.#routes.has(name)) throw new RouteError(`there are two routes called ${name}`)
    if (hosts.length === 0) throw new RouteError(`the route ${name} has no hosts`)
    if (route.isTlsImplicit === true && route.tls === 'none') {
      throw new RouteError(`the route ${name} has TLS at once and no TLS: choose one`)
    }
    this.#routes.set(name, route)
  }

  #addRule(rule: RouteRule): void {
    const key = keyOf(rule.match)
    const { via = 'mx', tls } = rule
    if (this.#rules.has(key)) throw new RouteError(`there are two rules for ${rule.match}`)
    if (!RESERVED.has(via) && !this.#routes.has(via)) {
      throw new RouteError(`the rule for ${rule.match} names the route ${via}, which there is not`)
    }
    if (tls !== undefined && via !== 'mx') {
      throw new RouteError(
        `the rule for ${rule.match} asks for TLS and for the route ${via}: ask for it there`,
      )
    }
    if (tls !== undefined && key.includes('@')) {
      throw new RouteError(`the rule for ${rule.match} asks for TLS for one address: ask for its domain`)
    }
    this.#rules.set(key, rule)
  }
}

function directed(rule: RouteRule | undefined, domain: string): Direction {
  const via = rule?.via ?? 'mx'
  if (via === 'mx') return { kind: 'remote', domain }
  return via === 'refuse' ? { kind: 'refuse' } : { kind: 'route', name: via }
}

/** In A-labels and lower case, so that one domain is one destination; what is no domain stays as it is. */
// RFC 5891 §4.4, RFC 6531 §3.2
function domainOf(address: string): string {
  const text = address.slice(address.lastIndexOf('@') + 1)
  return parseDomain(text) ?? text
}

/** Whoever writes rules has no capitals in mind that make two people of one. */
function addressKey(address: string, domain: string): string {
  return `${address.slice(0, address.lastIndexOf('@')).toLowerCase()}@${domain}`
}

function keyOf(match: string): string {
  if (match === '*') return match
  const at = match.lastIndexOf('@')
  const name = match.slice(at + 1)
  const domain = at === -1 && name.startsWith('.') ? below(name) : domainNamed(name)
  if (domain === undefined || at === 0) {
    throw new RouteError(
      `'${match}' matches nothing: write user@example.org, example.org, .example.org (all below it) or *`,
    )
  }
  return at === -1 ? domain : addressKey(match, domain)
}

function below(name: string): string | undefined {
  const domain = parseDomain(name.slice(1))
  return domain && `.${domain}`
}

function domainNamed(name: string): string | undefined {
  const literal = parseAddressLiteral(name)
  return literal ? formatAddressLiteral(literal) : parseDomain(name)
}
