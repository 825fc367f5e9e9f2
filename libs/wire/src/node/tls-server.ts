import { constants, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContext, type TLSSocketOptions } from 'node:tls'
import { systemClock, type Clock } from '../clock.ts'
import type { TlsFacts } from '../facts.ts'
import { dnsNamesOf, endPointOf, peerOf } from './certificate.ts'
import { channelFacts, CIPHERS, handshake, OLDEST_VERSION, type Secured } from './handshake.ts'

/** Certificate (with its chain) and key in PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

export interface TlsServerOptions {
  /** Whose certificates are believed, in PEM: clients are asked for one then, and may do without. */
  readonly clientAuthorities?: string | undefined
}

/** Throws when certificate and key are none, or do not belong together. */
export function checkIdentity(identity: Identity): void {
  prepare(identity, undefined)
}

/** Makes server-side TLS of accepted sockets, as one of several identities. All can be replaced while running. */
export class TlsServer {
  #identities: IdentitySet

  /** The first identity is shown to whoever asks for no name, or for one that nobody bears. Throws when a pair does not fit. */
  constructor(identities: Identity | readonly Identity[], options: TlsServerOptions = {}) {
    this.#identities = identitySet(identities, options)
  }

  /** New handshakes use what is new; running connections keep theirs. Throws, and keeps the old, when a pair does not fit. */
  replace(identities: Identity | readonly Identity[], options: TlsServerOptions = {}): void {
    this.#identities = identitySet(identities, options)
  }

  /** Throws HandshakeError; the socket is destroyed then. */
  async upgrade(socket: Socket, clock: Clock = systemClock): Promise<Secured> {
    const identities = this.#identities
    const secured = await handshake(new TLSSocket(socket, identities.socketOptions), 'secure', clock)
    return { socket: secured, facts: factsOf(secured, identities) }
  }
}

/** An identity that is ready to be shown. */
interface PreparedIdentity {
  readonly context: SecureContext
  readonly names: readonly string[]
  readonly endPoint: Buffer | undefined
}

/** All identities of one moment. */
interface IdentitySet {
  readonly socketOptions: TLSSocketOptions
  readonly identityFor: (serverName: string) => PreparedIdentity
  readonly asksForCertificate: boolean
}

function identitySet(
  given: Identity | readonly Identity[],
  { clientAuthorities }: TlsServerOptions,
): IdentitySet {
  const pairs = 'certificate' in given ? [given] : given
  const identities = pairs.map((identity) => prepare(identity, clientAuthorities))
  const [first] = identities
  if (first === undefined) throw new TypeError('TLS needs a certificate')
  const byName = new Map(identities.toReversed().flatMap((one) => one.names.map((name) => [name, one])))
  const identityFor = (serverName: string): PreparedIdentity => {
    const name = serverName.toLowerCase()
    // RFC 9525 §6.3: a wildcard stands for exactly one label
    return byName.get(name) ?? byName.get(`*${name.slice(name.indexOf('.'))}`) ?? first
  }
  return {
    identityFor,
    asksForCertificate: clientAuthorities !== undefined,
    socketOptions: {
      isServer: true,
      secureContext: first.context,
      // RFC 4422 §A: EXTERNAL is offered to who showed a certificate; nobody must.
      requestCert: clientAuthorities !== undefined,
      rejectUnauthorized: false,
      // RFC 6066 §3; one identity alone is spared the detour
      ...(identities.length > 1 && {
        SNICallback: (serverName, choose) => choose(null, identityFor(serverName).context),
      }),
    },
  }
}

function prepare({ certificate, key }: Identity, clientAuthorities: string | undefined): PreparedIdentity {
  const context = createSecureContext({
    cert: certificate,
    key,
    minVersion: OLDEST_VERSION,
    ciphers: CIPHERS,
    // RFC 9325 §3.4: what renegotiation was for, nobody needs
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // Without it OpenSSL resumes no session of a server that asks for certificates.
    sessionIdContext: 'cartero',
    ...(clientAuthorities !== undefined && { ca: clientAuthorities }),
  })
  const own = new X509Certificate(certificate)
  return { context, names: dnsNamesOf(own), endPoint: endPointOf(own) }
}

function factsOf(socket: TLSSocket, identities: IdentitySet): TlsFacts {
  const { servername } = socket as TLSSocket & { servername?: string | false | null }
  const serverName = typeof servername === 'string' && servername !== '' ? servername : undefined
  const { endPoint } = identities.identityFor(serverName ?? '')
  return {
    ...channelFacts(socket),
    ...(serverName !== undefined && { serverName }),
    ...(endPoint && { endPoint }),
    ...(identities.asksForCertificate && clientFacts(socket)),
  }
}

/** What OpenSSL found out about the peer's chain; Node tells it by a public property to its own servers only. */
type Verifier = TLSSocket & { readonly ssl?: { verifyError?(): Error | null | undefined } }

function clientFacts(socket: TLSSocket): Pick<TlsFacts, 'verified' | 'peer'> {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return {}
  const { ssl } = socket as Verifier
  const verified = typeof ssl?.verifyError === 'function' && !ssl.verifyError()
  return verified ? { verified, peer: peerOf(certificate) } : { verified }
}
