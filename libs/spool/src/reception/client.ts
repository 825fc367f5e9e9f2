import { transmissionType } from '@cartero/message'
import type { GreetingCommand, ProxiedClient } from '@cartero/smtp/server'
import type { ConnectionFacts, TlsFacts } from '@cartero/wire'

/** What a proxy says of what it cannot tell, and what the log says of it. */
const UNKNOWN = 'unknown'

/**
 * Who is at the other end: what the connection tells, or what a trusted proxy said in its place (XCLIENT). Lives as long
 * as the connection.
 */
export class Client {
  #connection: ConnectionFacts
  readonly #speaker: string
  #forwarded: ProxiedClient | undefined
  /** Whom the proxy vouches for; a login of the proxy's own is not the client's. */
  #login: string | undefined
  greeting: GreetingCommand | undefined
  tls: TlsFacts | undefined
  /** Present after authentication. */
  account: string | undefined
  /** A program on this machine, which handed its message over without a connection: the trace has nowhere to tell of. */
  isLocal = false
  /** The name in DNS, as the proxy found and confirmed it. */
  name: string | undefined

  constructor(connection: ConnectionFacts) {
    this.#connection = connection
    this.#speaker = connection.remoteAddress
    this.tls = connection.tls
  }

  get connection(): ConnectionFacts {
    return this.#connection
  }

  get address(): string {
    return this.#connection.remoteAddress
  }

  /**
   * Whoever says the words: who may say for whom it speaks depends on it, and XCLIENT does not change it. Behind the PROXY
   * protocol that is the client, never the proxy, which passes on what anybody says.
   */
  get speaker(): string {
    return this.#speaker
  }

  /** As it said at HELO or EHLO. */
  get helo(): string {
    return this.greeting?.name ?? UNKNOWN
  }

  /** Where a filter says that the message at hand came from (XFORWARD); for the log alone. */
  get origin(): string | undefined {
    if (this.#forwarded === undefined) return undefined
    const { name, address, identity } = this.#forwarded
    return `${name ?? UNKNOWN}[${address ?? UNKNOWN}]${identity ? ` ${identity}` : ''}`
  }

  /** All that was said in the clear is forgotten. */
  // RFC 3207 §4.2
  tlsStarted(tls: TlsFacts): void {
    this.tls = tls
    this.greeting = undefined
    this.account = this.#login = undefined
  }

  /** From here on it is as if this client had connected. What is not said stays; null is unknown from now on. */
  takeOver(said: ProxiedClient): void {
    const { address, port, destinationAddress, destinationPort } = said
    const before = this.#connection
    this.#connection = {
      ...before,
      remoteAddress: replaced(before.remoteAddress, address, UNKNOWN),
      remotePort: replaced(before.remotePort, port, 0),
      localAddress: replaced(before.localAddress, destinationAddress, UNKNOWN),
      localPort: replaced(before.localPort, destinationPort, 0),
    }
    if (address !== undefined) this.name = undefined
    if (said.name !== undefined) this.name = said.name ?? undefined
    if (said.login !== undefined) this.#login = said.login ?? undefined
    this.account = this.#login
    this.greeting = greetingSaid(said)
  }

  /** A filter tells where the next message came from; what it does not tell stays. */
  forwarded(said: ProxiedClient): void {
    this.#forwarded = { ...this.#forwarded, ...said }
  }

  /** What a filter told was about one message. */
  messageOver(): void {
    this.#forwarded = undefined
  }

  /** How the message comes in, for the trace. */
  // RFC 3848 §1, RFC 6531 §4.3
  protocol(utf8: boolean): string {
    if (this.isLocal) return 'local'
    return transmissionType({
      extended: this.greeting?.verb !== undefined && this.greeting.verb !== 'HELO',
      tls: this.tls !== undefined,
      authenticated: this.account !== undefined,
      utf8,
      lmtp: (this.greeting?.verb as string | undefined) === 'LHLO',
    })
  }
}

function replaced<T>(before: T, said: T | null | undefined, unknown: T): T {
  return said === undefined ? before : (said ?? unknown)
}

function greetingSaid({ helo, protocol }: ProxiedClient): GreetingCommand | undefined {
  return helo ? { verb: protocol === 'SMTP' ? 'HELO' : 'EHLO', name: helo } : undefined
}
