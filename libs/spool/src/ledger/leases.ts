import type { Clock } from '@cartero/wire'

import type { DeliveryId } from '../ports.ts'
import type { LeaseTerms } from '../queue.ts'
import type { Item } from './item.ts'

/** Leases that were given together, and end together. */
interface Term {
  readonly owner: string
  readonly items: Set<Item>
  cancel(): void
}

/**
 * Who works on what, and until when. The end of a lease is counted in time that passes, not by what the clock shows: a clock
 * that is set does not take anything out of anybody's hands.
 */
export class Leases {
  readonly #clock: Clock
  readonly #lapsed: (items: readonly Item[]) => void
  readonly #held = new Map<DeliveryId, { readonly item: Item; readonly term?: Term }>()

  constructor(clock: Clock, lapsed: (items: readonly Item[]) => void) {
    this.#clock = clock
    this.#lapsed = lapsed
  }

  /** Without terms, until they are given back. */
  give(items: readonly Item[], terms?: LeaseTerms): void {
    if (items.length === 0) return
    const term = terms && this.#begin(items, terms)
    for (const item of items) {
      item.state = 'leased'
      this.#held.set(item.id, { item, ...(term && { term }) })
    }
  }

  find(id: DeliveryId): Item | undefined {
    return this.#held.get(id)?.item
  }

  /** Whoever has leased it. */
  ownerOf(id: DeliveryId): string | undefined {
    return this.#held.get(id)?.term?.owner
  }

  end({ id }: Item): void {
    const lease = this.#held.get(id)
    if (lease === undefined) return
    this.#held.delete(id)
    lease.term?.items.delete(lease.item)
    if (lease.term?.items.size === 0) lease.term.cancel()
  }

  get ids(): readonly DeliveryId[] {
    return [...this.#held.keys()]
  }

  #begin(items: readonly Item[], { owner, expiresIn }: LeaseTerms): Term {
    const left = new Set(items)
    const cancel = this.#clock.after(expiresIn, () => {
      const lapsed = [...left]
      for (const item of lapsed) this.end(item)
      this.#lapsed(lapsed)
    })
    return { owner, items: left, cancel }
  }
}
