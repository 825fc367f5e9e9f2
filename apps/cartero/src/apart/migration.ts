import { setTimeout as sleep } from 'node:timers/promises'

import { OperatorError } from '@cartero/agent/lifecycle'
import type { ConfigRule } from '@cartero/agent/config'
import { DIRECTORY_SCHEMA } from '@cartero/directory/postgres'
import { JOURNEY_SCHEMA } from '@cartero/journey/postgres'
import { MAILSTORE_SCHEMA } from '@cartero/mailstore/postgres'
import { SPOOL_SCHEMA } from '@cartero/spool/postgres'
import { migrate, schemaVersion, SqlError, type StoreSchema } from '@cartero/sql/postgres'
import { systemClock } from '@cartero/wire'

import type { CarteroConfig, definition } from '../config.ts'
import { databaseUrlOf, STORES, type StoreName } from '../services-rules.ts'
import { databaseOf } from './database.ts'
import { ATTEMPT_EVERY } from './service.ts'

const SCHEMAS: Readonly<Record<StoreName, StoreSchema>> = {
  spool: SPOOL_SCHEMA,
  mailstore: MAILSTORE_SCHEMA,
  directory: DIRECTORY_SCHEMA,
  journey: JOURNEY_SCHEMA,
}

/** What became of one store. Version 0 is a database that has none of it yet. */
export interface StoreMigration {
  readonly store: StoreName
  readonly from: number
  readonly to: number
  /** `due`: it was only asked. `newer`: it belongs to a later program, and was left alone. */
  readonly outcome: 'done' | 'current' | 'due' | 'newer' | 'failed'
  readonly reason?: string
}

/** Every store has a database. */
export const needsDatabases: ConfigRule<typeof definition> = function* (config) {
  for (const store of STORES)
    if (databaseUrlOf(config, store) === undefined)
      yield {
        key: 'services.postgres.url',
        message: `the ${store} has no database`,
        fix: `set it, or services.postgres.${store}`,
      }
}

/**
 * Brings all stores to the version of this program, one after the other. Waits for a Postgres that is still starting. What fails keeps the
 * others from nothing. Rejects with OperatorError when a password cannot be read.
 */
export async function migrateStores(
  config: CarteroConfig,
  { isOnlyTold }: { readonly isOnlyTold: boolean },
): Promise<readonly StoreMigration[]> {
  const migrated: StoreMigration[] = []
  const deadline = systemClock.elapsed() + config.services.patience
  for (const store of STORES) migrated.push(await migrateStore(config, { store, deadline, isOnlyTold }))
  return migrated
}

async function migrateStore(
  config: CarteroConfig,
  {
    store,
    deadline,
    isOnlyTold,
  }: { readonly store: StoreName; readonly deadline: number; readonly isOnlyTold: boolean },
): Promise<StoreMigration> {
  const to = SCHEMAS[store].migrations.length
  const database = databaseOf(config, store, 'migrate')
  try {
    const from = await patiently(() => schemaVersion(database), deadline)
    if (from > to) return { store, from, to, outcome: 'newer' }
    if (from === to) return { store, from, to, outcome: 'current' }
    if (isOnlyTold) return { store, from, to, outcome: 'due' }
    return { store, ...(await migrate(database, SCHEMAS[store])), outcome: 'done' }
  } catch (error) {
    if (!(error instanceof SqlError) && !(error instanceof OperatorError)) throw error
    return { store, from: 0, to, outcome: 'failed', reason: error.message }
  } finally {
    await database.close()
  }
}

/** A server that is away may be starting. */
async function patiently<T>(ask: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isAway = error instanceof SqlError && error.fault === 'busy'
      if (!isAway || systemClock.elapsed() >= deadline) throw error
      // Nothing else holds a process that only migrates.
      await sleep(ATTEMPT_EVERY)
    }
  }
}
