import { type Postgres, statement } from '@cartero/sql/postgres'

import { soundness } from '../soundness.ts'

const rules = Object.entries(soundness).map(([rule, query]) => [rule, statement(`${query} LIMIT 1`)] as const)

/** Reads everything; each sentence is a rule that is broken, and where first. */
export async function checkMailstore(database: Postgres): Promise<readonly string[]> {
  const damage: string[] = []
  for (const [rule, query] of rules) {
    const [broken] = await database.rows<{ place: number }>(query)
    if (broken) damage.push(`not true: ${rule} (see ${broken.place})`)
  }
  return damage
}
