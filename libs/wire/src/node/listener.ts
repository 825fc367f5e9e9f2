import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { ConnectionFacts } from '../facts.ts'
import type { Role } from '../machine.ts'
import { Connection, TICK_MS } from './connection.ts'
import { tlsFactsOf } from './tls-facts.ts'
import type { TlsServer } from './tls-upgrade.ts'

/** Connections of one listener at a time. Memory per idle connection is some tens of KB; beyond it the kernel's backlog waits. */
export const MAX_CONNECTIONS = 10_000

/** Connections of one remote address at a time, so that a single peer cannot take all of them. Loopback is not counted. */
export const MAX_CONNECTIONS_PER_ADDRESS = 100

/** Connections that the kernel may complete before we take them: what comes in one burst. */
const BACKLOG = 1_024

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  /** For STARTTLS, or for TLS at once when `implicitTls`. */
  readonly tls?: TlsServer | undefined
  readonly implicitTls?: boolean
  readonly maxConnections?: number | undefined
  readonly maxConnectionsPerAddress?: number | undefined
  /** Makes the machine and what answers it; `handle` is the connection's, to wake it. */
  readonly accept: (facts: ConnectionFacts, handle: ConnectionHandle) => Role
  /** A connection that came to nothing before there was a session (TLS handshake failed, too many). */
  readonly refused?: (remoteAddress: string, reason: string) => void
  /** Told when a connection is over. */
  readonly closed?: (facts: ConnectionFacts, error?: Error) => void
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
  readonly #byAddress = new Map<string, number>()
  #stopTicking: (() => void) | undefined
  #serial = 0
  #idle: (() => void) | undefined
  #draining = false

  constructor(options: ListenerOptions) {
    if (options.implicitTls && options.tls === undefined)
      throw new TypeError('implicit TLS needs a TlsServer')
    this.#options = options
    this.#server = createServer({ noDelay: true, allowHalfOpen: true, highWaterMark: 64 * 1024 }, (socket) =>
      this.#accept(socket),
    )
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS
    this.#server.on('drop', (dropped) =>
      options.refused?.(dropped?.remoteAddress ?? 'unknown', 'too many connections'),
    )
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#connections.size
  }

  /** The port in use, when `port` was 0. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Throws ListenError. */
  listen(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(new ListenError(host, port, error)))
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.removeAllListeners('error')
        this.#server.on('error', (error) => this.#options.refused?.('unknown', error.message))
        this.#tick()
        resolve()
      })
    })
  }

  /** Stops accepting, lets each session say goodbye, and cuts off whoever is left when the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true
    this.#server.close()
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
      const now = this.#options.clock.now()
      for (const connection of this.#connections) connection.checkDeadline(now)
      this.#tick()
    })
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress
    if (address === undefined) return void socket.destroy()
    if (!this.#admit(address)) {
      this.#options.refused?.(address, 'too many connections from one address')
      return void socket.destroy()
    }
    if (!this.#options.implicitTls) return this.#serve(socket, this.#facts(socket))
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy())
    this.#options.tls!.upgrade(socket).then(
      (secured) => this.#serve(secured, { ...this.#facts(socket), tls: tlsFactsOf(secured) }),
      (error: Error) => {
        this.#leave(address)
        this.#options.refused?.(address, error.message)
      },
    )
  }

  #serve(socket: Socket, facts: ConnectionFacts): void {
    if (this.#draining) {
      this.#leave(facts.remoteAddress)
      return void socket.destroy()
    }
    const handle = { wake: () => connection.wake() }
    const role = this.#options.accept(facts, handle)
    const connection: Connection = new Connection(socket, role, {
      clock: this.#options.clock,
      ...(this.#options.tls && { upgrade: this.#options.tls.upgrade }),
      closed: (error) => this.#closed(connection, facts, error),
    })
    this.#connections.add(connection)
    connection.start()
  }

  #closed(connection: Connection, facts: ConnectionFacts, error: Error | undefined): void {
    this.#connections.delete(connection)
    this.#leave(facts.remoteAddress)
    this.#options.closed?.(facts, error)
    if (this.#connections.size === 0) this.#idle?.()
  }

  #facts(socket: Socket): ConnectionFacts {
    return {
      id: `${this.port}-${(++this.#serial).toString(36)}`,
      remoteAddress: withoutMapping(socket.remoteAddress ?? 'unknown'),
      remotePort: socket.remotePort ?? 0,
      localAddress: withoutMapping(socket.localAddress ?? 'unknown'),
      localPort: socket.localPort ?? 0,
    }
  }

  #admit(rawAddress: string): boolean {
    const address = withoutMapping(rawAddress)
    const count = this.#byAddress.get(address) ?? 0
    const limit = this.#options.maxConnectionsPerAddress ?? MAX_CONNECTIONS_PER_ADDRESS
    if (count >= limit && !isLoopback(address)) return false
    this.#byAddress.set(address, count + 1)
    return true
  }

  #leave(rawAddress: string): void {
    const address = withoutMapping(rawAddress)
    const count = (this.#byAddress.get(address) ?? 1) - 1
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
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

/** `::ffff:192.0.2.1` is how a dual-stack socket shows an IPv4 peer (RFC 4291 §2.5.5.2). */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** Whether nobody else can be on the wire between us and the peer. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}
