/** What runs inside the worker thread. */
import { parentPort } from 'node:worker_threads'

import { BatchRunner, failure, type NamedCall } from './batch.ts'
import { openDatabase } from './database.ts'
import type { QueuedCall, Request, Response, Result } from './messages.ts'
import type { ProcedureModule, Procedures } from './procedures.ts'

const runners = new Map<number, BatchRunner>()

parentPort?.on('message', (request: Request) => {
  void answer(request).then(post)
})

/** A result that cannot be cloned must not take the thread down with it. */
function post(response: Response): void {
  try {
    parentPort?.postMessage(response)
  } catch (error) {
    parentPort?.postMessage(response.map(() => failure(error)))
  }
}

async function answer(request: Request): Promise<Response> {
  switch (request.kind) {
    case 'batch':
      return runAll(request.calls)
    case 'open':
      return [await attempt(() => open(request))]
    case 'close':
      return [await attempt(() => close(request.store))]
    case 'end':
      return [await attempt(() => [...runners.keys()].forEach(close))]
  }
}

async function attempt(action: () => unknown): Promise<Result> {
  try {
    return { ok: true, value: await action() }
  } catch (error) {
    return failure(error)
  }
}

async function open(request: Request & { kind: 'open' }): Promise<void> {
  const imported: { default: ProcedureModule<Procedures> } = await import(request.procedures)
  const { migrations, prepare } = imported.default
  const database = openDatabase(request.file, migrations, request.cacheKiB)
  runners.set(request.store, new BatchRunner(database, prepare(database)))
}

function close(store: number): void {
  runners.get(store)?.close()
  runners.delete(store)
}

/** Calls of different databases are independent; within one, order is kept. */
function runAll(calls: readonly QueuedCall[]): Response {
  const results: Result[] = []
  const groups = new Map<number, { places: number[]; calls: NamedCall[] }>()
  for (const [place, [store, name, argument]] of calls.entries()) {
    const group = groups.get(store) ?? { places: [], calls: [] }
    groups.set(store, group)
    group.places.push(place)
    group.calls.push([name, argument])
  }
  for (const [store, group] of groups) {
    const answers = runners.get(store)?.run(group.calls)
    for (const [index, place] of group.places.entries()) {
      results[place] = answers?.[index] ?? { ok: false, fault: 'bug', message: 'the database is not open' }
    }
  }
  return results
}
