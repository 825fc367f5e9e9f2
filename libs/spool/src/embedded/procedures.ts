import type { ContentId, LogPosition } from '@cartero/content'
import type { Database, ProcedureModule } from '@cartero/sql/procedures'

import { DEAD_LETTER_RETENTION_MS, matches } from '../ledger/entry.ts'
import type { DeliveryId, DeliveryState, DeliverySummary, Envelope, QueueId } from '../ports.ts'
import type { DeliveryRow, MessageRow } from './rows.ts'

const SCHEMA = `
  CREATE TABLE message (
    queueId TEXT PRIMARY KEY,
    envelope TEXT NOT NULL,
    prefix BLOB NOT NULL,
    content TEXT NOT NULL,
    size INTEGER NOT NULL,
    acceptedAt INTEGER NOT NULL,
    isRouted INTEGER NOT NULL,
    isBusy INTEGER NOT NULL,
    isWaiting INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    due INTEGER
  ) STRICT;
  CREATE INDEX messageByDue ON message (due) WHERE due IS NOT NULL;
  CREATE INDEX messageByContent ON message (content);
  CREATE TABLE delivery (
    queueId TEXT NOT NULL REFERENCES message ON DELETE CASCADE,
    number INTEGER NOT NULL,
    nextHop TEXT NOT NULL,
    recipients TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    notBefore INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (queueId, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveryByState ON delivery (state, queueId);
  CREATE TABLE replay (one INTEGER PRIMARY KEY CHECK (one = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL) STRICT;
`

/** Urgent messages are read back first, and dead letters have an end: those that are there already get a whole time from now. */
const PRIORITIES = `
  ALTER TABLE message ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX messageByPriority ON message (priority, due, queueId) WHERE due IS NOT NULL;
  UPDATE delivery SET notBefore = unixepoch() * 1000 + ${DEAD_LETTER_RETENTION_MS} WHERE state IN ('failed', 'expired');
  UPDATE message SET due = (SELECT min(notBefore) FROM delivery WHERE delivery.queueId = message.queueId)
    WHERE isWaiting = 0;
`

/** Which rows are in memory now, so that they are not read twice. Lives as long as the connection. */
const LOADED = 'CREATE TEMP TABLE loaded (queueId TEXT PRIMARY KEY) WITHOUT ROWID'

export interface Checkpoint {
  readonly records: readonly MessageRow[]
  readonly done: readonly QueueId[]
  /** Where the next start begins to read the log. */
  readonly replay?: LogPosition
}

export interface Taken {
  readonly rows: readonly MessageRow[]
  /** When the next of those that were not taken is due. */
  readonly nextDue: number | null
}

export type SpoolProcedures = ReturnType<typeof prepare>

/** A message that ended the process so often is held. */
export const MAX_CRASHES = 5
const CRASH_REASON = `the process ended ${MAX_CRASHES} times while this was being worked on`

function prepare(database: Database) {
  database.exec(LOADED)
  const writes = prepareWrites(database)
  const reads = prepareReads(database)
  return { ...writes, ...reads, ...prepareStart(database) }
}

function prepareWrites(database: Database) {
  const putMessage = database.prepare(`
    INSERT INTO message VALUES (
      $queueId, $envelope, $prefix, $content, $size, $acceptedAt, $isRouted, $isBusy, $isWaiting, $crashes, $due,
      $priority)
    ON CONFLICT DO UPDATE SET isRouted = $isRouted, isBusy = $isBusy, isWaiting = $isWaiting, crashes = $crashes, due = $due`)
  const putDelivery = database.prepare(`
    INSERT INTO delivery VALUES (
      $queueId, $number, $nextHop, $recipients, $state, $attempts, $notBefore, $reason)
    ON CONFLICT DO UPDATE SET recipients = $recipients, state = $state, attempts = $attempts, notBefore = $notBefore, reason = $reason`)
  const remove = database.prepare('DELETE FROM message WHERE queueId = ?')
  const load = database.prepare('INSERT OR IGNORE INTO temp.loaded VALUES (?)')
  const unload = database.prepare('DELETE FROM temp.loaded WHERE queueId = ?')
  const putReplay = database.prepare('INSERT OR REPLACE INTO replay VALUES (1, ?, ?)')

  function put({ deliveries, ...message }: MessageRow): void {
    const { isBusy, isWaiting } = message
    putMessage.run({
      ...message,
      isBusy: Number(isBusy),
      isWaiting: Number(isWaiting),
      isRouted: Number(deliveries !== undefined),
    })
    for (const delivery of deliveries ?? []) putDelivery.run({ queueId: message.queueId, ...delivery })
  }

  return {
    /** Rows of messages in memory, rows of messages that are done, and the new replay position: all or nothing. */
    checkpoint({ records, done, replay }: Checkpoint): void {
      for (const row of records) {
        put(row)
        load.run(row.queueId)
      }
      for (const queueId of done) {
        remove.run(queueId)
        unload.run(queueId)
      }
      if (replay !== undefined) putReplay.run(replay.segment, replay.offset)
    },
    /** Messages found in the log at the start: they are recorded, and read when it is their turn. */
    replayed({
      records,
      replay,
    }: {
      readonly records: readonly MessageRow[]
      readonly replay?: LogPosition
    }): void {
      for (const row of records) put(row)
      if (replay !== undefined) putReplay.run(replay.segment, replay.offset)
    },
    /** Not in memory any more. */
    unload(queueIds: readonly QueueId[]): void {
      for (const queueId of queueIds) unload.run(queueId)
    },
  }
}

function prepareReads(database: Database) {
  const isUnloaded = 'NOT EXISTS (SELECT 1 FROM temp.loaded WHERE loaded.queueId = message.queueId)'
  const due = database.prepare(
    `SELECT * FROM message WHERE priority = ? AND due <= ? AND ${isUnloaded} ORDER BY due, queueId LIMIT ?`,
  )
  const lower = database.prepare(
    'SELECT max(priority) AS priority FROM message WHERE due IS NOT NULL AND priority < ?',
  )
  const nextDue = database.prepare(
    `SELECT due FROM message WHERE due IS NOT NULL AND ${isUnloaded} ORDER BY due LIMIT 1`,
  )
  const one = database.prepare(`SELECT * FROM message WHERE queueId = ? AND ${isUnloaded}`)
  const deliveries = database.prepare('SELECT * FROM delivery WHERE queueId = ? ORDER BY number')
  const load = database.prepare('INSERT INTO temp.loaded VALUES (?)')
  const known = database.prepare('SELECT 1 FROM message WHERE queueId = ?')
  const newest = database.prepare(
    `SELECT * FROM message WHERE ${isUnloaded} AND queueId < ? ORDER BY queueId DESC LIMIT ?`,
  )
  const newestInState = database.prepare(`
    SELECT * FROM message WHERE queueId IN (
      SELECT DISTINCT queueId FROM delivery AS message WHERE state = ? AND ${isUnloaded} AND queueId < ?
      ORDER BY queueId DESC LIMIT ?)
    ORDER BY queueId DESC`)
  const referred = database.prepare('SELECT content FROM message WHERE content >= ? AND content < ?')

  /** Those that there are, most urgent first. */
  function* priorities(): Iterable<number> {
    let next = lower.get(Number.MAX_SAFE_INTEGER)?.['priority'] as number | null
    for (; next !== null; next = lower.get(next)?.['priority'] as number | null) yield next
  }

  function take(found: Record<string, unknown>): MessageRow {
    load.run(found['queueId'] as QueueId)
    return rowFrom(found, deliveries)
  }

  return {
    /** What is due and not in memory; in memory from now on. */
    take({ now, limit }: { readonly now: number; readonly limit: number }): Taken {
      const rows: MessageRow[] = []
      for (const priority of priorities()) {
        if (rows.length >= limit) break
        rows.push(...due.all(priority, now, limit - rows.length).map(take))
      }
      return { rows, nextDue: (nextDue.get()?.['due'] as number | undefined) ?? null }
    },
    /** One message, whatever it waits for; in memory from now on. */
    takeOne(queueId: QueueId): MessageRow | undefined {
      const found = one.get(queueId)
      return found && take(found)
    },
    known(queueIds: readonly QueueId[]): readonly QueueId[] {
      return queueIds.filter((queueId) => known.get(queueId) !== undefined)
    },
    /** Of messages that are not in memory, newest first. */
    inspect({
      state,
      limit,
    }: {
      readonly state?: DeliveryState
      readonly limit: number
    }): readonly DeliverySummary[] {
      const found: DeliverySummary[] = []
      for (let before = '~'; found.length < limit;) {
        const page = isOfDeliveries(state)
          ? newestInState.all(state, before, limit)
          : newest.all(before, limit)
        if (page.length === 0) break
        before = String(page.at(-1)?.['queueId'])
        for (const row of page) found.push(...summariesOf(rowFrom(row, deliveries)).filter(matches(state)))
      }
      return found.slice(0, limit)
    },
    referenced(prefix: string): readonly ContentId[] {
      return referred.all(prefix, `${prefix}\u{10ffff}`).map((row) => row['content'] as ContentId)
    },
  }
}

function prepareStart(database: Database) {
  const count = database.prepare('UPDATE message SET crashes = crashes + 1, isBusy = 0 WHERE isBusy = 1')
  const hold = database.prepare(`
    UPDATE delivery SET state = 'held', reason = ? WHERE state IN ('ready', 'leased')
    AND queueId IN (SELECT queueId FROM message WHERE crashes >= ?)`)
  const ready = database.prepare("UPDATE delivery SET state = 'ready' WHERE state = 'leased'")
  const quiet = database.prepare(`
    UPDATE message SET due = (SELECT min(notBefore) FROM delivery WHERE delivery.queueId = message.queueId
      AND state IN ('deferred', 'failed', 'expired') AND notBefore > 0)
    WHERE crashes >= ?`)
  const calm = database.prepare('UPDATE message SET isBusy = 0 WHERE isBusy = 1')
  const waiting = database.prepare('SELECT count(*) AS n FROM message WHERE isWaiting = 1')
  const replay = database.prepare('SELECT segment, offset FROM replay')
  const sweep = database.prepare(`
    DELETE FROM message WHERE isWaiting = 0 AND isRouted = 1 AND NOT EXISTS (
      SELECT 1 FROM delivery WHERE delivery.queueId = message.queueId AND state IN ('failed', 'expired'))`)

  return {
    /** After a crash: what was worked on is ready again, or held when that happened too often. */
    start(): LogPosition | undefined {
      count.run()
      hold.run(CRASH_REASON, MAX_CRASHES)
      ready.run()
      quiet.run(MAX_CRASHES)
      return replay.get() as LogPosition | undefined
    },
    /** What was remembered only as long as the log could bring it back. */
    sweep(): void {
      sweep.run()
    },
    /** All is in order, nobody works on anything: the next start need not think of a crash. */
    rest(): void {
      calm.run()
    },
    waiting: (): number => Number(waiting.get()?.['n']),
  }
}

function rowFrom(found: Record<string, unknown>, deliveries: ReturnType<Database['prepare']>): MessageRow {
  const { isRouted, isBusy, isWaiting, ...message } = found
  return {
    ...message,
    isBusy: isBusy === 1,
    isWaiting: isWaiting === 1,
    deliveries:
      isRouted === 1 ? (deliveries.all(found['queueId'] as string) as unknown as DeliveryRow[]) : undefined,
  } as unknown as MessageRow
}

function summariesOf({
  queueId,
  envelope,
  size,
  acceptedAt,
  due,
  crashes,
  deliveries,
}: MessageRow): DeliverySummary[] {
  const { reversePath, recipients } = JSON.parse(envelope) as Envelope
  const common = { queueId, reversePath, size, acceptedAt }
  if (deliveries === undefined) {
    const state = due === null ? 'held' : 'ready'
    const addresses = recipients.map((recipient) => recipient.address)
    const reason = due === null && crashes >= MAX_CRASHES && { reason: CRASH_REASON }
    return [
      { ...common, id: `${queueId}.0` as DeliveryId, state, recipients: addresses, attempts: 0, ...reason },
    ]
  }
  return deliveries.map(({ number, state, attempts, notBefore, reason, ...delivery }) => ({
    ...common,
    id: `${queueId}.${number}` as DeliveryId,
    state,
    recipients: (JSON.parse(delivery.recipients) as { address: string }[]).map(({ address }) => address),
    attempts,
    ...(notBefore > 0 &&
      (state === 'failed' || state === 'expired' ? { keptUntil: notBefore } : { notBefore })),
    ...(reason !== '' && { reason }),
  }))
}

/** States that only deliveries have; a message that is not routed yet is listed as ready or held. */
function isOfDeliveries(state: DeliveryState | undefined): state is DeliveryState {
  return state !== undefined && state !== 'ready' && state !== 'held'
}

const spool: ProcedureModule<SpoolProcedures> = { migrations: [SCHEMA, PRIORITIES], prepare }

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default spool
