import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

import { explainSystemError } from '../lifecycle/operator-error.ts'
import { ControlError, type ToldError } from './control-error.ts'
import type { StreamLine } from './control-stream.ts'
import { shortestPath } from './socket-path.ts'

/** Milliseconds that a verb may take before the caller gives up. */
export const CALL_DEADLINE = 30_000

/**
 * Tells the running system a verb. Rejects with ControlError: `unreachable` when nobody listens, otherwise as the verb
 * refused it; with OperatorError when the socket belongs to another user.
 */
export async function callControl(
  path: string,
  verb: string,
  argument: unknown,
  signal: AbortSignal = AbortSignal.timeout(CALL_DEADLINE),
): Promise<unknown> {
  const response = await post(shortestPath(path), verb, JSON.stringify(argument ?? null), signal)
  return resultOf(await text(response))
}

function resultOf(body: string): unknown {
  const answer = JSON.parse(body) as { readonly result?: unknown; readonly error?: ToldError }
  if (answer.error !== undefined) throw new ControlError(answer.error.fault, answer.error.message)
  return answer.result
}

/**
 * Hands octets over to a verb of the running system, at the pace at which it reads them. Rejects as `callControl` does, and with
 * what the source of the octets threw; then the system was told that they are not whole.
 */
export async function uploadControl(
  path: string,
  verb: string,
  argument: unknown,
  octets: AsyncIterable<Buffer>,
): Promise<unknown> {
  const { call, response } = begin(shortestPath(path), verb, new AbortController().signal)
  const answered = response.then(
    () => undefined,
    () => undefined,
  )
  try {
    call.write(`${JSON.stringify(argument ?? null)}\n`)
    await send(call, octets, answered)
    return resultOf(await text(await response))
  } finally {
    call.destroy()
  }
}

/** Until all is sent, or there is an answer already. */
async function send(
  call: ClientRequest,
  octets: AsyncIterable<Buffer>,
  answered: Promise<undefined>,
): Promise<void> {
  const source = octets[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([source.next(), answered])
    if (next === undefined) return
    if (next.done === true) break
    if (!call.write(next.value)) await Promise.race([once(call, 'drain'), answered])
  }
  call.end()
}

/**
 * Listens to a verb of the running system that goes on telling, until the signal aborts. Fulfilled once the system has agreed;
 * rejects as `callControl` does. The values end with ControlError `unreachable` when the system stops.
 */
export async function listenControl(
  path: string,
  verb: string,
  argument: unknown,
  signal: AbortSignal,
): Promise<AsyncIterable<unknown>> {
  const response = await post(shortestPath(path), verb, JSON.stringify(argument ?? null), signal)
  // What is no stream is a refusal.
  if (response.statusCode !== 200) resultOf(await text(response))
  return valuesOf(response, signal)
}

async function* valuesOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<unknown, void> {
  const stopped = new ControlError('unreachable', 'the system has stopped')
  try {
    for await (const line of linesOf(response)) {
      const told = JSON.parse(line) as StreamLine
      if ('error' in told) throw new ControlError(told.error.fault, told.error.message)
      yield told.value
    }
  } catch (error) {
    if (signal.aborted) return
    throw error instanceof ControlError ? error : stopped
  }
  if (!response.complete && !signal.aborted) throw stopped
}

/** Lines end with LF alone: JSON may hold other line separators. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void> {
  let rest = ''
  for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

const NOBODY_LISTENS = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED'])
const NOT_OURS = new Set(['EACCES', 'EPERM'])
/** The socket is for the user who runs the system. */
const BE_ITS_USER = 'run this as the user who runs the system'

function post(socketPath: string, verb: string, body: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { call, response } = begin(socketPath, verb, signal, Buffer.byteLength(body))
  call.end(body)
  return response
}

/** A request that is still to be written. */
function begin(
  socketPath: string,
  verb: string,
  signal: AbortSignal,
  length?: number,
): { readonly call: ClientRequest; readonly response: Promise<IncomingMessage> } {
  const headers = {
    'content-type': 'application/json',
    ...(length !== undefined && { 'content-length': length }),
  }
  const call = request({ socketPath, path: `/v1/${verb}`, method: 'POST', headers, signal, agent: false })
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    call.once('error', (error: NodeJS.ErrnoException) => {
      if (NOT_OURS.has(error.code ?? ''))
        return reject(explainSystemError(error, `ask the system at ${socketPath}`, BE_ITS_USER))
      const fault = NOBODY_LISTENS.has(error.code ?? '') ? 'unreachable' : 'failure'
      reject(new ControlError(fault, `${verb}: ${error.message}`, { cause: error }))
    })
    call.once('response', resolve)
  })
  return { call, response }
}
