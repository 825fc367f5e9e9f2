import type { LogPosition } from '@cartero/content'
import type { Database } from '@cartero/sql/procedures'

import type { QueueId } from '../ports.ts'
import type { MessageRow } from './rows.ts'

export interface Checkpoint {
  readonly records: readonly MessageRow[]
  readonly done: readonly QueueId[]
  /** Where the next start begins to read the log. */
  readonly replay?: LogPosition
}

/** Messages found in the log at the start, and from where it need not be read again. */
export type Replayed = Pick<Checkpoint, 'records' | 'replay'>

export function prepareWrites(database: Database) {
  const { load, unload, remove, ...puts } = statements(database)
  const put = ({ records, replay }: Replayed): void => {
    for (const row of records) putRow(puts, row)
    if (replay !== undefined) puts.putReplay.run(replay.segment, replay.offset)
  }
  return {
    /** Rows of messages in memory, rows of messages that are done, and the new replay position: all or nothing. */
    checkpoint({ done, ...known }: Checkpoint): void {
      put(known)
      for (const { queueId } of known.records) load.run(queueId)
      for (const queueId of done) {
        remove.run(queueId)
        unload.run(queueId)
      }
    },
    /** They are recorded, and read when it is their turn. */
    replayed(found: Replayed): void {
      put(found)
    },
    /** Not in memory any more. */
    unload(queueIds: readonly QueueId[]): void {
      for (const queueId of queueIds) unload.run(queueId)
    },
  }
}

function statements(database: Database) {
  return {
    putMessage: database.prepare(`
      INSERT INTO message VALUES (
        $queueId, $envelope, $prefix, $content, $size, $acceptedAt, $isRouted, $isBusy, $isWaiting, $crashes, $due,
        $priority)
      ON CONFLICT DO UPDATE SET isRouted = $isRouted, isBusy = $isBusy, isWaiting = $isWaiting, crashes = $crashes, due = $due`),
    putDelivery: database.prepare(`
      INSERT INTO delivery VALUES (
        $queueId, $number, $nextHop, $recipients, $state, $attempts, $notBefore, $reason)
      ON CONFLICT DO UPDATE SET recipients = $recipients, state = $state, attempts = $attempts, notBefore = $notBefore, reason = $reason`),
    putReplay: database.prepare('INSERT OR REPLACE INTO replay VALUES (1, ?, ?)'),
    remove: database.prepare('DELETE FROM message WHERE queueId = ?'),
    load: database.prepare('INSERT OR IGNORE INTO temp.loaded VALUES (?)'),
    unload: database.prepare('DELETE FROM temp.loaded WHERE queueId = ?'),
  }
}

function putRow(
  { putMessage, putDelivery }: Pick<ReturnType<typeof statements>, 'putMessage' | 'putDelivery'>,
  { deliveries, ...message }: MessageRow,
): void {
  const { isBusy, isWaiting } = message
  putMessage.run({
    ...message,
    isBusy: Number(isBusy),
    isWaiting: Number(isWaiting),
    isRouted: Number(deliveries !== undefined),
  })
  for (const delivery of deliveries ?? []) putDelivery.run({ queueId: message.queueId, ...delivery })
}
