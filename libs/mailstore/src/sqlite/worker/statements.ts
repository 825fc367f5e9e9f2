import type { Database } from '@cartero/sql/procedures'

export type Statement = ReturnType<Database['prepare']>

/** A statement whose rows are arrays, which cost a fraction of objects. */
export function prepareArrays(database: Database, sql: string): Statement {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

/** Uids are read by a range scan when at least this part of the range is wanted. */
const denseShare = 0.5

/**
 * Rows of ascending uids, all when `uids` is absent; those that are gone are left out. The uid is the first column.
 *
 * @param one takes a mailbox and a uid
 * @param range takes a mailbox, the first and the last uid
 */
export function readRows(one: Statement, range: Statement, mailbox: number, uids?: Uint32Array): unknown[] {
  if (uids === undefined) return range.all(mailbox, 1, 0xffff_ffff)
  const [first, last] = [uids[0], uids.at(-1)]
  if (first === undefined || last === undefined) return []
  if (uids.length < (last - first + 1) * denseShare) {
    return [...uids].map((uid) => one.get(mailbox, uid)).filter((row) => row !== undefined)
  }
  const rows = range.all(mailbox, first, last) as unknown as [number][]
  if (uids.length === last - first + 1) return rows
  const wanted = new Set(uids)
  return rows.filter(([uid]) => wanted.has(uid))
}
