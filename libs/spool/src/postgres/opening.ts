import { statement } from '@cartero/sql/postgres'

import { CRASH_REASON, MAX_CRASHES } from '../ledger/crashes.ts'
import type { SpoolParts } from './parts.ts'
import { NOT_BEFORE } from './taking.ts'

/** Of a holder, what follows the name of its owner: one life of a process. */
export const LIFE_CHARACTERS = 9

/** What this process held when it ended, it does not hold any more; what has ended it too often is held. */
const TAKE_BACK = statement(`
  UPDATE delivery SET crashes = crashes + 1, holder = NULL, ${NOT_BEFORE},
    state = CASE WHEN crashes + 1 >= ${MAX_CRASHES} THEN 'held' ELSE 'ready' END,
    reason = CASE WHEN crashes + 1 >= ${MAX_CRASHES} THEN '${CRASH_REASON}' ELSE reason END,
    due = CASE WHEN crashes + 1 >= ${MAX_CRASHES} THEN NULL ELSE 0 END
  WHERE state = 'leased' AND left(holder, -${LIFE_CHARACTERS}) = $1`)

/** Of the lives before: the owner's name is that of one process at a time. */
export async function takeBack({ database }: Pick<SpoolParts, 'database'>, owner: string): Promise<number> {
  return await database.run(TAKE_BACK, [owner])
}
