import type { LogPosition } from '@cartero/content'
import type { Database } from '@cartero/sql/procedures'

import type { QueueId } from '../ports.ts'
import type { WrittenRow } from './rows.ts'

export interface Checkpoint {
  readonly records: readonly WrittenRow[]
  readonly done: readonly QueueId[]
  /** Where the next start begins to read the log. */
  readonly replay?: LogPosition
}

export function prepareWrites(database: Database) {
  const { load, unload, remove, putReplay, ...puts } = statements(database)
  const putPosition = (replay: LogPosition | undefined): void => {
    if (replay !== undefined) putReplay.run(replay.segment, replay.offset)
  }
  return {
    /** Rows of messages in memory, rows of messages that are done, and the new replay position: all or nothing. */
    checkpoint({ records, done, replay }: Checkpoint): void {
      for (const row of records) {
        putRow(puts, row)
        load.run(row.queueId)
      }
      for (const queueId of done) {
        remove.run(queueId)
        unload.run(queueId)
      }
      putPosition(replay)
    },
    /** Messages found in the log at the start, and those that it says are over: recorded, and read when it is their turn. */
    replayed({ records, done, replay }: Checkpoint): void {
      for (const row of records) putRow(puts, row)
      for (const queueId of done) remove.run(queueId)
      putPosition(replay)
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
    changeMessage: database.prepare(`
      UPDATE message SET isRouted = $isRouted, isBusy = $isBusy, isWaiting = $isWaiting, crashes = $crashes, due = $due
      WHERE queueId = $queueId`),
    putDelivery: database.prepare(`
      INSERT INTO delivery VALUES (
        $queueId, $number, $nextHop, $recipients, $state, $attempts, $notBefore, $reason, $destination, $priority, $due,
        $status, $lapses, $sender, $sentence, $reversePath, $size, $acceptedAt)
      ON CONFLICT DO UPDATE SET nextHop = $nextHop, recipients = $recipients, state = $state, attempts = $attempts,
        notBefore = $notBefore, reason = $reason, destination = $destination, due = $due, status = $status,
        lapses = $lapses, sentence = $sentence
      WHERE state IS NOT $state OR notBefore IS NOT $notBefore OR reason IS NOT $reason OR attempts IS NOT $attempts
        OR destination IS NOT $destination OR recipients IS NOT $recipients OR status IS NOT $status
        OR lapses IS NOT $lapses OR sentence IS NOT $sentence`),
    putRouted: database.prepare('DELETE FROM delivery WHERE queueId = ? AND number = 0'),
    putReplay: database.prepare('INSERT OR REPLACE INTO replay VALUES (1, ?, ?)'),
    remove: database.prepare('DELETE FROM message WHERE queueId = ?'),
    load: database.prepare('INSERT OR IGNORE INTO temp.loaded VALUES (?)'),
    unload: database.prepare('DELETE FROM temp.loaded WHERE queueId = ?'),
  }
}

type Puts = Pick<ReturnType<typeof statements>, 'putMessage' | 'changeMessage' | 'putDelivery' | 'putRouted'>

function putRow({ putMessage, changeMessage, putDelivery, putRouted }: Puts, row: WrittenRow): void {
  const { queueId, size, acceptedAt, priority, reversePath, text, crashes, due } = row
  const message = {
    queueId,
    crashes,
    due,
    isBusy: Number(row.isBusy),
    isWaiting: Number(row.isWaiting),
    isRouted: Number(row.isRouted),
  }
  if (text === undefined) changeMessage.run(message)
  else putMessage.run({ ...message, ...text, size, acceptedAt, priority })
  if (row.isRouted && row.deliveries.length > 0) putRouted.run(queueId)
  for (const delivery of row.deliveries)
    putDelivery.run({ queueId, ...delivery, priority, reversePath, size, acceptedAt })
}
