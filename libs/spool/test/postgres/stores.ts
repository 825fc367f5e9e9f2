import { MemoryContentLog } from '@cartero/content/memory'
import { migrate, Postgres, statement } from '@cartero/sql/postgres'
import type { PostgresServer } from '@cartero/testkit'

import { SPOOL_SCHEMA } from '@cartero/spool/postgres'

export interface Stores {
  readonly database: Postgres
  /** Closing it gives the schema to the next test. */
  readonly content: MemoryContentLog
}

const TABLES = ['message', 'delivery', 'shape', 'shape_change', 'taken_in', 'holder']

/** Schemas for the tests of a server; used again, since a migration takes longer than a test. */
export class TestStores {
  readonly #server: PostgresServer
  readonly #free: string[] = []
  #made = 0

  constructor(server: PostgresServer) {
    this.#server = server
  }

  /** One connection: what is asked first is answered first, so a test knows when everything has been. */
  async open(): Promise<Stores> {
    const schema = this.#free.pop() ?? `spool${this.#made++}`
    const database = this.connect(schema)
    await migrate(database, SPOOL_SCHEMA)
    for (const table of TABLES) await database.run(statement(`DELETE FROM ${table}`))
    const content = new MemoryContentLog()
    content.close = async () => {
      await database.close()
      this.#free.push(schema)
    }
    return { database, content }
  }

  /** Another process's connection to a schema. */
  connect(schema: string): Postgres {
    return new Postgres({ url: this.#server.url, schema, connections: 1 })
  }
}
