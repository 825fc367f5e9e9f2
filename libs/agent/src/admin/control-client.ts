import { request } from 'node:http'
import { text } from 'node:stream/consumers'

import { explainSystemError } from '../lifecycle/operator-error.ts'
import { ControlError, type ControlFault } from './control-error.ts'
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
  const body = await post(shortestPath(path), verb, JSON.stringify(argument ?? null), signal)
  const answer = JSON.parse(body) as {
    readonly result?: unknown
    readonly error?: { readonly fault: ControlFault; readonly message: string }
  }
  if (answer.error !== undefined) throw new ControlError(answer.error.fault, answer.error.message)
  return answer.result
}

const NOBODY_LISTENS = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED'])
const NOT_OURS = new Set(['EACCES', 'EPERM'])
/** The socket is for the user who runs the system. */
const BE_ITS_USER = 'run this as the user who runs the system'

function post(socketPath: string, verb: string, body: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const call = request({ socketPath, path: `/v1/${verb}`, method: 'POST', headers, signal, agent: false })
    call.once('error', (error: NodeJS.ErrnoException) => {
      if (NOT_OURS.has(error.code ?? ''))
        return reject(explainSystemError(error, `ask the system at ${socketPath}`, BE_ITS_USER))
      const fault = NOBODY_LISTENS.has(error.code ?? '') ? 'unreachable' : 'failure'
      reject(new ControlError(fault, `${verb}: ${error.message}`, { cause: error }))
    })
    call.once('response', (response) => {
      text(response).then(resolve, reject)
    })
    call.end(body)
  })
}
