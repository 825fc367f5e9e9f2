import { OperatorError, type Component, type Health } from '@cartero/agent/lifecycle'
import { ContentStoreError, type ContentLog } from '@cartero/content'
import { SegmentContentLog } from '@cartero/content/segments'
import { DirectoryError, type Directory } from '@cartero/directory'
import { openSqliteDirectory } from '@cartero/directory/sqlite'
import type { MailStore } from '@cartero/mailstore'
import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SpoolError } from '@cartero/spool'
import { EmbeddedSpool } from '@cartero/spool/embedded'
import { SqlError, SqlWorker } from '@cartero/sql'

import type { DataFolder } from './data-folder.ts'

/** What is opened. */
export interface OpenStores {
  readonly directory: Directory
  readonly mailStore: MailStore
  readonly content: ContentLog
  readonly spool: EmbeddedSpool
}

export interface StoresOptions {
  readonly data: DataFolder
  readonly subaddressSeparator: string
  /** Told of octets that were durable once and cannot be read now. */
  readonly damaged: (damage: object) => void
  /** Told of what failed and is tried again. */
  readonly trouble: (error: unknown) => void
}

/** The stores of one machine, opened in order and closed in reverse. */
export class Stores implements Component {
  readonly name = 'stores'
  readonly #options: StoresOptions
  readonly #closing = new AsyncDisposableStack()
  #open: OpenStores | undefined

  constructor(options: StoresOptions) {
    this.#options = options
  }

  /** Only after the start. */
  get open(): OpenStores {
    if (this.#open === undefined) throw new Error('a store is asked for before it was opened')
    return this.#open
  }

  async start(): Promise<void> {
    try {
      this.#open = await this.#openAll()
    } catch (error) {
      await this.#closing.disposeAsync()
      throw inWords(error)
    }
  }

  async stop(): Promise<void> {
    await this.#closing.disposeAsync()
  }

  health(): Health {
    return { status: 'ok', detail: `${this.open.spool.waiting} messages on their way` }
  }

  async #openAll(): Promise<OpenStores> {
    const { data, subaddressSeparator, damaged, trouble } = this.#options
    const worker = this.#keep(new SqlWorker())
    const content = this.#keep(await SegmentContentLog.open({ directory: data.content, report: damaged }))
    const [directory, mailStore] = await Promise.all([
      openSqliteDirectory({ worker, file: data.directory, policy: { subaddressSeparator } }).then((store) =>
        this.#keep(store),
      ),
      openSqliteMailStore({ worker, file: data.mailStore }).then((store) => this.#keep(store)),
    ])
    const spool = this.#keep(
      await EmbeddedSpool.open({ log: content, sql: worker, file: data.spool, trouble }),
    )
    return { directory, mailStore, content, spool }
  }

  #keep<T extends { close(): Promise<void> }>(store: T): T {
    this.#closing.defer(() => store.close())
    return store
  }
}

/** What the administration needs of a stopped system: who exists, and their mailboxes. */
export async function openAdministrationStores(
  data: DataFolder,
  subaddressSeparator: string,
): Promise<AsyncDisposable & Pick<OpenStores, 'directory' | 'mailStore'>> {
  await using opening = new AsyncDisposableStack()
  const keep = <T extends { close(): Promise<void> }>(store: T): T => {
    opening.defer(() => store.close())
    return store
  }
  try {
    const worker = keep(new SqlWorker())
    const directory = keep(
      await openSqliteDirectory({ worker, file: data.directory, policy: { subaddressSeparator } }),
    )
    const mailStore = keep(await openSqliteMailStore({ worker, file: data.mailStore }))
    const closing = opening.move()
    return { directory, mailStore, [Symbol.asyncDispose]: () => closing.disposeAsync() }
  } catch (error) {
    throw inWords(error)
  }
}

/** The stores' own errors are written for the operator. */
function inWords(error: unknown): unknown {
  const isStores = error instanceof ContentStoreError || error instanceof SpoolError
  if (isStores || (error instanceof SqlError && error.fault !== 'bug')) {
    return new OperatorError(error.message, 'nothing was lost; mend what the message names and start again', {
      cause: error,
    })
  }
  if (error instanceof DirectoryError)
    return new OperatorError(error.message, 'change the configuration', { cause: error })
  return error
}
