import type { Database } from '@cartero/sql/procedures'

import { soundness } from '../../soundness.ts'

/** Reads everything; each sentence is a rule that is broken, and where first. */
export function check(database: Database): string[] {
  const damage = database
    .prepare('PRAGMA integrity_check')
    .all()
    .map((row) => String(row['integrity_check']))
    .filter((line) => line !== 'ok')
  for (const [rule, query] of Object.entries(soundness)) {
    const broken = database.prepare(`${query} LIMIT 1`).get()
    if (broken) damage.push(`not true: ${rule} (see ${String(broken['place'])})`)
  }
  return damage
}
