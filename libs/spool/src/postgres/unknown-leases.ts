import { statement } from '@cartero/sql/postgres'

import type { DeliveryId, QueueId } from '../ports.ts'
import type { SpoolParts } from './parts.ts'
import { idOf } from './taking.ts'

/** What waits for its time is deferred, which local mail seldom is: nearly all of what is found is leased. */
const OURS = statement(`
  SELECT queue_id, number FROM delivery
  WHERE destination IN ('', 'local') AND urgency IN (SELECT generate_series(-9, 9)::smallint) AND due > $1::bigint
    AND state = 'leased' AND holder = $2`)

/**
 * Leases that this process has in Postgres and knows nothing of. A server that crashes forgets what it had not synced: what was routed or
 * settled is leased as before then, by somebody who is done with it.
 */
export class UnknownLeases {
  readonly #parts: SpoolParts
  readonly #isKnown: (id: DeliveryId) => boolean
  #before: ReadonlySet<DeliveryId> = new Set()

  constructor(parts: SpoolParts, isKnown: (id: DeliveryId) => boolean) {
    this.#parts = parts
    this.#isKnown = isKnown
  }

  /** Those that were unknown the last time, too: what was just being written then is known now, or gone. */
  async find(): Promise<readonly DeliveryId[]> {
    const { database, clock, holder } = this.#parts
    const rows = await database.rows<{ readonly queue_id: QueueId; readonly number: number }>(OURS, [
      clock.now(),
      holder,
    ])
    const unknown = rows.map(idOf).filter((id) => !this.#isKnown(id))
    const found = unknown.filter((id) => this.#before.has(id))
    this.#before = new Set(unknown)
    return found
  }
}
