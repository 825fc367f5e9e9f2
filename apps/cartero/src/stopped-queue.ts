import { createControlSocket } from '@cartero/agent/admin'
import type { ContentLog } from '@cartero/content'
import { SegmentContentLog } from '@cartero/content/segments'
import { EmbeddedSpool } from '@cartero/spool/embedded'
import { SqlWorker } from '@cartero/sql'

import type { CarteroConfig } from './config.ts'
import type { DataFolder } from './data-folder.ts'
import { MAINTENANCE } from './status.ts'

/** The queue of a stopped system. */
export interface StoppedQueue extends AsyncDisposable {
  readonly spool: EmbeddedSpool
  readonly content: ContentLog
}

/**
 * Opens the queue of a stopped system until it is disposed of. The folder is claimed meanwhile, so that the system cannot start
 * beneath it, and a second one waits for the first. Rejects with OperatorError, and as the stores do.
 */
export async function openStoppedQueue(
  data: DataFolder,
  { spool: { keepDeadLetters } }: Pick<CarteroConfig, 'spool'>,
): Promise<StoppedQueue> {
  await using opening = new AsyncDisposableStack()
  const claim = createControlSocket({ path: data.controlSocket, verbs: { status: async () => MAINTENANCE } })
  await claim.start?.(new AbortController().signal)
  opening.defer(() => claim.stop?.())
  const sql = opening.adopt(new SqlWorker(), (worker) => worker.close())
  const content = opening.adopt(
    await SegmentContentLog.open({ directory: data.content, report: () => undefined }),
    (log) => log.close(),
  )
  const spool = opening.adopt(
    await EmbeddedSpool.open({
      log: content,
      sql,
      file: data.spool,
      trouble: () => undefined,
      keepDeadLetters,
    }),
    (open) => open.close(),
  )
  const closing = opening.move()
  return { spool, content, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}
