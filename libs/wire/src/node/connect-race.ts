import { connect, isIPv6, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { DialError, tellingCode, type FailedAttempt } from './dial-error.ts'

/** How long a connection may take to be there: a few tries of TCP. A host that needs longer is tried again later. */
export const CONNECT_LIMIT_MS = 30_000

/** How long an address has for itself before the next is tried beside it. */
// RFC 8305 §5
export const ATTEMPT_DELAY_MS = 250

/** Addresses of one host that are tried; what stands behind them is left. Nobody is made to connect to a whole network. */
export const MAX_ADDRESSES = 16

export interface RaceOptions {
  /** A name, which the system looks up, or an address; only for messages when there are `addresses`. */
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly addresses?: readonly string[]
  readonly localAddress?: string
  readonly localAddresses?: readonly string[]
  readonly connectLimit?: number
  readonly signal: AbortSignal
}

/** The first socket that is connected, of all addresses in their order. Throws DialError; no socket is left then. */
export function connectFirst(options: RaceOptions): Promise<Socket> {
  return new ConnectRace(options).run()
}

/** The caller left. */
export function gaveUp(): DialError {
  return new DialError('connect', 'ABORT_ERR', 'gave up connecting')
}

/** Attempts to connect, one beginning after the other; what connects first ends all others. */
class ConnectRace {
  readonly #options: RaceOptions
  readonly #waiting: string[]
  readonly #running = new Map<Socket, string>()
  readonly #failed: (FailedAttempt & { readonly reason: string; readonly cause?: Error })[] = []
  readonly #outcome = Promise.withResolvers<Socket>()
  #stopDelay = (): void => {}

  constructor(options: RaceOptions) {
    this.#options = options
    this.#waiting = [...(options.addresses ?? [options.host])].slice(0, MAX_ADDRESSES)
  }

  async run(): Promise<Socket> {
    const { clock, connectLimit = CONNECT_LIMIT_MS, signal } = this.#options
    if (signal.aborted) throw gaveUp()
    const leave = (): void => this.#outcome.reject(gaveUp())
    signal.addEventListener('abort', leave, { once: true })
    const stopWaiting = clock.after(connectLimit, () => this.#late())
    try {
      this.#next()
      return await this.#outcome.promise
    } finally {
      signal.removeEventListener('abort', leave)
      stopWaiting()
      this.#end()
    }
  }

  #next(): void {
    this.#stopDelay()
    const address = this.#waiting.shift()
    if (address !== undefined) this.#attempt(address)
    else if (this.#running.size === 0) this.#lost()
  }

  #attempt(address: string): void {
    const { clock } = this.#options
    const socket = this.#begin(address)
    if (socket === undefined) return
    this.#running.set(socket, address)
    socket.once('connect', () => this.#won(socket))
    // What a socket has to say later ends it, and is news to who has it then. Without a listener it would end the process.
    socket.on('error', (cause: NodeJS.ErrnoException) => this.#fail(socket, cause))
    if (this.#waiting.length > 0) this.#stopDelay = clock.after(ATTEMPT_DELAY_MS, () => this.#next())
  }

  /** An address of ours that is none is the caller's mistake, whichever of the attempts finds it. */
  #begin(address: string): Socket | undefined {
    try {
      return connect({ host: address, port: this.#options.port, noDelay: true, ...this.#from(address) })
    } catch (error) {
      this.#outcome.reject(error)
      return undefined
    }
  }

  /** Of our addresses the one of the same family; the system's choice when we have none there. */
  #from(address: string): { localAddress?: string; family?: number } {
    const { localAddress, localAddresses = [] } = this.#options
    if (localAddress !== undefined) return { localAddress, family: isIPv6(localAddress) ? 6 : 4 }
    const own = localAddresses.find((one) => isIPv6(one) === isIPv6(address))
    return own === undefined ? {} : { localAddress: own }
  }

  #won(socket: Socket): void {
    this.#running.delete(socket)
    this.#end()
    this.#outcome.resolve(socket)
  }

  #fail(socket: Socket, cause: NodeJS.ErrnoException): void {
    const address = this.#running.get(socket)
    if (address === undefined) return
    this.#running.delete(socket)
    this.#failed.push({ address, code: cause.code ?? 'unknown', reason: cause.message, cause })
    this.#next()
  }

  #late(): void {
    for (const address of this.#running.values()) {
      this.#failed.push({ address, code: 'ETIMEDOUT', reason: 'it took too long' })
    }
    this.#lost()
  }

  #lost(): void {
    const { host, port, addresses } = this.#options
    const attempts = this.#failed.map(({ address, code }) => ({ address, code }))
    const reason =
      addresses === undefined
        ? this.#failed[0]?.reason
        : this.#failed.map((one) => `${one.address}: ${one.reason}`).join('; ')
    const cause = this.#failed.find((one) => one.cause !== undefined)?.cause
    this.#outcome.reject(
      new DialError(
        'connect',
        tellingCode(attempts),
        `cannot connect to ${host} port ${port}: ${reason || 'it has no address'}`,
        { attempts, ...(cause && { cause }) },
      ),
    )
  }

  /** Who is still on the way is not waited for. */
  #end(): void {
    this.#stopDelay()
    this.#waiting.length = 0
    const late = [...this.#running.keys()]
    this.#running.clear()
    for (const socket of late) socket.destroy()
  }
}
