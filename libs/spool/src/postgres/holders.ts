import { statement } from '@cartero/sql/postgres'

import { takeBackFrom } from './opening.ts'
import type { SpoolParts } from './parts.ts'

/** Milliseconds. */
export const HOLDER_LIMITS = {
  /** Who was not seen for so long is gone: twelve looks. A database that is restarted is back within that. */
  lostAfter: 60_000,
} as const

const SEEN = statement(
  'INSERT INTO holder (name, seen_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at',
)
const LOST = statement('SELECT name FROM holder WHERE seen_at < $1')
const FORGET = statement('DELETE FROM holder WHERE name = $1 AND seen_at < $2')
const LEAVE = statement('DELETE FROM holder WHERE name = $1')

/**
 * Who is there to hold leases. A process that died does not come again under its name when its machine is another one; what it held is
 * given back by those who are there, long before its leases end.
 */
export class Holders {
  readonly #parts: SpoolParts
  /** Since when this process was there itself without a gap, by `Clock.elapsed`; until then it judges nobody. */
  #since: number | undefined
  #last = 0

  constructor(parts: SpoolParts) {
    this.#parts = parts
  }

  /** Shows that this process is there, and gives back what others held that are not. */
  async look(): Promise<void> {
    const { clock, database, holder } = this.#parts
    await database.run(SEEN, [holder, clock.now()])
    const now = clock.elapsed()
    // Whoever could not be seen himself for a while cannot say it of others: the database was away for all.
    if (this.#since === undefined || now - this.#last > HOLDER_LIMITS.lostAfter / 2) this.#since = now
    this.#last = now
    if (now - this.#since < HOLDER_LIMITS.lostAfter) return
    await this.#giveBackOfLost(clock.now() - HOLDER_LIMITS.lostAfter)
  }

  async leave(): Promise<void> {
    await this.#parts.database.run(LEAVE, [this.#parts.holder])
  }

  async #giveBackOfLost(before: number): Promise<void> {
    const { database } = this.#parts
    for (const { name } of await database.rows<{ name: string }>(LOST, [before])) {
      await takeBackFrom(database, { holder: name })
      await database.run(FORGET, [name, before])
    }
  }
}
