import type { SqlStore } from '../worker.ts'
import type { Archive, ArchiveCursor, ArchivedKind, ArchivedPortion, ArchivedRow } from './ports.ts'
import type { TableProcedures } from './sqlite-procedures.ts'
import { kindsOf, NUMBERS, placesOf, type ArchivedTables } from './tables.ts'

/** Tables of SQLite as an archive. */
export class SqliteTables implements Archive {
  readonly kinds: readonly ArchivedKind[]
  readonly #store: SqlStore<TableProcedures>
  readonly #tables: ArchivedTables

  /** @param store closed with the archive; its procedures are those of the same tables */
  constructor(store: SqlStore<TableProcedures>, tables: ArchivedTables) {
    this.#store = store
    this.#tables = tables
    this.kinds = kindsOf(tables)
  }

  async isEmpty(): Promise<boolean> {
    const own = this.#tables.tables.filter(({ isReplaced }) => !isReplaced)
    const counts = await Promise.all(own.map(({ name }) => this.#store.call('archiveCount', name)))
    return counts.every((count) => count === 0)
  }

  async about(kind: string): Promise<number> {
    return kind === NUMBERS ? 0 : await this.#store.call('archiveCount', kind)
  }

  async read(kind: string, limit: number, after?: ArchiveCursor): Promise<ArchivedPortion> {
    if (kind === NUMBERS) return { rows: await this.#store.call('archiveNumbers') }
    const rows = await this.#store.call('archiveRead', { table: kind, limit, after: after ?? null })
    return portionOf(this.#tables, { kind, rows, limit })
  }

  async write(kind: string, rows: readonly ArchivedRow[]): Promise<void> {
    if (kind === NUMBERS) await this.#store.call('archiveSetNumbers', rows)
    else await this.#store.call('archiveWrite', { table: kind, rows })
  }

  async contents(limit: number, after: string): Promise<readonly string[]> {
    return await this.#store.call('archiveContents', { limit, after })
  }

  async seal(): Promise<void> {
    // SQLite knows the last number of a table by its rows.
  }

  async close(): Promise<void> {
    await this.#store.close()
  }
}

/** What was read, and where reading goes on. */
export function portionOf(
  { tables }: ArchivedTables,
  read: { readonly kind: string; readonly rows: readonly ArchivedRow[]; readonly limit: number },
): ArchivedPortion {
  const { rows, limit } = read
  const table = tables.find(({ name }) => name === read.kind)!
  const last = rows.at(-1)
  if (last === undefined || rows.length < limit) return { rows }
  return { rows, next: placesOf(table).map((place) => last[place] as string | number) }
}
