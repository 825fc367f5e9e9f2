import type { Clock } from '@cartero/wire'

import type { DeliveryId, SpooledMessage } from '../ports.ts'
import type { DestinationName } from '../queue.ts'

/** A lease that this process holds. */
export interface OwnLease {
  readonly id: DeliveryId
  readonly destination: DestinationName
  /** The message has no other delivery. */
  readonly isOnly: boolean
  /** While it is not routed. */
  readonly message?: SpooledMessage
}

interface Term {
  readonly leases: Set<DeliveryId>
  cancel(): void
}

/**
 * What this process has leased, and until when: what it does not hold it cannot settle. Whether it still does is for Postgres to say.
 */
export class OwnLeases {
  readonly #clock: Clock
  readonly #lapsed: (ids: readonly DeliveryId[]) => void
  readonly #held = new Map<DeliveryId, { readonly lease: OwnLease; readonly term: Term }>()

  constructor(clock: Clock, lapsed: (ids: readonly DeliveryId[]) => void) {
    this.#clock = clock
    this.#lapsed = lapsed
  }

  get ids(): readonly DeliveryId[] {
    return [...this.#held.keys()]
  }

  add(leases: readonly OwnLease[], expiresIn: number): void {
    if (leases.length === 0) return
    const left = new Set(leases.map(({ id }) => id))
    const cancel = this.#clock.after(expiresIn, () => {
      const lapsed = [...left]
      for (const id of lapsed) this.end(id)
      this.#lapsed(lapsed)
    })
    const term = { leases: left, cancel }
    for (const lease of leases) this.#held.set(lease.id, { lease, term })
  }

  find(id: DeliveryId): OwnLease | undefined {
    return this.#held.get(id)?.lease
  }

  /** Undefined when it was not held. */
  end(id: DeliveryId): OwnLease | undefined {
    const held = this.#held.get(id)
    if (held === undefined) return undefined
    this.#held.delete(id)
    held.term.leases.delete(id)
    if (held.term.leases.size === 0) held.term.cancel()
    return held.lease
  }

  /** Those of a kind. */
  idsTo(destination: DestinationName): readonly DeliveryId[] {
    const found: DeliveryId[] = []
    for (const { lease } of this.#held.values()) if (lease.destination === destination) found.push(lease.id)
    return found
  }
}
