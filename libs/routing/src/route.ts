/** What TLS must be at least: none at all, where it is offered, always, or always with a certificate that an authority vouches for. */
export type TlsFloor = 'none' | 'opportunistic' | 'encrypt' | 'verify'

/** What is not shown by accident: `Secret` of `@cartero/agent/config` is one. */
export interface Concealed {
  reveal(): string
}

/** A host of a route. */
export interface RouteHost {
  /** A name, or an address with or without brackets. */
  readonly host: string
  /** Without it: 24 for LMTP, 465 with TLS at once, else the port of other hosts. */
  readonly port?: number
  /** The name is a domain, whose mail hosts are meant. */
  readonly isDomain?: boolean
}

/** A way to other hosts that the operator has configured, whatever the DNS says of the domains whose mail goes there. */
export interface Route {
  /** Letters, digits, `.`, `_` and `-`; `mx` and `refuse` are not names. */
  readonly name: string
  /** LMTP is the language of mailbox stores (RFC 2033). */
  readonly protocol: 'smtp' | 'lmtp'
  /** In the order in which they are to be tried; at least one. */
  readonly hosts: readonly RouteHost[]
  /** Without it `opportunistic`. */
  readonly tls?: TlsFloor
  /** TLS at once, without STARTTLS (RFC 8314 §3.3). */
  readonly isTlsImplicit?: boolean
  readonly credentials?: { readonly username: string; readonly password: Concealed }
  /** Certificates of the authorities that are believed there, in PEM; without it those of the system. */
  readonly authorities?: readonly string[]
  /** What differs from the settings for every destination. 0 messages a minute are without limit. */
  readonly messagesPerMinute?: number
  readonly connections?: number
}

/** Which mail goes which way. */
export interface RouteRule {
  /** `user@example.org`, `example.org`, `.example.org` (all below it, and not itself), or `*`. */
  readonly match: string
  /** The name of a route, `mx` (the hosts that the DNS names; also without it) or `refuse`. */
  readonly via?: string
  /** For what goes to the hosts that the DNS names: what TLS must be at least. A route has its own. */
  readonly tls?: TlsFloor
}

/** A rule or a route that makes no sense; the message is for the operator. */
export class RouteError extends Error {
  override readonly name = 'RouteError'
}
