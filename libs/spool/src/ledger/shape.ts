import { OTHER_DESTINATIONS, type DestinationName, type ShapeCell, type ShapeWish } from '../queue.ts'
import type { Entry } from './entry.ts'

/** In which deliveries are counted by when they were accepted. */
export const HOUR_MS = 3_600_000

/** An operator looks at those with the most mail; all of ten thousand would be a picture of half a million cells. */
export const SHAPED_DESTINATIONS = 100

/** Counts deliveries by what they have in common. */
export class ShapeCounter {
  readonly #cells = new Map<DestinationName, Map<string, ShapeCell>>()

  add(cell: ShapeCell): void {
    const { destination, state, hour, status } = cell
    let cells = this.#cells.get(destination)
    if (cells === undefined) this.#cells.set(destination, (cells = new Map()))
    const key = `${state} ${hour} ${status}`
    const known = cells.get(key)
    const deliveries = (known?.deliveries ?? 0) + cell.deliveries
    const octets = (known?.octets ?? 0) + cell.octets
    if (deliveries === 0) cells.delete(key)
    else cells.set(key, { destination, state, hour, status, deliveries, octets })
  }

  count({ message, listed }: Entry): void {
    const hour = Math.floor(message.acceptedAt / HOUR_MS)
    for (const { destination, state, status } of listed) {
      if (state === 'delivered' || state === 'removed') continue
      this.add({ destination, state, hour, status, deliveries: 1, octets: message.size })
    }
  }

  /** Of one destination; or of those with the most deliveries, and of all others together. */
  cells(wish: ShapeWish = {}): readonly ShapeCell[] {
    const { destination, destinations = SHAPED_DESTINATIONS } = wish
    if (destination !== undefined) return [...(this.#cells.get(destination)?.values() ?? [])]
    const bySize = [...this.#cells.keys()]
      .filter((name) => name !== OTHER_DESTINATIONS)
      .map((name) => ({ name, size: this.#sizeOf(name) }))
      .toSorted((a, b) => b.size - a.size)
    for (const { name } of bySize.slice(destinations)) this.#lump(name)
    return [...this.#cells.values()].flatMap((cells) => [...cells.values()])
  }

  /** These are among the others together already: they are counted by themselves. */
  separate(cells: Iterable<ShapeCell>): void {
    for (const cell of cells) {
      const { deliveries, octets } = cell
      this.add({ ...cell, destination: OTHER_DESTINATIONS, deliveries: -deliveries, octets: -octets })
      this.add(cell)
    }
  }

  #sizeOf(name: DestinationName): number {
    let size = 0
    for (const { deliveries } of this.#cells.get(name)?.values() ?? []) size += deliveries
    return size
  }

  #lump(name: DestinationName): void {
    const cells = this.#cells.get(name)?.values() ?? []
    this.#cells.delete(name)
    for (const cell of cells) this.add({ ...cell, destination: OTHER_DESTINATIONS })
  }
}
