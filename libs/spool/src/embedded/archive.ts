import type { ContentLog } from '@cartero/content'
import type { SqlStore, SqlWorker } from '@cartero/sql'
import type { Archive, ArchiveCursor, ArchivedPortion, ArchivedRow } from '@cartero/sql/archive'
import { systemClock } from '@cartero/wire'

import {
  ARCHIVED_SPOOL,
  archivedOf,
  rowOfArchived,
  type ArchivedDelivery,
  type ArchivedMessage,
} from '../archive.ts'
import { asSpoolError } from '../fault.ts'
import type { DeliveryRecipient, Envelope, NextHop } from '../ports.ts'
import { destinationOf, nextHopOf } from '../queue.ts'
import type { SpoolArchiveProcedures } from './archive-procedures.ts'
import { replay } from './replay.ts'
import { entryOf, rowOf, type DeliveryRow, type MessageRow, type WrittenRow } from './rows.ts'

export interface EmbeddedSpoolArchiveOptions {
  /** That of the spool; stays the caller's to close, after us. */
  readonly log: ContentLog
  readonly sql: SqlWorker
  readonly file: string
}

/**
 * All that an embedded spool keeps; nobody else has it open. What the last end of its process left in the log gets rows first, as at any
 * start. What is written gets rows at once: no frame in the log is labelled for it. Rejects with SpoolError.
 */
export async function openEmbeddedSpoolArchive(options: EmbeddedSpoolArchiveOptions): Promise<Archive> {
  const { log, sql, file } = options
  try {
    const procedures = new URL('./archive-procedures.ts', import.meta.url)
    const store = await sql.open<SpoolArchiveProcedures>({ file, procedures })
    const from = await store.call('start')
    await replay(log, store, systemClock.now(), from)
    return new EmbeddedArchive(store, log)
  } catch (error) {
    throw asSpoolError(error)
  }
}

class EmbeddedArchive implements Archive {
  readonly kinds = ARCHIVED_SPOOL
  readonly #store: SqlStore<SpoolArchiveProcedures>
  readonly #log: ContentLog

  constructor(store: SqlStore<SpoolArchiveProcedures>, log: ContentLog) {
    this.#store = store
    this.#log = log
  }

  async isEmpty(): Promise<boolean> {
    return (await this.about()) === 0
  }

  async about(): Promise<number> {
    return await this.#store.call('messages')
  }

  async read(_kind: string, limit: number, after?: ArchiveCursor): Promise<ArchivedPortion> {
    const found = await this.#store.call('page', { after: String(after?.[0] ?? ''), limit })
    const rows = found.map((row) => rowOfArchived(messageOf(row)))
    const last = found.at(-1)
    return last === undefined || found.length < limit ? { rows } : { rows, next: [last.queueId] }
  }

  async write(_kind: string, rows: readonly ArchivedRow[]): Promise<void> {
    const records = rows.map((row) => writtenOf(archivedOf(row)))
    await this.#store.call('replayed', { records, done: [] })
  }

  async contents(limit: number, after: string): Promise<readonly string[]> {
    return await this.#store.call('contents', { after, limit })
  }

  /** Nothing in the log is anything but octets: no start has to read it. */
  async seal(): Promise<void> {
    await this.#store.call('replayed', { records: [], done: [], replay: this.#log.end })
  }

  async close(): Promise<void> {
    await this.#store.call('rest')
    await this.#store.close()
  }
}

type FoundRow = Pick<
  MessageRow,
  'queueId' | 'envelope' | 'prefix' | 'content' | 'size' | 'acceptedAt' | 'deliveries'
>

function messageOf({
  queueId,
  envelope,
  prefix,
  content,
  size,
  acceptedAt,
  deliveries,
}: FoundRow): ArchivedMessage {
  return { queueId, envelope, prefix, content, size, acceptedAt, deliveries: deliveries.map(deliveryOf) }
}

function deliveryOf(row: DeliveryRow): ArchivedDelivery {
  const { number, state, attempts, notBefore, reason, status, lapses, sender, sentence } = row
  return {
    number,
    state: state as ArchivedDelivery['state'],
    destination: number === 0 ? '' : destinationOf(JSON.parse(row.nextHop) as NextHop),
    recipients: JSON.parse(row.recipients) as DeliveryRecipient[],
    attempts,
    notBefore,
    // Postgres keeps no NUL in a text.
    reason: reason.replaceAll('\0', ' '),
    status,
    lapses,
    sender,
    sentence,
  }
}

/** As a checkpoint writes it: when it is due, and what is counted, follows from its state. */
function writtenOf(message: ArchivedMessage): WrittenRow {
  const { envelope, deliveries, ...rest } = message
  const isRouted = deliveries.every(({ number }) => number > 0)
  const { priority = 0 } = JSON.parse(envelope) as Envelope
  const row: MessageRow = {
    ...rest,
    envelope,
    crashes: 0,
    isBusy: false,
    due: null,
    isWaiting: true,
    priority,
    isRouted,
    deliveries: deliveries.map(rowOfDelivery),
  }
  const entry = entryOf(row, -Infinity)
  entry.isWritten = false
  return rowOf(entry, false)
}

function rowOfDelivery(delivery: ArchivedDelivery): DeliveryRow {
  const { recipients, destination, ...rest } = delivery
  return {
    ...rest,
    destination,
    nextHop: JSON.stringify(nextHopOf(destination)),
    recipients: JSON.stringify(recipients),
    due: null,
  }
}
