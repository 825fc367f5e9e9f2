import type { CollectionRoom } from '@cartero/spool/dispatch'
import type { MaybePromise } from '@cartero/wire'

import { Customers, type CustomersDependencies } from './customers.ts'

/**
 * Whether the quota of a domain allows more. It is looked at before a message is taken, so that the last one may pass it. When
 * nothing can be counted there is room: it is the spool's affair to be full.
 */
export class QuotaRoom implements CollectionRoom {
  readonly #customers: Customers
  readonly #failed: (error: unknown) => void

  constructor(customers: Customers, failed: (error: unknown) => void) {
    this.#customers = customers
    this.#failed = failed
  }

  hasRoom(domain: string): MaybePromise<boolean> {
    return this.#customers.isFresh ? this.#answer(domain) : this.#ask(domain)
  }

  async #ask(domain: string): Promise<boolean> {
    try {
      await this.#customers.refresh()
    } catch (error) {
      this.#failed(error)
    }
    return this.#answer(domain)
  }

  #answer(domain: string): boolean {
    return (this.#customers.waitingFor(domain)?.octets ?? 0) < this.#customers.termsOf(domain).quota
  }
}

export interface CollectionRoomDependencies extends CustomersDependencies {
  /** It could not be counted; there is room meanwhile. */
  readonly failed: (error: unknown) => void
}

/** For doors in a process of their own, which ask the spool's owner what waits. */
export function collectionRoom({ failed, ...dependencies }: CollectionRoomDependencies): CollectionRoom {
  return new QuotaRoom(new Customers(dependencies), failed)
}
