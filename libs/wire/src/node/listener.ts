import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Bytes, ConnectionFacts } from '../facts.ts'
import { withoutMapping } from '../ip-address.ts'
import type { Role } from '../machine.ts'
import { NetworkSet, parseNetwork } from '../network.ts'
import { Admission } from './admission.ts'
import { Connection, TICK_MS } from './connection.ts'
import { proxiedFacts, takeProxyHeader } from './proxy-door.ts'
import type { TlsServer } from './tls-server.ts'

/**
 * Connections of one listener at a time, TLS handshakes and PROXY headers that are not finished among them: some tens
 * of KB each.
 */
export const MAX_CONNECTIONS = 10_000

/** Connections that the kernel may complete before we take them: what comes in one burst. */
const BACKLOG = 1_024

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  /** For STARTTLS, or for TLS at once when `implicitTls`. */
  readonly tls?: TlsServer | undefined
  readonly implicitTls?: boolean
  /** See ConnectionOptions. */
  readonly lineRecords?: boolean | undefined
  readonly maxConnections?: number | undefined
  readonly maxConnectionsPerAddress?: number | undefined
  /**
   * The proxies that stand before this listener, in CIDR notation. They say who connects, by the PROXY protocol, and
   * must; nobody else is let in.
   */
  readonly proxyProtocol?: { readonly trusted: readonly string[] } | undefined
  /** The reason why this address is not let in now, if there is one. Asked before TLS and before `accept`. */
  readonly turnAway?: (remoteAddress: string) => string | undefined
  /** What is said to whoever is not let in, where plaintext may be said: the 421 of a protocol that speaks first. */
  readonly farewell?: (refusal: Refusal) => Bytes
  /** Makes the machine and what answers it; `handle` is the connection's, to wake it. */
  readonly accept: (facts: ConnectionFacts, handle: ConnectionHandle) => Role
  /** A connection that came to nothing before there was a session: too many, turned away, no TLS, no PROXY header. */
  readonly refused?: (remoteAddress: string, reason: string) => void
  /** Told when a connection is over. */
  readonly closed?: (facts: ConnectionFacts, error?: Error) => void
}

/** Why somebody is not let in. */
export interface Refusal {
  /** `crowded`: it has as many connections as it may. `noHeader`: a proxy that is trusted said no PROXY header in time. */
  readonly kind: 'crowded' | 'turnedAway' | 'noHeader'
  /** In words, for the log. */
  readonly reason: string
}

/** What a session may do with its own connection. */
export interface ConnectionHandle {
  wake(): void
}

/** The address cannot be listened on; `port` tells the operator which. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly host: string
  readonly port: number
  readonly code: string

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    super(
      `cannot listen on ${host}:${port}: ${cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message}`,
      { cause },
    )
    this.host = host
    this.port = port
    this.code = cause.code ?? 'unknown'
  }
}

/** Accepts connections on one address and drives a machine on each. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  /** Sockets that are not connections yet: their PROXY header or their TLS handshake is not finished. */
  readonly #arriving = new Set<Socket>()
  readonly #admission: Admission
  readonly #proxies: NetworkSet | undefined
  #stopTicking: (() => void) | undefined
  #port = 0
  #serial = 0
  #idle: (() => void) | undefined
  #draining = false

  constructor(options: ListenerOptions) {
    if (options.implicitTls && options.tls === undefined)
      throw new TypeError('implicit TLS needs a TlsServer')
    this.#options = options
    this.#admission = new Admission(options.maxConnectionsPerAddress)
    this.#proxies = options.proxyProtocol && networksOf(options.proxyProtocol.trusted)
    this.#server = createServer({ noDelay: true, allowHalfOpen: true, highWaterMark: 64 * 1024 }, (socket) =>
      this.#accept(socket),
    )
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS
    this.#server.on('drop', (dropped) =>
      this.#tellRefused(withoutMapping(dropped?.remoteAddress ?? 'unknown'), 'too many connections'),
    )
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#connections.size
  }

  /** The port in use, when `port` was 0. */
  get port(): number {
    return this.#port
  }

  /** Throws ListenError. */
  listen(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(new ListenError(host, port, error)))
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.removeAllListeners('error')
        this.#server.on('error', (error) => this.#tellRefused('unknown', error.message))
        this.#port = (this.#server.address() as AddressInfo).port
        this.#tick()
        resolve()
      })
    })
  }

  /**
   * Stops accepting, lets each session say goodbye, and cuts off whoever is left when the signal aborts. Who has no
   * session yet was promised nothing and is cut off at once.
   */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true
    this.#server.close()
    for (const socket of this.#arriving) socket.destroy()
    for (const connection of this.#connections) connection.drain()
    if (this.#connections.size > 0) {
      const cut = (): void => this.#connections.forEach((connection) => connection.destroy())
      signal.addEventListener('abort', cut, { once: true })
      if (signal.aborted) cut()
      await new Promise<void>((resolve) => {
        this.#idle = resolve
        if (this.#connections.size === 0) resolve()
      })
      signal.removeEventListener('abort', cut)
    }
    this.#stopTicking?.()
  }

  #tick(): void {
    this.#stopTicking = this.#options.clock.after(TICK_MS, () => {
      const now = this.#options.clock.elapsed()
      for (const connection of this.#connections) connection.checkDeadline(now)
      this.#tick()
    })
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket
    if (remoteAddress === undefined) return void socket.destroy()
    const facts = this.#facts(socket, withoutMapping(remoteAddress))
    if (this.#proxies === undefined) return this.#admit(socket, facts)
    if (!this.#proxies.has(remoteAddress)) {
      socket.destroy()
      return this.#tellRefused(facts.remoteAddress, 'is no proxy that is trusted')
    }
    void this.#arrive(
      socket,
      takeProxyHeader(socket, this.#options.clock),
      (header) => this.#admit(socket, proxiedFacts(facts, header)),
      (reason) => this.#refuse(socket, facts.remoteAddress, { kind: 'noHeader', reason }),
    )
  }

  #admit(socket: Socket, facts: ConnectionFacts): void {
    const address = facts.remoteAddress
    const objection = this.#options.turnAway?.(address)
    if (objection !== undefined)
      return this.#refuse(socket, address, { kind: 'turnedAway', reason: objection })
    if (!this.#admission.enter(address))
      return this.#refuse(socket, address, {
        kind: 'crowded',
        reason: 'too many connections from one address',
      })
    if (!this.#options.implicitTls) return this.#serve(socket, facts)
    const secured = this.#options.tls!.upgrade(socket, this.#options.clock)
    void this.#arrive(
      socket,
      secured,
      (done) => this.#serve(done.socket, { ...facts, tls: done.facts }),
      (reason) => {
        this.#admission.leave(address)
        this.#tellRefused(address, reason)
      },
    )
  }

  /** Waits for what must come before there is a connection. */
  async #arrive<T>(
    socket: Socket,
    coming: Promise<T>,
    then: (value: T) => void,
    otherwise: (reason: string) => void,
  ): Promise<void> {
    // Without a listener a reset would end the process.
    socket.on('error', () => socket.destroy())
    this.#arriving.add(socket)
    let value: T
    try {
      value = await coming
    } catch (error) {
      return otherwise((error as Error).message)
    } finally {
      this.#arriving.delete(socket)
    }
    then(value)
  }

  #refuse(socket: Socket, address: string, refusal: Refusal): void {
    const { farewell, implicitTls } = this.#options
    socket.on('error', () => socket.destroy())
    if (farewell !== undefined && !implicitTls) socket.write(farewell(refusal))
    socket.destroySoon()
    this.#tellRefused(address, refusal.reason)
  }

  #tellRefused(address: string, reason: string): void {
    if (!this.#draining) this.#options.refused?.(address, reason)
  }

  #serve(socket: Socket, facts: ConnectionFacts): void {
    const { clock, tls, lineRecords } = this.#options
    if (this.#draining) {
      this.#admission.leave(facts.remoteAddress)
      return void socket.destroy()
    }
    const handle = { wake: () => connection.wake() }
    const role = this.#options.accept(facts, handle)
    const connection: Connection = new Connection(socket, role, {
      clock,
      lineRecords,
      ...(tls && { upgrade: (plain) => tls.upgrade(plain, clock) }),
      closed: (error) => this.#closed(connection, facts, error),
    })
    this.#connections.add(connection)
    connection.start()
  }

  #closed(connection: Connection, facts: ConnectionFacts, error: Error | undefined): void {
    this.#connections.delete(connection)
    this.#admission.leave(facts.remoteAddress)
    this.#options.closed?.(facts, error)
    if (this.#connections.size === 0) this.#idle?.()
  }

  #facts(socket: Socket, remoteAddress: string): ConnectionFacts {
    return {
      id: `${this.#port}-${(++this.#serial).toString(36)}`,
      remoteAddress,
      remotePort: socket.remotePort ?? 0,
      localAddress: withoutMapping(socket.localAddress ?? 'unknown'),
      localPort: socket.localPort ?? 0,
    }
  }
}

/** Throws TypeError: whom to trust is never guessed at. */
function networksOf(texts: readonly string[]): NetworkSet {
  return new NetworkSet(
    texts.map((text) => {
      const network = parseNetwork(text)
      if (network === undefined) throw new TypeError(`${text} is no network in CIDR notation`)
      return network
    }),
  )
}

/** Listens on all or on none. Throws the first ListenError. */
export async function listenAll(listeners: readonly Listener[]): Promise<void> {
  const open: Listener[] = []
  try {
    for (const listener of listeners) {
      await listener.listen()
      open.push(listener)
    }
  } catch (error) {
    await Promise.all(open.map((listener) => listener.drain(AbortSignal.abort())))
    throw error
  }
}
