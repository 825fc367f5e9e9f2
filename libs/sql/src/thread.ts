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
    send(response)
  } catch {
    send(response.map(cloneable))
  }
}

function send(response: Response): void {
  parentPort?.postMessage(response)
}

function cloneable(result: Result): Result {
  try {
    return structuredClone(result)
  } catch (error) {
    return failure(error)
  }
}

async function answer(request: Request): Promise<Response> {
  if (request.kind === 'batch') return runAll(request.calls)
  return [await attempt(() => administer(request))]
}

function administer(request: Exclude<Request, { kind: 'batch' }>): void | Promise<void> {
  switch (request.kind) {
    case 'open':
      return open(request)
    case 'close':
      return close(request.store)
    case 'end':
      return [...runners.keys()].forEach(close)
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
  const module = imported.default
  const database = openDatabase(request.file, module.migrations, request.cacheKiB)
  runners.set(request.store, new BatchRunner(database, module.prepare(database)))
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
