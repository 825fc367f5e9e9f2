import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { createControlSocket } from '@cartero/agent/admin'
import type { ChangeProgress, QueueOffice } from '@cartero/spool'

import { controlVerbs } from '../administration.ts'
import { queueStreams } from '../queue-verbs.ts'
import { RunningChanges } from '../running-changes.ts'
import { runningQueue } from './queue-client.ts'

/** Changes 500 at a time; each portion waits to be let go on, and then ends whatever was asked meanwhile. */
class SlowQueue implements Pick<QueueOffice, 'change'> {
  portions: PromiseWithResolvers<void>[] = Array.from({ length: 4 }, () => Promise.withResolvers())
  readonly stopped = Promise.withResolvers<void>()
  changed = 0

  async *change(_: unknown, __: unknown, signal: AbortSignal): AsyncGenerator<ChangeProgress, void> {
    signal.addEventListener('abort', () => this.stopped.resolve())
    for (const portion of this.portions) {
      if (signal.aborted) return
      await portion.promise
      this.changed += 500
      yield { found: this.changed, changed: this.changed, deliveries: [] }
    }
  }
}

test('who breaks off a change hears of the portion that was under way, and nothing is changed after it', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-change-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const [path, queue, running] = [join(folder, 'control.sock'), new SlowQueue(), new RunningChanges()]
  const stores = { spool: queue as unknown as QueueOffice, content: { get: assert.fail }, routes: [] }
  const socket = createControlSocket({
    path,
    verbs: controlVerbs(running.verbs),
    streams: queueStreams(
      () => stores,
      () => undefined,
      running,
    ),
  })
  await socket.start?.(new AbortController().signal)
  context.after(() => socket.stop?.())

  const enough = new AbortController()
  const told: number[] = []
  queue.portions[0]!.resolve()
  for await (const { changed } of runningQueue(path).change({}, { kind: 'expire' }, enough.signal)) {
    told.push(changed)
    enough.abort()
    await queue.stopped.promise
    for (const portion of queue.portions) portion.resolve()
  }
  assert.deepEqual(told, [500, 1_000])
  assert.equal(queue.changed, 1_000)
})
