import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { TlsFacts } from '../facts.ts'
import type { Role } from '../machine.ts'
import { connectFirst, gaveUp } from './connect-race.ts'
import { Connection, TICK_MS } from './connection.ts'
import type { Secured } from './handshake.ts'
import { secureClient, type TlsClientOptions } from './tls-client.ts'

export interface DialOptions {
  /** The name or address to call, and the name to find in its certificate unless `tls` has another. */
  readonly host: string
  /**
   * Where the host is, in the order in which its addresses are to be tried: the next is tried beside those before it when
   * they take longer than ATTEMPT_DELAY_MS, and what connects first is used. Absent: where the system finds the host.
   */
  // RFC 8305 §5
  readonly addresses?: readonly string[]
  readonly port: number
  readonly clock: Clock
  readonly role: Role | ((connected: Connected) => Role)
  /** For STARTTLS, and for TLS at once when `implicitTls`. */
  readonly tls?: TlsClientOptions
  readonly implicitTls?: boolean
  /** Of our addresses, the one to call from. */
  readonly localAddress?: string
  /** The same for each family: the first that is of the family of the address called. */
  readonly localAddresses?: readonly string[]
  /** For all addresses together. Milliseconds; CONNECT_LIMIT_MS when absent. */
  readonly connectLimit?: number
  /** Gives up connecting, and cuts the connection off later. */
  readonly signal: AbortSignal
  /** Asks the machine to say goodbye where nothing is lost, once there is a connection. */
  readonly leave?: AbortSignal
}

/** What is known of a connection before the first word. */
export interface Connected {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly localPort: number
  /** Present when TLS came first. */
  readonly tls?: TlsFacts
}

/**
 * Connects and drives the client's role until the connection is over. Throws DialError when there was no connection.
 * Returns what ended it if that was not the protocol: a reset, or a DialError when TLS that was asked for did not come
 * about; then nothing more was said.
 */
export async function dial(options: DialOptions): Promise<Error | undefined> {
  const { host, clock, signal, leave } = options
  if (signal.aborted) throw gaveUp()
  const upgrade = (socket: Socket): Promise<Secured> => secureClient(socket, host, options.tls ?? {}, clock)
  const { socket, facts } = await connected(options, upgrade)
  const role = typeof options.role === 'function' ? options.role(connectedFacts(socket, facts)) : options.role
  return new Promise((resolve) => {
    const connection = new Connection(socket, role, { clock, upgrade, closed: finish })
    let stopTicking = tick()
    function tick(): () => void {
      return clock.after(TICK_MS, () => {
        connection.checkDeadline(clock.elapsed())
        stopTicking = tick()
      })
    }
    const cut = (): void => connection.destroy()
    const drain = (): void => connection.drain()
    function finish(error?: Error): void {
      stopTicking()
      signal.removeEventListener('abort', cut)
      leave?.removeEventListener('abort', drain)
      resolve(error)
    }
    signal.addEventListener('abort', cut, { once: true })
    leave?.addEventListener('abort', drain, { once: true })
    // They may have aborted while the promise of the socket was on its way.
    if (signal.aborted) return cut()
    connection.start()
    if (leave?.aborted === true) drain()
  })
}

interface Open {
  readonly socket: Socket
  readonly facts?: TlsFacts
}

/** A socket that bytes may go over: after the handshake, when TLS comes first. */
async function connected(options: DialOptions, upgrade: (socket: Socket) => Promise<Secured>): Promise<Open> {
  const { signal } = options
  const plain = await connectFirst(options)
  const giveUp = (): void => void plain.destroy(gaveUp())
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    if (signal.aborted) giveUp()
    return options.implicitTls ? await upgrade(plain) : { socket: plain }
  } catch (error) {
    throw signal.aborted ? gaveUp() : error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function connectedFacts(socket: Socket, tls: TlsFacts | undefined): Connected {
  return {
    remoteAddress: socket.remoteAddress ?? 'unknown',
    localAddress: socket.localAddress ?? 'unknown',
    localPort: socket.localPort ?? 0,
    ...(tls && { tls }),
  }
}
