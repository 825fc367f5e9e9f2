import type { ShapeCell } from '../queue.ts'
import type { Entry } from './entry.ts'

const HOUR_MS = 3_600_000

/** Counts deliveries by what they have in common. */
export class ShapeCounter {
  readonly #cells = new Map<string, ShapeCell>()

  add(cell: ShapeCell): void {
    const { destination, state, hour, status } = cell
    const key = `${state} ${hour} ${status} ${destination}`
    const known = this.#cells.get(key)
    if (known === undefined) this.#cells.set(key, cell)
    else {
      const deliveries = known.deliveries + cell.deliveries
      this.#cells.set(key, { ...known, deliveries, octets: known.octets + cell.octets })
    }
  }

  count({ message, listed }: Entry): void {
    const hour = Math.floor(message.acceptedAt / HOUR_MS)
    for (const { destination, state, status } of listed) {
      if (state === 'delivered' || state === 'removed') continue
      this.add({ destination, state, hour, status, deliveries: 1, octets: message.size })
    }
  }

  get cells(): readonly ShapeCell[] {
    return [...this.#cells.values()]
  }
}
