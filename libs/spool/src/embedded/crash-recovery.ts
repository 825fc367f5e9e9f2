import type { LogPosition } from '@cartero/content'
import type { Database } from '@cartero/sql/procedures'

import { CRASH_REASON, MAX_CRASHES } from '../ledger/crashes.ts'
import { OWN_DUE } from './schema-outbound.ts'

export function prepareStart(database: Database) {
  const count = database.prepare('UPDATE message SET crashes = crashes + 1, isBusy = 0 WHERE isBusy = 1')
  const hold = database.prepare(`
    UPDATE delivery SET state = 'held', reason = ?, due = NULL, notBefore = 0 WHERE state IN ('ready', 'leased')
    AND queueId IN (SELECT queueId FROM message WHERE crashes > 0 AND crashes >= ?)`)
  const ready = database.prepare("UPDATE delivery SET state = 'ready' WHERE state = 'leased'")
  const quiet = database.prepare(`UPDATE message SET due = ${OWN_DUE} WHERE crashes > 0 AND crashes >= ?`)
  const calm = database.prepare('UPDATE message SET isBusy = 0 WHERE isBusy = 1')
  const waiting = database.prepare('SELECT waiting AS n FROM tally')
  const replay = database.prepare('SELECT segment, offset FROM replay')
  const sweep = database.prepare('DELETE FROM message WHERE queueId IN (SELECT queueId FROM remembered)')
  const removed = database.prepare(`
    DELETE FROM message WHERE isWaiting = 0 AND queueId IN (SELECT queueId FROM delivery WHERE state = 'removed')
    AND NOT EXISTS (
      SELECT 1 FROM delivery WHERE delivery.queueId = message.queueId AND state IN ('failed', 'expired'))`)
  const swept = database.prepare('DELETE FROM remembered')

  return {
    /** After a crash: what was worked on is ready again, or held when that happened too often. */
    start(): LogPosition | undefined {
      count.run()
      hold.run(CRASH_REASON, MAX_CRASHES)
      ready.run()
      quiet.run(MAX_CRASHES)
      return replay.get() as LogPosition | undefined
    },
    /** What is over and is here only because the log could have brought it back: of an older version, or of a crash. */
    sweep(): void {
      removed.run()
      sweep.run()
      swept.run()
    },
    /** All is in order, nobody works on anything: the next start need not think of a crash. */
    rest(): void {
      calm.run()
    },
    waiting: (): number => Number(waiting.get()?.['n']),
  }
}
