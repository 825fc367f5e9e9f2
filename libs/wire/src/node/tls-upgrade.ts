import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket, type SecureContext, type TlsOptions } from 'node:tls'

/** A handshake that takes longer is given up (RFC 5321 §4.5.3.2 leaves it open; a minute serves the slowest link). */
export const HANDSHAKE_LIMIT_MS = 60_000

/** Certificate and key in PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

/** Makes server-side TLS of accepted sockets. The identity can be replaced while running. */
export class TlsServer {
  #context: SecureContext

  constructor(identity: Identity) {
    this.#context = contextOf(identity)
  }

  /** New handshakes use the new certificate; running connections keep theirs. */
  replace(identity: Identity): void {
    this.#context = contextOf(identity)
  }

  /** Rejects when the handshake fails or takes too long; the socket is destroyed then. */
  readonly upgrade = (socket: Socket): Promise<TLSSocket> =>
    handshake(
      new TLSSocket(socket, { isServer: true, secureContext: this.#context } satisfies TlsOptions & {
        isServer: boolean
      }),
      'secure',
    )
}

function contextOf(identity: Identity): SecureContext {
  // RFC 8996, RFC 9325 §3.1.1: nothing below TLS 1.2.
  return createSecureContext({ cert: identity.certificate, key: identity.key, minVersion: 'TLSv1.2' })
}

/** Waits for the event that ends a handshake. */
export function handshake(socket: TLSSocket, event: 'secure' | 'secureConnect'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const gone = (): void => fail(new Error('the connection ended during the TLS handshake'))
    const timer = setTimeout(() => fail(new Error('the TLS handshake took too long')), HANDSHAKE_LIMIT_MS)
    socket.once('error', fail)
    // Sockets may be half open, but a handshake has two halves.
    socket.once('end', gone)
    socket.once('close', gone)
    socket.once(event, () => {
      clearTimeout(timer)
      socket.off('error', fail)
      socket.off('end', gone)
      socket.off('close', gone)
      resolve(socket)
    })
  })
}
