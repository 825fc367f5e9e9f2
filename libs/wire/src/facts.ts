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
  /** The peer's certificate subject, when it showed one that was verified. */
  readonly peerSubject?: string
}

/** What is known of a connection when it is accepted. */
export interface ConnectionFacts {
  /** Unique in this process, with the port in front; for logs only. */
  readonly id: string
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Present when TLS came first (implicit TLS, RFC 8314 §3). */
  readonly tls?: TlsFacts
}
