import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { endPointOf, peerOf } from './certificate.ts'
import { clientContext } from './client-contexts.ts'
import { daneFault, type CertificateFault, type DaneOptions } from './dane.ts'
import { DialError } from './dial-error.ts'
import { channelFacts, handshake, HandshakeError, type Secured } from './handshake.ts'
import type { Identity } from './tls-server.ts'

export interface TlsClientOptions {
  /** The name to ask for (SNI), and to find in the certificate; the host that was dialled when absent. */
  readonly serverName?: string
  /** Names of which the certificate must bear one, when it need not be `serverName`. */
  readonly names?: readonly string[]
  /** Who is believed, in PEM; whom the system believes when absent. */
  readonly authorities?: string
  /**
   * Whom the DNS vouches for: then `authorities` and `names` do not count. `serverName` should be the name under which the
   * records were found.
   */
  // RFC 7672 §8.1
  readonly dane?: DaneOptions
  /** What a certificate that cannot be verified is good for: nothing (the default), or privacy without knowing from whom. */
  readonly unverified?: 'refuse' | 'accept'
  /** Our own certificate, for a server that asks for one. */
  readonly identity?: Identity
}

/**
 * The client's side of a handshake. Throws DialError; the socket is destroyed then. A certificate is verified in either
 * case, and the facts say with what success.
 */
export async function secureClient(
  plain: Socket,
  host: string,
  options: TlsClientOptions,
  clock: Clock,
): Promise<Secured> {
  const serverName = options.serverName ?? host
  const socket = await shakeHands(begin(plain, serverName, options), clock)
  const fault = options.dane
    ? daneFaultOf(socket, options.dane, clock)
    : faultOf(socket, options.names ?? [serverName])
  if (fault !== undefined && options.unverified !== 'accept') {
    socket.on('error', () => {})
    socket.destroy()
    throw new DialError('certificate', fault.code, fault.message)
  }
  const certificate = socket.getPeerX509Certificate()
  const endPoint = certificate && endPointOf(certificate)
  return {
    socket,
    facts: {
      ...channelFacts(socket),
      ...(isIP(serverName) === 0 && { serverName }),
      ...(endPoint && { endPoint }),
      verified: fault === undefined,
      ...(fault && { unverifiedBecause: fault.code }),
      ...(fault === undefined && { verifiedBy: options.dane ? 'dane' : 'authority' }),
      ...(fault === undefined && certificate && { peer: peerOf(certificate) }),
    },
  }
}

/** Node is kept from judging: `secureConnect` comes whatever the certificate is, and all of the judgment is below. */
function begin(socket: Socket, serverName: string, options: TlsClientOptions): TLSSocket {
  return connect({
    socket,
    secureContext: clientContext(options),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // RFC 6066 §3: an address is no name
    ...(isIP(serverName) === 0 && { servername: serverName }),
  })
}

async function shakeHands(socket: TLSSocket, clock: Clock): Promise<TLSSocket> {
  try {
    return await handshake(socket, 'secureConnect', clock)
  } catch (error) {
    if (!(error instanceof HandshakeError)) throw error
    throw new DialError('handshake', error.code, error.message, { cause: error })
  }
}

const NO_CERTIFICATE: CertificateFault = { code: 'NO_CERTIFICATE', message: 'it showed no certificate' }

function daneFaultOf(socket: TLSSocket, dane: DaneOptions, clock: Clock): CertificateFault | undefined {
  const certificate = socket.getPeerX509Certificate()
  return certificate === undefined ? NO_CERTIFICATE : daneFault(certificate, dane, clock.now())
}

/** Why the certificate does not show that the peer is who it should be, or undefined when it does. */
function faultOf(socket: TLSSocket, names: readonly string[]): CertificateFault | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return NO_CERTIFICATE
  if (!socket.authorized) {
    // Node's types have an Error here; Node itself has the code of one.
    const reason: unknown = socket.authorizationError
    const code =
      reason instanceof Error ? ((reason as NodeJS.ErrnoException).code ?? reason.message) : String(reason)
    return { code, message: `its certificate cannot be verified (${code})` }
  }
  // RFC 9525 §6.2: the common name does not count
  const isNamed = names.some((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined
      : certificate.checkIP(name) !== undefined,
  )
  if (isNamed) return undefined
  return { code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: `its certificate is not for ${names.join(', ')}` }
}
