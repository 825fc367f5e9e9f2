import { SqlWorker } from '@cartero/sql'

import { Opened } from '../opened.ts'

/** Where an agent remembers what it can ask for again, such as TLS policies of other domains. */
export class Scratch extends Opened<{ readonly sql: SqlWorker }> {
  constructor() {
    super('scratch')
  }

  protected async openAll(closing: AsyncDisposableStack): Promise<{ readonly sql: SqlWorker }> {
    return { sql: closing.adopt(new SqlWorker(), (sql) => sql.close()) }
  }
}
