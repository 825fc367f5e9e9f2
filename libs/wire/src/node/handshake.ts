import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import type { TlsFacts } from '../facts.ts'

/** A handshake that takes longer is given up (RFC 5321 §4.5.3.2 leaves it open; a minute serves the slowest link). */
export const HANDSHAKE_LIMIT_MS = 60_000

// RFC 8996 §5, RFC 9325 §3.1.1
export const OLDEST_VERSION = 'TLSv1.2'

/** Of TLS 1.2 only what has forward secrecy and authenticated encryption; TLS 1.3 has nothing else. */
// RFC 9325 §4.1, RFC 9325 §4.2
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** A socket after its handshake. */
export interface Secured {
  readonly socket: TLSSocket
  readonly facts: TlsFacts
}

/** The peer did not get through the handshake. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  /** As Node or OpenSSL names it, e.g. `ECONNRESET`; `ETIMEDOUT` when it took too long. */
  readonly code: string

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Waits for the event that ends a handshake. Throws HandshakeError; the socket is destroyed then. */
export function handshake(
  socket: TLSSocket,
  event: 'secure' | 'secureConnect',
  clock: Clock,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      stopWaiting()
      socket.off('error', broken)
      socket.off('end', gone)
      socket.off('close', gone)
      socket.off(event, done)
    }
    const fail = (error: HandshakeError): void => {
      settle()
      // What a dying socket still has to say is no news.
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const broken = (cause: NodeJS.ErrnoException): void =>
      fail(new HandshakeError(cause.message, cause.code ?? 'unknown', { cause }))
    const gone = (): void =>
      fail(new HandshakeError('the connection ended during the TLS handshake', 'ECONNRESET'))
    const late = (): void => fail(new HandshakeError('the TLS handshake took too long', 'ETIMEDOUT'))
    const done = (): void => {
      settle()
      resolve(socket)
    }
    const stopWaiting = clock.after(HANDSHAKE_LIMIT_MS, late)
    socket.once('error', broken)
    // Sockets may be half open, but a handshake has two halves.
    socket.once('end', gone)
    socket.once('close', gone)
    socket.once(event, done)
  })
}

/** What both sides know of an established channel. */
export function channelFacts(socket: TLSSocket): Pick<TlsFacts, 'version' | 'cipher' | 'exporter'> {
  const version = socket.getProtocol() ?? 'unknown'
  const cipher = socket.getCipher()?.name ?? 'unknown'
  // RFC 9266 §2: only where the exporter is unique for the connection, which TLS 1.3 promises.
  if (version !== 'TLSv1.3') return { version, cipher }
  return {
    version,
    cipher,
    exporter: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  }
}
