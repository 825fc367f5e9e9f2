import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import type { Role } from '../machine.ts'
import { Connection, TICK_MS } from './connection.ts'
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
  const upgrade = (socket: Socket): Promise<TLSSocket> =>
    handshake(connectTls({ ...options.tls, socket }), 'secureConnect')
  const socket = await connected(options, upgrade)
  await new Promise<void>((resolve) => {
    const connection = new Connection(socket, options.role, { clock: options.clock, upgrade, closed: finish })
    let stopTicking = tick()
    function tick(): () => void {
      return options.clock.after(TICK_MS, () => {
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
    // It may have aborted while the promise of the socket was on its way.
    if (options.signal.aborted) cut()
    else connection.start()
  })
}

/** A socket that bytes may go over: after the handshake, when TLS comes first. */
async function connected(
  { host, port, implicitTls, signal }: DialOptions,
  upgrade: (socket: Socket) => Promise<TLSSocket>,
): Promise<Socket> {
  const plain = connect({ host, port, noDelay: true })
  const giveUp = (): void => void plain.destroy(new Error('gave up connecting'))
  signal.addEventListener('abort', giveUp, { once: true })
  // Without a listener a reset during the handshake would end the process.
  plain.on('error', () => plain.destroy())
  try {
    await once(plain, 'connect')
    return implicitTls ? await upgrade(plain) : plain
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
