import { SqlError } from '../error.ts'

/** What the server must prove. `require` is TLS with whomever, so that somebody else may answer; with an authority it is `verify-ca`. */
export type TlsMode = 'disable' | 'require' | 'verify-ca' | 'verify-full'

export interface HostAddress {
  /** A name, an address, or the folder of a socket. */
  readonly host: string
  readonly port: number
}

/** Where a database is, and how it is reached. */
export interface ConnectionTarget {
  readonly hosts: readonly HostAddress[]
  readonly database: string
  readonly user?: string
  readonly password?: string
  readonly tlsMode?: TlsMode
  /** Of files in PEM. */
  readonly authorityFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
  /** A host that only reads is passed by. */
  readonly mustWrite: boolean
}

const DEFAULT_PORT = 5432
const TLS_MODES: readonly string[] = ['disable', 'require', 'verify-ca', 'verify-full']
const PARAMETERS = new Set([
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'target_session_attrs',
  'application_name',
])

/**
 * A connection URI as Postgres has them (its manual, §32.1.1.2): `postgres://user@a:5432,b:5433/database?sslmode=verify-full`.
 * Throws SqlError in words for the operator, in which no password is.
 */
export function parseConnectionUrl(url: string): ConnectionTarget {
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url)
  if (parts === null) throw invalid('is not like `postgres://user@host:port/database`')
  const [, login = '', places = '', path = '', query = ''] = parts
  const parameters = parametersOf(query)
  const [user, password] = splitOnce(login, ':').map((text) => text && decoded(text))
  const tlsMode = parameters.get('sslmode')
  if (tlsMode !== undefined && !TLS_MODES.includes(tlsMode))
    throw invalid(`has sslmode=${tlsMode}: use one of ${TLS_MODES.join(', ')}`)
  const hosts = hostsOf(places, parameters)
  return {
    hosts,
    database: parameters.get('dbname') ?? (decoded(path) || 'postgres'),
    mustWrite: mustWrite(parameters.get('target_session_attrs'), hosts.length),
    ...given('user', parameters.get('user') ?? user),
    ...given('password', parameters.get('password') ?? password),
    ...given('tlsMode', tlsMode as TlsMode | undefined),
    ...given('authorityFile', parameters.get('sslrootcert')),
    ...given('certificateFile', parameters.get('sslcert')),
    ...given('keyFile', parameters.get('sslkey')),
  }
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys())
    if (!PARAMETERS.has(name)) throw invalid(`has a parameter ${name}, which is not known here`)
  return new Map(parameters)
}

/** `host=a,b&port=1,2` wins over what stands before the path. */
function hostsOf(places: string, parameters: ReadonlyMap<string, string>): readonly HostAddress[] {
  const named = parameters.get('host')?.split(',')
  const ports = parameters.get('port')?.split(',')
  return (named ?? places.split(',')).map((place, nth) => {
    const [host = '', own] = named === undefined ? splitPort(place) : [place]
    const port = Number(own ?? ports?.[nth] ?? ports?.[0] ?? DEFAULT_PORT)
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('has a port that is none')
    return { host: decoded(host) || 'localhost', port }
  })
}

/** `[::1]:5432` has colons of its own. */
function splitPort(place: string): readonly (string | undefined)[] {
  const { host, port } = /^(?:\[(?<host>[^\]]*)\])(?::(?<port>\d*))?$/.exec(place)?.groups ?? {}
  return host === undefined ? splitOnce(place, ':') : [host, port]
}

function splitOnce(text: string, separator: string): readonly (string | undefined)[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text || undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function mustWrite(attributes: string | undefined, hosts: number): boolean {
  if (attributes === undefined) return hosts > 1
  if (attributes === 'any') return false
  if (attributes === 'read-write' || attributes === 'primary') return true
  throw invalid(`has target_session_attrs=${attributes}: use read-write or any`)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('has a % that begins no character')
  }
}

function given<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [name in K]?: V }
}

function invalid(what: string): SqlError {
  return new SqlError('io', `the URL of Postgres ${what}`)
}
