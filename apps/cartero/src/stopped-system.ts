import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { createDirectoryAgent } from '@cartero/directory-agent/agent'
import { SqlWorker } from '@cartero/sql'

import type { AdministrationStores } from './administration.ts'
import type { DataFolder } from './data-folder.ts'
import { openDirectory, openMailStore, type AddressReading } from './stores.ts'

/** What the administration needs of a stopped system, open until it is disposed of: who exists, and their mailboxes. */
export async function openStoppedSystem(
  data: DataFolder,
  reading: AddressReading,
): Promise<AsyncDisposable & AdministrationStores> {
  await using opening = new AsyncDisposableStack()
  const sql = opening.adopt(new SqlWorker(), (worker) => worker.close())
  const agent = createDirectoryAgent({
    open: () => openDirectory({ sql, data }, reading),
    logger: silentLogger,
    metrics: new MetricRegistry(),
  })
  await agent.start?.(new AbortController().signal)
  opening.defer(() => agent.stop?.())
  const mailStore = opening.adopt(await openMailStore({ sql, data }), (store) => store.close())
  const closing = opening.move()
  return {
    directory: agent.directory,
    mailStore,
    bans: agent.bans,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}
