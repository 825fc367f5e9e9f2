import { peerNetwork } from '../peer-network.ts'
import { isLoopback } from './loopback.ts'

/**
 * Connections of one remote address (IPv6: of one /64) at a time, so that a single peer cannot take all of them. Loopback
 * is not counted.
 */
export const MAX_CONNECTIONS_PER_ADDRESS = 100

/** Counts the connections of each peer. */
export class Admission {
  readonly #limit: number
  readonly #counts = new Map<string, number>()

  constructor(limit: number = MAX_CONNECTIONS_PER_ADDRESS) {
    this.#limit = limit
  }

  /** False when the peer has all that it may have; otherwise `leave` is owed. */
  enter(address: string): boolean {
    const peer = peerNetwork(address)
    const count = this.#counts.get(peer) ?? 0
    if (count >= this.#limit && !isLoopback(address)) return false
    this.#counts.set(peer, count + 1)
    return true
  }

  leave(address: string): void {
    const peer = peerNetwork(address)
    const count = (this.#counts.get(peer) ?? 1) - 1
    if (count === 0) this.#counts.delete(peer)
    else this.#counts.set(peer, count)
  }
}
