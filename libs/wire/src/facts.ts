import type { ProxyTls } from './proxy/header.ts'

/** Octets. `Buffer` is used on the wire itself, because its searches are native. */
export type Bytes = Uint8Array

/** What is known of an established TLS channel. */
export interface TlsFacts {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly version: string
  /** As OpenSSL names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** The name that the client asked for (SNI), if any. */
  readonly serverName?: string
  /** tls-exporter channel binding (RFC 9266), for SCRAM-PLUS. */
  readonly exporter?: Bytes
  /** tls-server-end-point channel binding (RFC 5929 §4): the hash of the server's certificate. */
  readonly endPoint?: Bytes
  /**
   * Whether the certificate that the peer showed was verified. Absent when it showed none, and absent on a server that
   * asks for none.
   */
  readonly verified?: boolean
  /** On a client, what a certificate was verified by: an authority that is believed, or the DNS (RFC 7672). */
  readonly verifiedBy?: 'authority' | 'dane'
  /** On a client that accepts what cannot be verified: why it cannot, as Node or OpenSSL names it. */
  readonly unverifiedBecause?: string
  /** The peer's certificate, when it showed one that was verified. */
  readonly peer?: TlsPeer
}

/** Who a verified certificate says its holder is. */
export interface TlsPeer {
  /** The common name of the subject, '' when there is none. */
  readonly commonName: string
  /** Mail addresses among the alternative names (RFC 5280 §4.2.1.6 rfc822Name, RFC 9598 SmtpUTF8Mailbox). */
  readonly emails: readonly string[]
  /** DNS names among the alternative names. */
  readonly names: readonly string[]
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint: string
}

/** A proxy that is trusted, and what it said of its client. */
export interface ProxyFacts {
  readonly address: string
  readonly port: number
  /**
   * False when it did not say for whom it speaks, or speaks for itself: then the connection's remote address is `unknown`,
   * and the port 0.
   */
  readonly toldClient: boolean
  /** The name that the client asked it for. */
  readonly serverName?: string
  /** Present when the client spoke TLS with it. */
  readonly tls?: ProxyTls
}

/** What is known of a connection when it is accepted. */
export interface ConnectionFacts {
  /** Unique in this process, with the port in front; for logs only. */
  readonly id: string
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /**
   * Who really is connected, when a trusted proxy said for whom it speaks (PROXY protocol); the facts above are what it
   * said.
   */
  readonly proxy?: ProxyFacts
  /** Present when TLS came first (implicit TLS, RFC 8314 §3). */
  readonly tls?: TlsFacts
}
