import type { Archive, ArchiveCursor, ArchivedPortion, ArchivedRow } from '@cartero/sql/archive'
import type { ContentId } from '@cartero/content'
import { checkVersion, statement, type Postgres } from '@cartero/sql/postgres'

import {
  ARCHIVED_SPOOL,
  archivedOf,
  rowOfArchived,
  type ArchivedDelivery,
  type ArchivedMessage,
} from '../archive.ts'
import { asSpoolError } from '../fault.ts'
import type { DeliveryRecipient, Envelope, QueueId } from '../ports.ts'
import { plain } from './acceptance.ts'
import { decodeText, encodeText } from './message-text.ts'
import { SPOOL_SCHEMA } from './schema.ts'

const READ = statement(`
  SELECT message.queue_id, text, content, made.size, made.accepted_at, made.deliveries
  FROM (SELECT * FROM message WHERE queue_id > $1 ORDER BY queue_id LIMIT $2) AS message CROSS JOIN LATERAL (
    SELECT min(size) AS size, min(accepted_at) AS accepted_at, json_agg(json_build_object(
      'number', number, 'state', state, 'destination', destination, 'recipients', recipients::json, 'attempts', attempts,
      'notBefore', not_before, 'reason', reason, 'status', status, 'lapses', lapses, 'sender', sender, 'sentence', sentence
    ) ORDER BY number)::text AS deliveries FROM delivery WHERE delivery.queue_id = message.queue_id
  ) AS made ORDER BY queue_id`)

/** A message with its deliveries, or nothing of it. */
const WRITE = statement(`
  WITH fresh AS (
    INSERT INTO message (queue_id, text, content, open)
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::int[]) ON CONFLICT DO NOTHING RETURNING queue_id
  )
  INSERT INTO delivery (queue_id, number, urgency, state, attempts, due, not_before, deliver_by, accepted_at, size, lapses, is_only,
    destination, reverse_path, recipients, reason, status, sender, sentence)
  SELECT given.* FROM unnest($5::text[], $6::int[], $7::smallint[], $8::text[], $9::int[], $10::bigint[], $11::bigint[], $12::bigint[],
    $13::bigint[], $14::bigint[], $15::smallint[], $16::boolean[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[],
    $22::text[], $23::text[]) AS given (queue_id, number, urgency, state, attempts, due, not_before, deliver_by, accepted_at, size,
    lapses, is_only, destination, reverse_path, recipients, reason, status, sender, sentence) JOIN fresh USING (queue_id)`)

const CONTENTS = statement('SELECT DISTINCT content FROM message WHERE content > $1 ORDER BY 1 LIMIT $2')
const ABOUT = statement(`SELECT reltuples::bigint AS about FROM pg_class WHERE oid = 'message'::regclass`)
const EXISTS = statement('SELECT 1 AS one FROM message LIMIT 1')

interface FoundRow {
  readonly queue_id: QueueId
  readonly text: Buffer
  readonly content: ContentId
  readonly size: number
  readonly accepted_at: number
  readonly deliveries: string
}

/** All that a spool in Postgres keeps; nobody uses it meanwhile, and leases that are left are void. Rejects with SqlError. */
export async function openPostgresSpoolArchive(database: Postgres): Promise<Archive> {
  try {
    await checkVersion(database, SPOOL_SCHEMA)
    return new PostgresArchive(database)
  } catch (error) {
    throw asSpoolError(error)
  }
}

class PostgresArchive implements Archive {
  readonly kinds = ARCHIVED_SPOOL
  readonly #database: Postgres

  constructor(database: Postgres) {
    this.#database = database
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#database.rows(EXISTS)).length === 0
  }

  async about(): Promise<number> {
    return Math.max((await this.#database.rows<{ about: number }>(ABOUT))[0]?.about ?? 0, 0)
  }

  async read(_kind: string, limit: number, after?: ArchiveCursor): Promise<ArchivedPortion> {
    const found = await this.#database.rows<FoundRow>(READ, [String(after?.[0] ?? ''), limit])
    const rows = found.map((row) => rowOfArchived(messageOf(row)))
    const last = found.at(-1)
    return last === undefined || found.length < limit ? { rows } : { rows, next: [last.queue_id] }
  }

  async write(_kind: string, rows: readonly ArchivedRow[]): Promise<void> {
    if (rows.length > 0) await this.#database.run(WRITE, columnsOf(rows.map(archivedOf)))
  }

  async contents(limit: number, after: string): Promise<readonly string[]> {
    const rows = await this.#database.rows<{ content: string }>(CONTENTS, [after, limit])
    return rows.map(({ content }) => content)
  }

  async seal(): Promise<void> {
    // Whatever is due is found by its row.
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function messageOf({ queue_id, text, content, size, accepted_at, deliveries }: FoundRow): ArchivedMessage {
  const { envelope, prefix } = decodeText(text)
  return {
    queueId: queue_id,
    envelope: JSON.stringify(envelope),
    prefix,
    content,
    size,
    acceptedAt: accepted_at,
    deliveries: JSON.parse(deliveries) as ArchivedDelivery[],
  }
}

function columnsOf(messages: readonly ArchivedMessage[]): readonly unknown[] {
  const made = messages.map((message) => ({ message, envelope: JSON.parse(message.envelope) as Envelope }))
  const all = made.flatMap(({ message, envelope }) =>
    message.deliveries.map((delivery) => ({ message, envelope, delivery })),
  )
  return [
    messages.map(({ queueId }) => queueId),
    made.map(({ message, envelope }) => encodeText({ envelope, prefix: Buffer.from(message.prefix) })),
    messages.map(({ content }) => content),
    messages.map(({ deliveries }) => deliveries.filter(isOpen).length),
    all.map(({ message }) => message.queueId),
    all.map(({ delivery }) => delivery.number),
    all.map(({ envelope: { priority = 0 } }) => -priority),
    all.map(({ delivery }) => delivery.state),
    all.map(({ delivery }) => delivery.attempts),
    all.map(({ delivery }) => dueOf(delivery)),
    all.map(({ delivery, envelope }) => (delivery.number === 0 ? heldUntil(envelope) : delivery.notBefore)),
    all.map(({ envelope: { deliverBy } }) => deliverBy?.at ?? null),
    all.map(({ message }) => message.acceptedAt),
    all.map(({ message }) => message.size),
    all.map(({ delivery }) => delivery.lapses),
    all.map(({ message }) => message.deliveries.length === 1),
    all.map(({ delivery }) => delivery.destination),
    all.map(({ envelope }) => plain(envelope.reversePath)),
    all.map(({ delivery, envelope }) => JSON.stringify(recipientsOf(delivery, envelope))),
    all.map(({ delivery }) => plain(delivery.reason)),
    all.map(({ delivery }) => delivery.status),
    all.map(({ delivery: { sender } }) => (sender === null ? null : plain(sender))),
    all.map(({ delivery }) => delivery.sentence),
  ]
}

function isOpen({ state }: ArchivedDelivery): boolean {
  return state === 'ready' || state === 'deferred' || state === 'held'
}

/** When there is something to do; null when only an operator can say, or nobody. */
function dueOf({ state, notBefore }: ArchivedDelivery): number | null {
  if (state === 'ready') return 0
  return state === 'deferred' ? notBefore : null
}

/** Before it is routed: what its sender wants, but no longer than until somebody has to look at it. */
// RFC 2852 §4
function heldUntil({ holdUntil = 0, deliverBy }: Envelope): number {
  return deliverBy === undefined ? holdUntil : Math.min(holdUntil, deliverBy.at)
}

function recipientsOf(
  { number, recipients }: ArchivedDelivery,
  envelope: Envelope,
): readonly DeliveryRecipient[] | readonly { address: string }[] {
  return number === 0 ? envelope.recipients.map(({ address }) => ({ address })) : recipients
}
