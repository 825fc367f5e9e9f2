import type { Health } from '@cartero/agent/lifecycle'
import { Postgres, statement } from '@cartero/sql/postgres'

import type { CarteroConfig } from '../config.ts'
import { databaseUrlOf, type StoreName } from '../services-rules.ts'
import { service, type Ground } from './ground.ts'
import { secretIn } from './secret-file.ts'
import type { Service } from './service.ts'

/** A store in Postgres, and its database. */
export interface Stored<T> {
  readonly database: Postgres
  readonly store: T
}

/** A store of an agent: its database, whose schema must be there, and what is opened on it. */
export function stored<T extends { close(): Promise<void> }>(
  ground: Ground,
  name: StoreName,
  open: (database: Postgres) => Promise<T>,
): Service<Stored<T>> {
  return service(ground, {
    name: `${name} database`,
    what: `the database of the ${name}`,
    remedy: `start Postgres, run "cartero migrate", or correct services.postgres`,
    open: async (closing) => {
      const database = closing.adopt(databaseOf(ground.config, name, ground.process), (opened) =>
        opened.close(),
      )
      return { database, store: closing.adopt(await open(database), (opened) => opened.close()) }
    },
    health: ({ database }) => answering(database, name),
  })
}

/**
 * The database of a store, which is connected to when it is asked. Throws OperatorError when the password cannot be read.
 *
 * @param process who asks, for the server's list of connections
 */
export function databaseOf(config: CarteroConfig, store: StoreName, process: string): Postgres {
  const { passwordFile, connections } = config.services.postgres
  const password =
    passwordFile === undefined ? undefined : secretIn(passwordFile, 'services.postgres.passwordFile')
  return new Postgres({
    url: databaseUrlOf(config, store)!,
    schema: store,
    connections,
    name: `cartero ${process}`,
    ...(password !== undefined && { password }),
  })
}

const PING = statement('SELECT 1')

async function answering(database: Postgres, name: StoreName): Promise<Health> {
  try {
    await database.rows(PING)
    return { status: 'ok' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      status: 'failing',
      reason: `the database of the ${name}: ${reason}`,
      hint: 'see why Postgres does not answer',
    }
  }
}
