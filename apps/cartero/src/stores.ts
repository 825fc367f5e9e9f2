import { OperatorError, type Component, type Health } from '@cartero/agent/lifecycle'
import { ContentStoreError, type ContentLog } from '@cartero/content'
import { SegmentContentLog } from '@cartero/content/segments'
import { DirectoryError, type Directory, type DirectoryOptions } from '@cartero/directory'
import { openSqliteDirectory } from '@cartero/directory/sqlite'
import type { MailStore } from '@cartero/mailstore'
import { openSqliteMailStore } from '@cartero/mailstore/sqlite'
import { SpoolError } from '@cartero/spool'
import { EmbeddedSpool } from '@cartero/spool/embedded'
import { SqlError, SqlWorker } from '@cartero/sql'

import type { DataFolder } from './data-folder.ts'
import { secretKey } from './secret-key.ts'

/** What is opened; the directory's agent opens its store itself, in the same thread. */
export interface OpenStores {
  readonly sql: SqlWorker
  readonly mailStore: MailStore
  readonly content: ContentLog
  readonly spool: EmbeddedSpool
}

export interface StoresOptions {
  readonly data: DataFolder
  /** Milliseconds that dead letters are kept. */
  readonly keepDeadLetters: number
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
      this.#open = await inWords(this.#openAll())
    } catch (error) {
      await this.#closing.disposeAsync()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#closing.disposeAsync()
  }

  health(): Health {
    return { status: 'ok', detail: `${this.open.spool.waiting} messages on their way` }
  }

  async #openAll(): Promise<OpenStores> {
    const { data, damaged, trouble, keepDeadLetters } = this.#options
    const sql = this.#keep(new SqlWorker())
    const content = this.#keep(await SegmentContentLog.open({ directory: data.content, report: damaged }))
    const mailStore = this.#keep(await openMailStore({ sql, data }))
    const spool = this.#keep(
      await EmbeddedSpool.open({ log: content, sql, file: data.spool, trouble, keepDeadLetters }),
    )
    return { sql, mailStore, content, spool }
  }

  #keep<T extends { close(): Promise<void> }>(store: T): T {
    this.#closing.defer(() => store.close())
    return store
  }
}

/** Where a store is opened: in a thread that outlives it, in the files of a data folder. */
export interface Place {
  readonly sql: SqlWorker
  readonly data: DataFolder
}

/** How the directory reads addresses. */
export interface AddressReading extends Pick<DirectoryOptions, 'ruleFor'> {
  readonly subaddressSeparator: string
}

/** Rejects with OperatorError when the operator can mend it. */
export function openDirectory(
  { sql, data }: Place,
  { subaddressSeparator, ruleFor }: AddressReading,
): Promise<Directory> {
  return inWords(
    openSqliteDirectory({
      worker: sql,
      file: data.directory,
      policy: { subaddressSeparator },
      secretKey: secretKey(data.secretKey),
      ...(ruleFor && { ruleFor }),
    }),
  )
}

/** Rejects with OperatorError when the operator can mend it. */
export function openMailStore({ sql, data }: Place): Promise<MailStore> {
  return inWords(openSqliteMailStore({ worker: sql, file: data.mailStore }))
}

/** Rejects with OperatorError for the errors of stores, which are written for the operator. */
export async function inWords<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    throw wordsFor(error)
  }
}

function wordsFor(error: unknown): unknown {
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
