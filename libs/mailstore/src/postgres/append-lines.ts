import { type Queries, statement } from '@cartero/sql/postgres'

import { parseFlags } from '../flags.ts'
import type { MailStoreLimits } from '../limits.ts'
import { parseMailboxName } from '../mailbox-name.ts'
import type { MailboxState } from '../mailbox-row.ts'
import type { AccountId, NewMessage } from '../ports.ts'
import { numbers } from './columns.ts'
import { placeOf } from './mailboxes.ts'

/** A message as it is written. */
export interface AppendLine {
  readonly account: AccountId
  /** As `parseMailboxName` spells it; '' when it is not allowed. */
  readonly mailbox: string
  readonly create: boolean
  readonly content: string
  readonly prefix: Buffer
  /** JSON. */
  readonly structure: Buffer
  readonly size: number
  readonly flags: number
  /** Separated by spaces. */
  readonly keywords: string
  readonly internalDate: number
  readonly key: string | null
}

/** A message that has found its place. */
export interface KeptLine {
  readonly line: AppendLine
  readonly state: MailboxState
  readonly uid: number
  readonly modseq: number
  readonly keywords: string
}

// OFFSET 0: one look into the index for each, also by a plan that was made when the table was small.
const known = statement(
  `SELECT used.account, used.key FROM unnest($1::text[], $2::text[]) AS asked (account, key)
   JOIN account ON account.name = asked.account CROSS JOIN LATERAL (
     SELECT account, key FROM delivered
     WHERE delivered.account = account.id AND delivered.key = asked.key AND at >= $3 OFFSET 0
   ) AS used`,
)
// A key that is there is one that has expired: the living ones were looked for under the lock of the account.
const insert = statement(
  `WITH line AS MATERIALIZED (
     SELECT nextval('record_number') AS record, given.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[],
       $4::bigint[], $5::bigint[], $6::smallint[], $7::text[], $8::bigint[], $9::text[], $10::int[], $11::int[],
       $12::int[], $13::text[]) AS given (account, mailbox, uid, modseq, size, flags, keywords, internal_date, content,
       start, middle, ending, key)
   ), records AS (
     INSERT INTO record (id, internal_date, size, content, prefix, structure)
     SELECT record, internal_date, size, content, substring($14::bytea FROM start FOR middle - start),
       convert_from(substring($14::bytea FROM middle FOR ending - middle), 'UTF8') FROM line
   ), keys AS (
     INSERT INTO delivered (account, key, at) SELECT account, key, $15::bigint FROM line WHERE key IS NOT NULL
     ON CONFLICT (account, key) DO UPDATE SET at = excluded.at
   )
   INSERT INTO message (mailbox, uid, modseq, record, size, flags, keywords)
   SELECT mailbox, uid, modseq, record, size, flags, keywords FROM line`,
)

export function appendLineOf(message: NewMessage, limits: MailStoreLimits): AppendLine {
  const { account, create = false, content, prefix, size, idempotencyKey: key = null } = message
  const { system, keywords } = parseFlags(message.flags, limits.keywordOctets)
  return {
    account,
    mailbox: parseMailboxName(message.mailbox, limits) ?? '',
    create,
    content,
    prefix,
    structure: Buffer.from(JSON.stringify(message.index)),
    size,
    flags: system,
    keywords: keywords.join(' '),
    internalDate: Math.trunc(message.internalDate),
    key,
  }
}

/** Those of the lines' keys that were used since `living`, as `placeOf` writes them. To be asked after the accounts were locked. */
export async function usedKeys(
  queries: Queries,
  lines: readonly AppendLine[],
  living: number,
): Promise<Set<string>> {
  const keyed = lines.filter(({ key }) => key !== null)
  if (keyed.length === 0) return new Set()
  const rows = await queries.rows<{ account: number; key: string }>(known, [
    keyed.map(({ account }) => account),
    keyed.map(({ key }) => key),
    living,
  ])
  return new Set(rows.map(({ account, key }) => placeOf(account, key)))
}

/** Writes messages, their records and their keys. */
export async function insertMessages(
  queries: Queries,
  kept: readonly KeptLine[],
  now: number,
): Promise<void> {
  const pieces = kept.flatMap(({ line }) => [line.prefix, line.structure])
  const starts: number[] = []
  let end = 1
  for (const piece of pieces) {
    starts.push(end)
    end += piece.length
  }
  const column = (of: (line: KeptLine) => number) => numbers(kept.map(of))
  await queries.run(insert, [
    column(({ state }) => state.account),
    column(({ state }) => state.id),
    column(({ uid }) => uid),
    column(({ modseq }) => modseq),
    column(({ line }) => line.size),
    column(({ line }) => line.flags),
    kept.map(({ keywords }) => keywords),
    column(({ line }) => line.internalDate),
    kept.map(({ line }) => line.content),
    numbers(kept.map((_, at) => starts[2 * at] ?? 0)),
    numbers(kept.map((_, at) => starts[2 * at + 1] ?? 0)),
    numbers(kept.map((_, at) => starts[2 * at + 2] ?? end)),
    kept.map(({ line }) => line.key),
    Buffer.concat(pieces),
    now,
  ])
}
