import type { Database } from '@cartero/sql/procedures'

import { WAITING } from '../ledger/uncollected.ts'
import { nextHopOf, type UncollectedMail } from '../queue.ts'

const OLDEST_IN = (state: string): string =>
  `SELECT min(hour) AS hour FROM shape WHERE shape.destination = uncollected.destination AND state = '${state}'`

export function prepareUncollected(database: Database) {
  const counted = database.prepare(`
    SELECT destination, deliveries, octets,
      (SELECT min(hour) FROM (${[...WAITING].map(OLDEST_IN).join(' UNION ALL ')})) AS oldestHour
    FROM uncollected`)
  return {
    /** From the counters: a row for each domain, and a place in the index of hours for each state. */
    uncollected(): readonly UncollectedMail[] {
      const mail: UncollectedMail[] = []
      for (const { destination, ...counts } of counted.iterate()) {
        const nextHop = nextHopOf(destination as string)
        if (nextHop.kind === 'odmr')
          mail.push({ domain: nextHop.domain, ...(counts as Omit<UncollectedMail, 'domain'>) })
      }
      return mail
    },
  }
}
