import type { SqlStore, SqlWorker } from '../worker.ts'
import type { LedgerProcedures } from './ledger-procedures.ts'
import type { ArchiveCursor } from './ports.ts'

/** A content that is in both stores. */
export interface Moved {
  readonly source: string
  readonly target: string
  readonly size: number
  /** SHA-256. */
  readonly digest: Uint8Array
}

export interface Advance {
  readonly work: string
  /** Absent at the end. */
  readonly next?: ArchiveCursor | undefined
  readonly isDone: boolean
  /** Rows so far. */
  readonly done: number
  readonly moved?: readonly Moved[]
}

export interface Place {
  readonly cursor?: ArchiveCursor
  readonly isDone: boolean
  readonly done: number
}

/**
 * What a copy from one store to another has come to, in a file: it survives kill -9, and memory is the same however much there is. Which
 * content has become which is noted together with the place behind it.
 */
export class CopyLedger {
  readonly #store: SqlStore<LedgerProcedures>

  private constructor(store: SqlStore<LedgerProcedures>) {
    this.#store = store
  }

  /** Makes the file when there is none. Rejects with SqlError. */
  static async open(worker: SqlWorker, file: string): Promise<CopyLedger> {
    const procedures = new URL('./ledger-procedures.ts', import.meta.url)
    return new CopyLedger(await worker.open<LedgerProcedures>({ file, procedures }))
  }

  /** What is said of the whole. */
  async fact(name: string): Promise<string | undefined> {
    return await this.#store.call('fact', name)
  }

  async putFact(name: string, value: string): Promise<void> {
    await this.#store.call('putFact', { name, value })
  }

  async place(work: string): Promise<Place> {
    const found = await this.#store.call('place', work)
    if (found === undefined) return { isDone: false, done: 0 }
    const { cursor, isDone, done } = found
    return {
      isDone: isDone === 1,
      done,
      ...(cursor !== null && { cursor: JSON.parse(cursor) as ArchiveCursor }),
    }
  }

  /** Everything is gone over once more; contents that were moved stay known. */
  async forgetPlaces(): Promise<void> {
    await this.#store.call('forgetPlaces')
  }

  /** Durable when fulfilled. */
  async advance(advance: Advance): Promise<void> {
    await this.#store.call('advance', advance)
  }

  /** What these contents have become; undefined for those that were not moved. */
  async targets(sources: readonly string[]): Promise<readonly (string | undefined)[]> {
    return await this.#store.call('targets', sources)
  }

  /** In the order of the sources. */
  async moved(after: string, limit: number): Promise<readonly Moved[]> {
    return await this.#store.call('list', { after, limit })
  }

  async sum(): Promise<{ readonly contents: number; readonly octets: number }> {
    return await this.#store.call('sum')
  }

  async close(): Promise<void> {
    await this.#store.close()
  }
}
