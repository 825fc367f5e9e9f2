import { OperatorError, type Health } from '@cartero/agent/lifecycle'
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
import { Opened } from './opened.ts'
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
export class Stores extends Opened<OpenStores> {
  readonly #options: StoresOptions

  constructor(options: StoresOptions) {
    super('stores')
    this.#options = options
  }

  health(): Health {
    return { status: 'ok', detail: `${this.open.spool.waiting} messages on their way` }
  }

  protected openAll(closing: AsyncDisposableStack): Promise<OpenStores> {
    return inWords(openStores(this.#options, closing))
  }
}

async function openStores(
  { data, damaged, trouble, keepDeadLetters }: StoresOptions,
  closing: AsyncDisposableStack,
): Promise<OpenStores> {
  const keep = <T extends { close(): Promise<void> }>(store: T): T =>
    closing.adopt(store, (opened) => opened.close())
  const sql = keep(new SqlWorker())
  const content = keep(await SegmentContentLog.open({ directory: data.content, report: damaged }))
  const mailStore = keep(await openMailStore({ sql, data }))
  const spool = keep(
    await EmbeddedSpool.open({ log: content, sql, file: data.spool, trouble, keepDeadLetters }),
  )
  return { sql, mailStore, content, spool }
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
