import type { Postgres } from '../postgres/postgres.ts'
import { statement, type Statement } from '../postgres/statement.ts'
import type { Archive, ArchiveCursor, ArchivedKind, ArchivedPortion, ArchivedRow } from './ports.ts'
import { portionOf } from './sqlite-tables.ts'
import {
  kindsOf,
  NUMBERS,
  type ArchivedColumn,
  type ArchivedTable,
  type ArchivedTables,
  type ColumnType,
} from './tables.ts'

interface Statements {
  readonly first: Statement
  readonly next: Statement
  readonly insert: Statement
  readonly exists: Statement
  readonly about: Statement
  readonly contents: Statement | undefined
}

/** Tables of Postgres as an archive. Whoever opened the database closes it. */
export class PostgresTables implements Archive {
  readonly kinds: readonly ArchivedKind[]
  readonly #database: Postgres
  readonly #tables: ArchivedTables
  readonly #statements: ReadonlyMap<string, Statements>

  constructor(database: Postgres, tables: ArchivedTables) {
    this.#database = database
    this.#tables = tables
    this.kinds = kindsOf(tables)
    this.#statements = new Map(tables.tables.map((table) => [table.name, statementsOf(table)]))
  }

  async isEmpty(): Promise<boolean> {
    const own = this.#tables.tables.filter(({ isReplaced }) => !isReplaced)
    const found = await Promise.all(own.map(({ name }) => this.#database.rows(this.#of(name).exists)))
    return found.every((rows) => rows.length === 0)
  }

  async about(kind: string): Promise<number> {
    if (kind === NUMBERS) return 0
    const [row] = await this.#database.rows<{ about: number }>(this.#of(kind).about)
    return Math.max(row?.about ?? 0, 0)
  }

  async read(kind: string, limit: number, after?: ArchiveCursor): Promise<ArchivedPortion> {
    if (kind === NUMBERS) return { rows: await this.#numbers() }
    const { first, next } = this.#of(kind)
    const found =
      after === undefined
        ? await this.#database.rows<object>(first, [limit])
        : await this.#database.rows<object>(next, [limit, ...after])
    const rows = found.map((row) => Object.values(row) as unknown as ArchivedRow)
    return portionOf(this.#tables, { kind, rows, limit })
  }

  async write(kind: string, rows: readonly ArchivedRow[]): Promise<void> {
    if (rows.length === 0) return
    if (kind === NUMBERS) return await this.#setNumbers(rows)
    const table = this.#tables.tables.find(({ name }) => name === kind)!
    const values = table.columns.map((_, at) => rows.map((row) => row[at]))
    await this.#database.run(this.#of(kind).insert, values)
  }

  async contents(limit: number, after: string): Promise<readonly string[]> {
    const found: string[] = []
    for (const { contents } of this.#statements.values()) {
      if (contents === undefined) continue
      const rows = await this.#database.rows<{ content: string }>(contents, [after, limit])
      found.push(...rows.map(({ content }) => content))
    }
    return found
  }

  /** Numbers that may be given again are only not given while their rows are there. */
  async seal(): Promise<void> {
    for (const [table, sequence] of Object.entries(this.#tables.sequences ?? {}))
      await this.#database.rows(
        statement(`SELECT setval('${sequence}', greatest(max(id), 1), count(*) > 0) FROM ${table}`),
      )
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #of(kind: string): Statements {
    return this.#statements.get(kind)!
  }

  async #numbers(): Promise<readonly ArchivedRow[]> {
    const rows: ArchivedRow[] = []
    for (const name of this.#tables.numbered) {
      const asked = statement(
        `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM ${name}_id_seq`,
      )
      rows.push([name, (await this.#database.rows<{ last: number }>(asked))[0]!.last])
    }
    return rows
  }

  async #setNumbers(rows: readonly ArchivedRow[]): Promise<void> {
    for (const name of this.#tables.numbered) {
      const last = Number(rows.find(([table]) => table === name)?.[1] ?? 0)
      await this.#database.rows(SET_NUMBER, [`${name}_id_seq`, last])
    }
  }
}

const SET_NUMBER = statement(`SELECT setval($1::text::regclass, greatest($2::bigint, 1), $2::bigint > 0)`)

/** Every name here is ours: of a list of tables, and never of what somebody sent. */
function statementsOf(table: ArchivedTable): Statements {
  const { name, columns, key, content } = table
  const read = `SELECT ${columns.map(reading).join(', ')} FROM ${name}`
  const order = `ORDER BY ${key.join(', ')} LIMIT $1`
  const behind = key.map((_, at) => `$${at + 2}`).join(', ')
  return {
    first: statement(`${read} ${order}`),
    next: statement(`${read} WHERE (${key.join(', ')}) > (${behind}) ${order}`),
    insert: statement(insertOf(table)),
    exists: statement(`SELECT 1 AS one FROM ${name} LIMIT 1`),
    about: statement(`SELECT reltuples::bigint AS about FROM pg_class WHERE oid = '${name}'::regclass`),
    contents:
      content === undefined
        ? undefined
        : statement(
            `SELECT DISTINCT ${content} AS content FROM ${name} WHERE ${content} > $1 ORDER BY 1 LIMIT $2`,
          ),
  }
}

function insertOf({ name, columns, key, isReplaced }: ArchivedTable): string {
  const names = columns.map((each) => each.name).join(', ')
  const kept = columns
    .filter((each) => !key.includes(each.name))
    .map((each) => `${each.name} = excluded.${each.name}`)
  return `INSERT INTO ${name} (${names}) OVERRIDING SYSTEM VALUE SELECT ${columns.map(writing).join(', ')}
    FROM unnest(${columns.map(({ type }, at) => `$${at + 1}::${ARRAYS[type]}[]`).join(', ')}) AS given (${names})
    ON CONFLICT ${isReplaced ? `(${key.join(', ')}) DO UPDATE SET ${kept.join(', ')}` : 'DO NOTHING'}`
}

const ARRAYS: Readonly<Record<ColumnType, string>> = {
  integer: 'bigint',
  wide: 'bigint',
  flag: 'int',
  text: 'text',
  octets: 'bytea',
  utf8: 'bytea',
  list: 'text',
}

function reading({ name, type }: ArchivedColumn): string {
  switch (type) {
    case 'wide':
      return `${name}::text AS ${name}`
    case 'flag':
      return `${name}::int AS ${name}`
    case 'utf8':
      return `convert_to(${name}, 'UTF8') AS ${name}`
    case 'list':
      return `to_json(${name})::text AS ${name}`
    default:
      return name
  }
}

function writing({ name, type }: ArchivedColumn): string {
  switch (type) {
    case 'flag':
      return `${name} <> 0`
    case 'utf8':
      return `convert_from(${name}, 'UTF8')`
    case 'list':
      return `ARRAY(SELECT value FROM json_array_elements_text(${name}::json) WITH ORDINALITY AS each (value, nth) ORDER BY nth)`
    default:
      return name
  }
}
