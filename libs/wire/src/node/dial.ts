import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import type { Role } from '../machine.ts'
import { Connection } from './connection.ts'
import { handshake } from './tls-upgrade.ts'

export interface DialOptions {
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly role: Role
  /** For STARTTLS, and for TLS at once when `implicitTls`. */
  readonly tls?: TlsOptions
  readonly implicitTls?: boolean
  /** Gives up connecting, and cuts the connection off later. */
  readonly signal: AbortSignal
}

/** Connects and drives the client's role until the connection is over. Rejects only when there was no connection. */
export async function dial(options: DialOptions): Promise<void> {
  options.signal.throwIfAborted()
  const plain = await connected(
    connect({ host: options.host, port: options.port, noDelay: true }),
    options.signal,
  )
  const upgrade = (socket: Socket): Promise<TLSSocket> =>
    handshake(connectTls({ ...options.tls, socket }), 'secureConnect')
  const socket = options.implicitTls ? await upgrade(plain) : plain
  await new Promise<void>((resolve) => {
    const connection = new Connection(socket, options.role, { clock: options.clock, upgrade, closed: finish })
    let stopTicking = tick()
    function tick(): () => void {
      return options.clock.after(1_000, () => {
        connection.checkDeadline(options.clock.now())
        stopTicking = tick()
      })
    }
    const cut = (): void => connection.destroy()
    function finish(): void {
      stopTicking()
      options.signal.removeEventListener('abort', cut)
      resolve()
    }
    options.signal.addEventListener('abort', cut, { once: true })
    connection.start()
  })
}

function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const give = (): void => void socket.destroy(new Error('gave up connecting'))
    signal.addEventListener('abort', give, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      signal.removeEventListener('abort', give)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
