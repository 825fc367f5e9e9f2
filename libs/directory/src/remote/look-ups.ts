import type { Resolution } from '@cartero/contracts/directory'

import { DirectoryError } from '../directory-error.ts'
import { REMOTE_DIRECTORY_LIMITS } from './limits.ts'

type Ask = (addresses: string[]) => Promise<readonly Resolution[]>

/** Look-ups of one turn of the event loop go together, each address once. */
export class LookUps {
  readonly #ask: Ask
  #waiting = new Map<string, PromiseWithResolvers<Resolution>>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async find(address: string): Promise<Resolution> {
    let waiting = this.#waiting.get(address)
    if (waiting === undefined) {
      if (this.#waiting.size === 0) setImmediate(() => this.#send())
      waiting = Promise.withResolvers()
      this.#waiting.set(address, waiting)
    }
    return await waiting.promise
  }

  #send(): void {
    const all = [...this.#waiting]
    this.#waiting = new Map()
    for (let at = 0; at < all.length; at += REMOTE_DIRECTORY_LIMITS.together)
      void answer(all.slice(at, at + REMOTE_DIRECTORY_LIMITS.together), this.#ask)
  }
}

async function answer(
  waiting: readonly (readonly [string, PromiseWithResolvers<Resolution>])[],
  ask: Ask,
): Promise<void> {
  try {
    const resolutions = await ask(waiting.map(([address]) => address))
    if (resolutions.length !== waiting.length)
      throw new DirectoryError('unavailable', 'the directory did not answer for each address')
    for (const [i, [, { resolve }]] of waiting.entries()) resolve(resolutions[i]!)
  } catch (error) {
    for (const [, { reject }] of waiting) reject(error)
  }
}
