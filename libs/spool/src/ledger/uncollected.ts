import { nextHopOf, type UncollectedMail } from '../queue.ts'
import type { DeliveryState } from '../ports.ts'
import type { Entry } from './entry.ts'
import { HOUR_MS } from './shape.ts'

/** In these states a delivery waits for its customer. */
export const WAITING: ReadonlySet<DeliveryState> = new Set(['ready', 'leased', 'deferred', 'held'])

/** Counts what customers have not come for. */
export class UncollectedCounter {
  readonly #domains = new Map<string, UncollectedMail>()

  get domains(): readonly UncollectedMail[] {
    return [...this.#domains.values()].toSorted((a, b) => (a.domain < b.domain ? -1 : 1))
  }

  add(mail: UncollectedMail): void {
    const { domain } = mail
    const known = this.#domains.get(domain)
    this.#domains.set(domain, {
      domain,
      deliveries: (known?.deliveries ?? 0) + mail.deliveries,
      octets: (known?.octets ?? 0) + mail.octets,
      oldestHour: Math.min(known?.oldestHour ?? Infinity, mail.oldestHour),
    })
  }

  count({ message, items = [] }: Entry): void {
    const oldestHour = Math.floor(message.acceptedAt / HOUR_MS)
    for (const { destination, state } of items) {
      const nextHop = nextHopOf(destination)
      if (nextHop.kind !== 'odmr' || !WAITING.has(state)) continue
      this.add({ domain: nextHop.domain, deliveries: 1, octets: message.size, oldestHour })
    }
  }
}
