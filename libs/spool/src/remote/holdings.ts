import type { DeliveryId } from '../ports.ts'
import type { LeaseStream } from './lease-stream.ts'
import { REMOTE_SPOOL_LIMITS } from './limits.ts'

/** Who has leased what, and whose leases were lost. */
export class Holdings {
  readonly #streams = new Map<DeliveryId, LeaseStream>()
  readonly #lost = new Set<DeliveryId>()

  add(ids: readonly DeliveryId[], stream: LeaseStream): void {
    for (const id of ids) {
      this.#streams.set(id, stream)
      this.#lost.delete(id)
    }
  }

  /** The stream is over: whoever still has something of it is told when he says what became of it. */
  lose(stream: LeaseStream): void {
    for (const id of stream.held) {
      if (this.#streams.get(id) !== stream) continue
      this.#streams.delete(id)
      if (this.#lost.size < REMOTE_SPOOL_LIMITS.lost) this.#lost.add(id)
    }
  }

  /** These are not held any more: what of them is whose, and whether some were lost. What nobody knows is left out. */
  release<T>(
    items: readonly T[],
    idOf: (item: T) => DeliveryId,
  ): { readonly byStream: ReadonlyMap<LeaseStream, readonly T[]>; readonly lost: number } {
    const byStream = new Map<LeaseStream, T[]>()
    let lost = 0
    for (const item of items) {
      const id = idOf(item)
      const stream = this.#streams.get(id)
      if (this.#lost.delete(id)) lost += 1
      if (stream === undefined) continue
      this.#streams.delete(id)
      const same = byStream.get(stream)
      if (same === undefined) byStream.set(stream, [item])
      else same.push(item)
    }
    return { byStream, lost }
  }
}
