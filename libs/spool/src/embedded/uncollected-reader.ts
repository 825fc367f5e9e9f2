import type { Database } from '@cartero/sql/procedures'

import { WAITING } from '../ledger/uncollected.ts'
import { nextHopOf, type UncollectedMail } from '../queue.ts'

export function prepareUncollected(database: Database) {
  const counted = database.prepare('SELECT destination, deliveries, octets FROM uncollected')
  const oldest = database.prepare('SELECT min(hour) AS hour FROM shape WHERE destination = ? AND state = ?')
  const oldestHourOf = (destination: string): number =>
    Math.min(
      ...[...WAITING].map((state) => (oldest.get(destination, state)?.['hour'] as number | null) ?? Infinity),
    )
  return {
    /** From the counters: a row for each domain, and a place in the index of hours for each state. */
    uncollected(): readonly UncollectedMail[] {
      return counted.all().flatMap(({ destination, deliveries, octets }) => {
        const name = destination as string
        const nextHop = nextHopOf(name)
        if (nextHop.kind !== 'odmr') return []
        const { domain } = nextHop
        const oldestHour = oldestHourOf(name)
        return { domain, deliveries: Number(deliveries), octets: Number(octets), oldestHour }
      })
    },
  }
}
