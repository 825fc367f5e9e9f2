/**
 * What a proxy says before the client's first octet: "The PROXY protocol, versions 1 & 2" of HAProxy (2020/03/05), which
 * the sections named here are of.
 */
export interface ProxyHeader {
  /** For whom it speaks; absent when it speaks for itself (`LOCAL`) or does not say. */
  readonly client?: { readonly source: ProxyEndpoint; readonly destination: ProxyEndpoint }
  /** Whether it speaks for itself: a probe of its own. */
  readonly isLocal: boolean
  /** The name that the client asked the proxy for, e.g. by SNI. */
  readonly serverName?: string
  /** Present when the client spoke TLS with the proxy. */
  readonly tls?: ProxyTls
}

export interface ProxyEndpoint {
  readonly address: string
  readonly port: number
}

/** What the proxy says of the TLS that it ended. */
export interface ProxyTls {
  /** As OpenSSL names it, `TLSv1.3`; '' when it is not told. */
  readonly version: string
  /** The client showed a certificate that the proxy verified. */
  readonly verified: boolean
}

/** Octets of a whole header of version 2. Its addresses need 232 at most; the rest is for what proxies like to add. */
export const PROXY_HEADER_LIMIT = 4_096

/** The octets are no PROXY header and never will be. */
export class ProxyFault extends Error {
  override readonly name = 'ProxyFault'
}
