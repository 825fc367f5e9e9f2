import { connect, isIPv6, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { TlsFacts } from '../facts.ts'
import type { Role } from '../machine.ts'
import { Connection, TICK_MS } from './connection.ts'
import { DialError } from './dial-error.ts'
import type { Secured } from './handshake.ts'
import { secureClient, type TlsClientOptions } from './tls-client.ts'

/** How long a connection may take to be there: a few tries of TCP. A host that needs longer is tried again later. */
export const CONNECT_LIMIT_MS = 30_000

export interface DialOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly role: Role | ((connected: Connected) => Role)
  /** For STARTTLS, and for TLS at once when `implicitTls`. */
  readonly tls?: TlsClientOptions
  readonly implicitTls?: boolean
  /** Of our addresses, the one to call from. */
  readonly localAddress?: string
  /** Milliseconds; CONNECT_LIMIT_MS when absent. */
  readonly connectLimit?: number
  /** Gives up connecting, and cuts the connection off later. */
  readonly signal: AbortSignal
}

/** What is known of a connection before the first word. */
export interface Connected {
  readonly remoteAddress: string
  readonly localAddress: string
  /** Present when TLS came first. */
  readonly tls?: TlsFacts
}

/**
 * Connects and drives the client's role until the connection is over. Throws DialError when there was no connection.
 * Returns what ended it if that was not the protocol: a reset, or a DialError when TLS that was asked for did not come
 * about; then nothing more was said.
 */
export async function dial(options: DialOptions): Promise<Error | undefined> {
  const { host, clock, signal } = options
  if (signal.aborted) throw gaveUp()
  const upgrade = (socket: Socket): Promise<Secured> => secureClient(socket, host, options.tls ?? {}, clock)
  const { socket, facts } = await connected(options, upgrade)
  const role = typeof options.role === 'function' ? options.role(connectedFacts(socket, facts)) : options.role
  return new Promise((resolve) => {
    const connection = new Connection(socket, role, { clock, upgrade, closed: finish })
    let stopTicking = tick()
    function tick(): () => void {
      return clock.after(TICK_MS, () => {
        connection.checkDeadline(clock.now())
        stopTicking = tick()
      })
    }
    const cut = (): void => connection.destroy()
    function finish(error?: Error): void {
      stopTicking()
      signal.removeEventListener('abort', cut)
      resolve(error)
    }
    signal.addEventListener('abort', cut, { once: true })
    // It may have aborted while the promise of the socket was on its way.
    if (signal.aborted) cut()
    else connection.start()
  })
}

interface Open {
  readonly socket: Socket
  readonly facts?: TlsFacts
}

/** A socket that bytes may go over: after the handshake, when TLS comes first. */
async function connected(options: DialOptions, upgrade: (socket: Socket) => Promise<Secured>): Promise<Open> {
  const { signal } = options
  const plain = connect({
    host: options.host,
    port: options.port,
    noDelay: true,
    ...(options.localAddress !== undefined && {
      localAddress: options.localAddress,
      family: isIPv6(options.localAddress) ? 6 : 4,
    }),
  })
  const giveUp = (): void => void plain.destroy(gaveUp())
  signal.addEventListener('abort', giveUp, { once: true })
  // Without a listener a reset during the handshake would end the process.
  plain.on('error', () => plain.destroy())
  try {
    await established(plain, options)
    return options.implicitTls ? await upgrade(plain) : { socket: plain }
  } catch (error) {
    throw signal.aborted ? gaveUp() : error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

function established(
  socket: Socket,
  { host, port, clock, connectLimit = CONNECT_LIMIT_MS }: DialOptions,
): Promise<void> {
  const failed = (code: string, reason: string, options?: ErrorOptions): DialError =>
    new DialError('connect', code, `cannot connect to ${host} port ${port}: ${reason}`, options)
  return new Promise<void>((resolve, reject) => {
    const stopWaiting = clock.after(connectLimit, () =>
      socket.destroy(failed('ETIMEDOUT', 'it took too long')),
    )
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      stopWaiting()
      reject(cause instanceof DialError ? cause : failed(cause.code ?? 'unknown', cause.message, { cause }))
    })
    socket.once('connect', () => {
      stopWaiting()
      resolve()
    })
  })
}

function connectedFacts(socket: Socket, tls: TlsFacts | undefined): Connected {
  return {
    remoteAddress: socket.remoteAddress ?? 'unknown',
    localAddress: socket.localAddress ?? 'unknown',
    ...(tls && { tls }),
  }
}

function gaveUp(): DialError {
  return new DialError('connect', 'ABORT_ERR', 'gave up connecting')
}
