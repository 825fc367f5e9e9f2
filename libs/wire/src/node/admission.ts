import { isLoopback } from './loopback.ts'

/** Connections of one remote address at a time, so that a single peer cannot take all of them. Loopback is not counted. */
export const MAX_CONNECTIONS_PER_ADDRESS = 100

/** Counts the connections of each address. */
export class Admission {
  readonly #limit: number
  readonly #counts = new Map<string, number>()

  constructor(limit: number = MAX_CONNECTIONS_PER_ADDRESS) {
    this.#limit = limit
  }

  /** False when the address has all that it may have; otherwise `leave` is owed. */
  enter(address: string): boolean {
    const count = this.#counts.get(address) ?? 0
    if (count >= this.#limit && !isLoopback(address)) return false
    this.#counts.set(address, count + 1)
    return true
  }

  leave(address: string): void {
    const count = (this.#counts.get(address) ?? 1) - 1
    if (count === 0) this.#counts.delete(address)
    else this.#counts.set(address, count)
  }
}
