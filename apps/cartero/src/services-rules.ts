import type { ConfigRule } from '@cartero/agent/config'

import type { CarteroConfig, definition } from './config.ts'
import { isLoopback } from './loopback.ts'

type Rule = ConfigRule<typeof definition>
type Problems = ReturnType<Rule>

/** The agents that can be processes of their own. */
export const AGENTS = ['directory', 'mx', 'msa', 'mta', 'mda', 'imap', 'odmr', 'console'] as const
export type AgentName = (typeof AGENTS)[number]

/** The stores that have a schema in Postgres each. */
export const STORES = ['spool', 'mailstore', 'directory', 'journey'] as const
export type StoreName = (typeof STORES)[number]

/** What is asked for of the section `services`, whoever reads it. */
export const SERVICES_RULES: readonly Rule[] = [wholeIdentity, wholeS3]

/** Whom all believe may stand in a file for all; who one is, comes with each agent. */
function* wholeIdentity({ services: { identity } }: CarteroConfig): Problems {
  const parts = ['certificate', 'key', 'authorities'] as const
  const present = (['certificate', 'key'] as const).find((part) => identity[part] !== undefined)
  const absent = parts.filter((part) => identity[part] === undefined)
  if (present === undefined || absent.length === 0) return
  const names = absent.map((part) => `services.identity.${part}`).join(' and ')
  yield {
    key: `services.identity.${present}`,
    message: `is of no use without ${names}`,
    fix: `set ${names}, too`,
  }
}

function* wholeS3({ services: { content } }: CarteroConfig): Problems {
  if (content.kind !== 's3') return
  for (const part of ['endpoint', 'accessKeyFile', 'secretKeyFile'] as const)
    if (content[part] === undefined)
      yield {
        key: 'services.content.kind',
        message: `s3 needs services.content.${part}`,
        fix: `set services.content.${part}, or take kind: nats`,
      }
}

/** What an agent uses. */
interface Needs {
  readonly stores: readonly StoreName[]
  readonly peers: readonly ('directory' | 'mta')[]
  /** It is asked by others, which have to find it. */
  readonly isAsked?: true
}

const NEEDS: Readonly<Record<AgentName, Needs>> = {
  directory: { stores: ['directory'], peers: [], isAsked: true },
  mx: { stores: [], peers: ['directory', 'mta'] },
  msa: { stores: [], peers: ['directory', 'mta'] },
  mta: { stores: ['spool'], peers: ['directory'], isAsked: true },
  mda: { stores: ['mailstore'], peers: ['mta'] },
  imap: { stores: ['mailstore'], peers: ['directory'] },
  odmr: { stores: [], peers: ['directory', 'mta'] },
  console: { stores: ['mailstore', 'journey'], peers: ['directory', 'mta'] },
}

/** What an agent cannot do without; nothing is asked for that it does not use. */
export function needsOf(agent: AgentName): Rule {
  return function* needs(config) {
    const { stores, isAsked } = NEEDS[agent]
    const { services } = config
    const peers = peersOf(agent, config)
    if (services.nats.servers.length === 0)
      yield missing(agent, 'services.nats.servers', 'name the NATS servers')
    for (const store of stores)
      if (databaseUrlOf(config, store) === undefined)
        yield missing(agent, 'services.postgres.url', `set it, or services.postgres.${store}`)
    for (const peer of peers)
      if (services[peer] === undefined)
        yield missing(agent, `services.${peer}`, `write for example ${peer}:7001`)
    if (isAsked && services.listen === undefined)
      yield missing(agent, 'services.listen', 'write for example 0.0.0.0:7001')
    if (services.identity.certificate === undefined) yield* inTheClear(agent, config)
  }
}

/** Who delivers asks the directory only for those who come by LMTP. */
function peersOf(agent: AgentName, { listen }: Pick<CarteroConfig, 'listen'>): Needs['peers'] {
  return agent === 'mda' && listen.lmtp.length > 0 ? ['directory', 'mta'] : NEEDS[agent].peers
}

/** Agents are processes of their own, and nothing is kept in files here. */
export function isApart({ services }: Pick<CarteroConfig, 'services'>): boolean {
  return services.nats.servers.length > 0
}

/** Whoever carries mail needs the broker, whichever agent will. */
export const needsBroker: Rule = function* (config) {
  if (!isApart(config))
    yield {
      key: 'services.nats.servers',
      message: 'no broker is named',
      fix: 'name the NATS servers',
    }
}

/** The database of a store. Undefined when none is configured. */
export function databaseUrlOf(
  { services: { postgres } }: CarteroConfig,
  store: StoreName,
): string | undefined {
  return postgres[store] ?? postgres.url
}

function missing(agent: AgentName, key: string, fix: string) {
  return { key, message: `the agent ${agent} needs ${key}`, fix }
}

/** Octets must not cross a network in the clear. */
function* inTheClear(agent: AgentName, config: CarteroConfig): Problems {
  const { services } = config
  const places = peersOf(agent, config).flatMap((peer) =>
    services[peer] === undefined ? [] : [`services.${peer}` as const],
  )
  for (const key of places) {
    const peer = services[key.slice('services.'.length) as 'directory' | 'mta']!
    if (!isLoopback(hostOf(peer))) yield inTheOpen(key, peer)
  }
  const broker = services.nats.servers.find((server) => !isLoopback(hostOf(server)))
  if (broker !== undefined) yield inTheOpen('services.nats.servers', broker)
  const { listen } = services
  if (listen !== undefined && !isLoopback(listen.host))
    yield inTheOpen('services.listen', listen.host || 'every address')
}

function inTheOpen(key: string, where: string) {
  return {
    key,
    message: `${where} is not on this machine, and agents speak there under TLS only`,
    fix: 'set services.identity ("cartero identity" makes certificates for all agents)',
  }
}

function hostOf(place: string): string {
  return unbracketed(place.slice(0, place.lastIndexOf(':')))
}

/** One process has all of it in its files: what the services keep would be left alone, and mail be in two places. */
export const isWhole: Rule = function* (config) {
  if (isApart(config))
    yield {
      key: 'services.nats.servers',
      message: 'one process uses no services, and has none of what is in them',
      fix: 'run each agent ("cartero run"), or leave services.nats.servers empty',
    }
}

/** What is allowed of services and not wise. */
export function* servicesWarnings({ services }: CarteroConfig): Generator<string> {
  const { servers, replicas } = services.nats
  if (servers.length > 0 && replicas > servers.length)
    yield `services.nats.replicas: ${replicas} copies need as many servers, and ${servers.length} ${servers.length === 1 ? 'is' : 'are'} named`
  if (servers.length > 0 && replicas === 1)
    yield 'services.nats.replicas: 1 copy is lost with its server, and mail on its way with it'
  if (servers.length > 0) yield* overheard(services)
}

/** Mail and passwords that cross a network to a store, where somebody may read them, or answer in its place. */
function* overheard({ postgres, content }: CarteroConfig['services']): Generator<string> {
  for (const key of ['url', ...STORES] as const) {
    const place = placeOf(postgres[key] ?? '')
    const host = place.hosts.find((each) => !isHere(each))
    if (host !== undefined && !place.isVerified)
      yield `services.postgres.${key}: nothing proves that it is ${host} who answers: over a network that others use, add ?sslmode=verify-full&sslrootcert=FILE`
  }
  const endpoint = URL.parse(content.endpoint ?? '')
  if (content.kind === 's3' && endpoint?.protocol === 'http:' && !isHere(unbracketed(endpoint.hostname)))
    yield `services.content.endpoint: contents cross the network to ${endpoint.host} in the clear: over one that others use, take https://`
}

/** Of the URL of a database: which hosts it names, and whether they have to prove who they are. */
function placeOf(url: string): { readonly hosts: readonly string[]; readonly isVerified: boolean } {
  const [, places = '', query = ''] = /^[^/]*\/\/(?:[^@/?]*@)?([^/?]*)[^?]*\??(.*)$/.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  const mode = parameters.get('sslmode') ?? 'none'
  const isVerified = mode.startsWith('verify-') || (mode !== 'disable' && parameters.has('sslrootcert'))
  const named = parameters.get('host')?.split(',')
  const hosts = named ?? places.split(',').map((place) => unbracketed(place.replace(/:\d*$/, '')))
  return { hosts, isVerified }
}

/** On this machine: a folder is that of a socket. */
function isHere(host: string): boolean {
  return host === '' || /^(?:\/|%2f)/i.test(host) || isLoopback(host)
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}
