import { statement } from '@cartero/sql/postgres'

import { takeBackFrom } from './opening.ts'
import type { SpoolParts } from './parts.ts'

/** Milliseconds. */
export const HOLDER_LIMITS = {
  /** Who was not seen for so long is gone: twelve looks. A database that is restarted is back within that. */
  lostAfter: 60_000,
} as const

const SHOW = statement(
  'INSERT INTO holder (name, looks) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET looks = holder.looks + 1',
)
const OTHERS = statement('SELECT name, looks FROM holder WHERE name <> $1')
const FORGET = statement('DELETE FROM holder WHERE name = $1')

/** What was seen of another process: how often it had looked, and since when it has not looked again. */
interface Sight {
  readonly looks: number
  /** By our own `Clock.elapsed`: clocks of machines differ. */
  readonly since: number
}

/**
 * Who is there to hold leases. A process that died does not come again under its name when its machine is another one; what it held is
 * given back by those who are there, long before its leases end.
 */
export class Holders {
  readonly #parts: SpoolParts
  #sights = new Map<string, Sight>()
  #last = 0

  constructor(parts: SpoolParts) {
    this.#parts = parts
  }

  /** Shows that this process is there, and gives back what others held that are not. */
  async look(): Promise<void> {
    const { clock, database, holder } = this.#parts
    await database.run(SHOW, [holder])
    const others = await database.rows<{ name: string; looks: number }>(OTHERS, [holder])
    const now = clock.elapsed()
    // Whoever could not look for a while knows nothing of others: the database was away for all.
    if (now - this.#last > HOLDER_LIMITS.lostAfter / 2) this.#sights.clear()
    this.#last = now
    this.#sights = new Map(others.map(({ name, looks }) => [name, this.#sight(name, looks, now)]))
    for (const [name, { since }] of this.#sights) {
      if (now - since >= HOLDER_LIMITS.lostAfter) await this.#giveBack(name)
    }
  }

  async leave(): Promise<void> {
    await this.#parts.database.run(FORGET, [this.#parts.holder])
  }

  #sight(name: string, looks: number, now: number): Sight {
    const before = this.#sights.get(name)
    return before?.looks === looks ? before : { looks, since: now }
  }

  async #giveBack(name: string): Promise<void> {
    const { database } = this.#parts
    await takeBackFrom(database, { holder: name })
    await database.run(FORGET, [name])
  }
}
