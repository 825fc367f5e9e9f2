import type { ContentId } from '@cartero/content'
import { statement } from '@cartero/sql/postgres'

import { INLET_MEMORY_MS, type HandedOver } from '../handover/ports.ts'
import type { QueueId, SpooledMessage } from '../ports.ts'
import { encodeText } from './message-text.ts'
import type { SpoolParts } from './parts.ts'
import { timeOf } from './queue-id-time.ts'
import { INLET_HOURS } from './schema.ts'

const HOUR_MS = 3_600_000
/** All in one statement, which is one transaction: known queue ids have no effect, in whatever order they come. */
const TAKE_IN = statement(`
  WITH given AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::smallint[], $3::int[], $4::int[], $5::text[], $6::bigint[], $7::bigint[], $8::smallint[],
      $9::text[], $10::text[], $11::bigint[], $12::bigint[])
    AS given (queue_id, hour, start, length, content, size, accepted_at, urgency, reverse_path, recipients, not_before, deliver_by)
  ), fresh AS (
    INSERT INTO taken_in (hour, queue_id) SELECT hour, queue_id FROM given ORDER BY queue_id
    ON CONFLICT DO NOTHING RETURNING queue_id
  ), kept AS (
    INSERT INTO message (queue_id, text, content, open)
    SELECT queue_id, substring($13::bytea FROM start FOR length), content, 1 FROM given JOIN fresh USING (queue_id)
  ), unrouted AS (
    INSERT INTO delivery (queue_id, number, destination, urgency, state, due, not_before, deliver_by, accepted_at, size, is_only,
      reverse_path, recipients, holder)
    SELECT queue_id, 0, '', urgency, CASE WHEN $14::text IS NULL THEN 'ready' ELSE 'leased' END, coalesce($15::bigint, 0), not_before, deliver_by, accepted_at, size, true, reverse_path,
      recipients, $14
    FROM given JOIN fresh USING (queue_id)
  )
  SELECT queue_id FROM fresh`)

const HOURS_KNOWN = statement(`
  SELECT hour FROM unnest($1::smallint[]) AS hours (hour)
  WHERE EXISTS (SELECT FROM taken_in WHERE taken_in.hour = hours.hour)`)

const FORGET = Array.from({ length: INLET_HOURS }, (_, hour) => statement(`TRUNCATE taken_in_${hour}`))

/** For whom something is leased as it is written. */
export interface LeaseAtOnce {
  readonly holder: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** What is taken in: messages, and the promise not to take them in again. */
export class Acceptance {
  readonly #parts: SpoolParts

  constructor(parts: SpoolParts) {
    this.#parts = parts
  }

  /** Durable when fulfilled. Returns those that nobody had taken in before; they are leased when terms are given. */
  async accept(messages: readonly SpooledMessage[], lease?: LeaseAtOnce): Promise<ReadonlySet<QueueId>> {
    const unique = [...new Map(messages.map((message) => [message.queueId, message])).values()]
    const columns = columnsOf(unique, this.#parts.clock.now())
    const fresh = await this.#parts.database.rows<{ queue_id: QueueId }>(TAKE_IN, [
      ...columns,
      lease?.holder ?? null,
      lease?.until ?? null,
    ])
    return new Set(fresh.map(({ queue_id }) => queue_id))
  }

  /** The octets become contents, which share what the store writes. They are pinned; none is when one cannot be written. */
  async store(batch: readonly HandedOver[]): Promise<readonly SpooledMessage[]> {
    const written = await Promise.allSettled(batch.map((handed) => this.#stored(handed)))
    const stored = written.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    const failed = written.find((each) => each.status === 'rejected')
    if (failed === undefined) return stored
    this.unpin(stored)
    throw failed.reason
  }

  /** Whoever reclaims finds them referred to, or of no use. */
  unpin(messages: readonly SpooledMessage[]): void {
    for (const { content } of messages) this.#parts.content.unpin(content)
  }

  /** Forgets what was taken in so long ago that nobody brings it again. */
  async forget(): Promise<void> {
    const { clock, database } = this.#parts
    const first = hourOf(clock.now()) + 2
    const last = hourOf(clock.now()) + INLET_HOURS - INLET_MEMORY_MS / HOUR_MS - 2
    const hours = Array.from({ length: last - first + 1 }, (_, n) => (first + n) % INLET_HOURS)
    for (const { hour } of await database.rows<{ hour: number }>(HOURS_KNOWN, [hours]))
      await database.run(FORGET[hour]!)
  }

  async #stored({
    queueId,
    envelope,
    prefix,
    acceptedAt,
    content,
    index,
  }: HandedOver): Promise<SpooledMessage> {
    const text = { queueId, envelope, prefix, acceptedAt, ...(index && { index }) }
    if (content.kind === 'stored') return { ...text, content: content.id, size: content.size }
    const draft = this.#parts.content.begin()
    await draft.write(content.octets)
    const id: ContentId = await draft.commit()
    return { ...text, content: id, size: content.octets.length }
  }
}

function columnsOf(messages: readonly SpooledMessage[], now: number): readonly unknown[] {
  const texts = messages.map(encodeText)
  let end = 1
  const starts = texts.map(({ length }) => (end += length) - length)
  const envelopes = messages.map(({ envelope }) => envelope)
  return [
    messages.map(({ queueId }) => queueId),
    messages.map(({ queueId }) => hourOf(timeOf(queueId)) % INLET_HOURS),
    starts,
    texts.map(({ length }) => length),
    messages.map(({ content }) => content),
    messages.map(({ size }) => size),
    messages.map(({ acceptedAt }) => acceptedAt),
    envelopes.map(({ priority = 0 }) => -priority),
    envelopes.map(({ reversePath }) => plain(reversePath)),
    envelopes.map(({ recipients }) => JSON.stringify(recipients.map(({ address }) => ({ address })))),
    envelopes.map(({ holdUntil = 0, deliverBy }) =>
      deliverBy !== undefined && deliverBy.at > now ? Math.min(holdUntil, deliverBy.at) : holdUntil,
    ),
    envelopes.map(({ deliverBy }) => deliverBy?.at ?? null),
    Buffer.concat(texts),
  ]
}

const hourOf = (time: number): number => Math.floor(time / HOUR_MS)

/** Postgres keeps no NUL in a text. */
export function plain(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', ' ') : text
}
