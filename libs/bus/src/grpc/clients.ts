import { connectivityState, type Client } from '@grpc/grpc-js'
import type { Clock } from '@cartero/wire'

import { RPC_LIMITS } from './limits.ts'

export interface ClientsOptions {
  readonly open: () => Client
  readonly clock: Clock
  /** Milliseconds. */
  readonly renewal: number
}

/** For one call: disposed of when it has ended. */
export interface LentClient extends Disposable {
  readonly client: Client
}

/**
 * gRPC's clients of one address. Each asks for the addresses of its name at its beginning and never again while all goes well: calls
 * therefore begin with a fresh one now and then. The one before goes on until its last call has ended. (An end that a server makes of
 * connections by their age cuts streams: whoever has said that a connection ends is refused his next keep-alive.)
 */
export class Clients {
  readonly #options: ClientsOptions
  #current: Lender
  /** Takes the place of the current one as soon as it has reached somebody. */
  #fresh: Client | undefined
  #renewed: number
  #isClosed = false

  constructor(options: ClientsOptions) {
    this.#options = options
    this.#current = new Lender(options.open())
    this.#renewed = options.clock.elapsed()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  lend(): LentClient {
    const { clock, renewal } = this.#options
    if (!this.#isClosed && this.#fresh === undefined && clock.elapsed() - this.#renewed >= renewal)
      this.#renew()
    return this.#current.lend()
  }

  /** Lets go of each as soon as its last call has ended. */
  close(): void {
    this.#isClosed = true
    this.#fresh?.close()
    this.#current.retire()
  }

  #renew(): void {
    const fresh = this.#options.open()
    this.#fresh = fresh
    const channel = fresh.getChannel()
    const deadline = Date.now() + RPC_LIMITS.fresh
    const look = (late?: Error): void => {
      if (this.#isClosed) return
      // Names that nobody resolves now, or servers that are all away: what there is goes on.
      if (late !== undefined) return this.#tried(fresh, false)
      const state = channel.getConnectivityState(true)
      if (state === connectivityState.READY) return this.#tried(fresh, true)
      channel.watchConnectivityState(state, deadline, look)
    }
    look()
  }

  #tried(fresh: Client, hasReached: boolean): void {
    this.#fresh = undefined
    this.#renewed = this.#options.clock.elapsed()
    if (!hasReached) return fresh.close()
    this.#current.retire()
    this.#current = new Lender(fresh)
  }
}

/** One client, which is closed when it is not wanted for new calls and its last one has ended. */
class Lender {
  readonly #client: Client
  #calls = 0
  #isRetired = false

  constructor(client: Client) {
    this.#client = client
  }

  lend(): LentClient {
    this.#calls += 1
    return { client: this.#client, [Symbol.dispose]: () => this.#ended() }
  }

  retire(): void {
    this.#isRetired = true
    if (this.#calls === 0) this.#client.close()
  }

  #ended(): void {
    this.#calls -= 1
    if (this.#isRetired && this.#calls === 0) this.#client.close()
  }
}
