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

/** Rows read at a time: their objects fit the young generation of the worker's small heap. */
const portionSize = 2_000

/** Uids in portions, so that what a procedure holds does not grow with what it is asked. */
export function* portionsOf(uids: Uint32Array, size = portionSize): Iterable<Uint32Array> {
  for (let at = 0; at < uids.length; at += size) yield uids.subarray(at, at + size)
}

/**
 * Rows of ascending uids; those that are gone are left out. The uid is the first column.
 *
 * @param one takes a mailbox and a uid
 * @param range takes a mailbox, the first and the last uid
 */
export function readRows(one: Statement, range: Statement, mailbox: number, uids: Uint32Array): unknown[] {
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

/** Reads decimal numbers that are separated by one character: a column that SQLite has written as text. */
export function numbersOf<T extends Uint32Array | Float64Array>(text: string, numbers: T): T {
  let [count, number] = [0, 0]
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0) number = number * 10 + digit
    else {
      numbers[count++] = number
      number = 0
    }
  }
  if (count < numbers.length) numbers[count] = number
  return numbers
}
