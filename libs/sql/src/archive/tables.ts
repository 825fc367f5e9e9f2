import type { ArchivedKind } from './ports.ts'

/**
 * How a column is carried. `wide`: an integer of 64 bits, as text. `flag`: 0 or 1. `utf8`: octets, which Postgres keeps as text. `list`: JSON of
 * texts, which SQLite keeps in a table of their own.
 */
export type ColumnType = 'integer' | 'wide' | 'flag' | 'text' | 'octets' | 'utf8' | 'list'

export interface ArchivedColumn {
  readonly name: string
  readonly type: ColumnType
  /** What SQLite calls it, or how it is asked for there. */
  readonly sqlite?: string
}

/** A table that two adapters have alike. */
export interface ArchivedTable {
  readonly name: string
  readonly columns: readonly ArchivedColumn[]
  /** Columns by which rows are ordered and told apart. */
  readonly key: readonly string[]
  /** Rows at once. */
  readonly portion?: number
  /** The column that names a content. */
  readonly content?: string
  /** Every new store has rows of its own, which give way. */
  readonly isReplaced?: true
  /** What SQLite has to be told of each row as well; `?1` is its first value. */
  readonly also?: string
}

/** The tables of a room. */
export interface ArchivedTables {
  /** In the order in which they have to be written. */
  readonly tables: readonly ArchivedTable[]
  /** Tables whose numbers (`id`) are never given twice, also when their rows are gone. */
  readonly numbered: readonly string[]
  /** Sequences of Postgres for tables whose numbers may be given again, by the table. */
  readonly sequences?: Readonly<Record<string, string>>
}

/** Rows: the name of a table, and the last number that it gave. */
export const NUMBERS = 'number'

const PORTION = 1_000

export function kindsOf({ tables, numbered }: ArchivedTables): readonly ArchivedKind[] {
  const kinds = tables.map((table) => {
    const content = table.columns.findIndex(({ name }) => name === table.content)
    return { name: table.name, portion: table.portion ?? PORTION, ...(content >= 0 && { content }) }
  })
  return numbered.length === 0 ? kinds : [...kinds, { name: NUMBERS, portion: PORTION }]
}

export function column(
  name: string,
  type: ColumnType = 'integer',
  options: Pick<ArchivedColumn, 'sqlite'> = {},
): ArchivedColumn {
  return { name, type, ...options }
}

/** The key of a row. */
export function placesOf({ columns, key }: ArchivedTable): readonly number[] {
  return key.map((wanted) => columns.findIndex(({ name }) => name === wanted))
}
