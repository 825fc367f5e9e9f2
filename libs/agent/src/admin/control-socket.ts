import { rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'

import type { Component } from '../lifecycle/component.ts'
import { explainSystemError, OperatorError } from '../lifecycle/operator-error.ts'
import { ControlError, toldError, type ControlFault } from './control-error.ts'
import { LISTENER_DEADLINE, MOST_LISTENERS, writeStream, type ControlStreams } from './control-stream.ts'
import { readUpload, UPLOAD_PATIENCE, type ControlUploads } from './control-upload.ts'
import { REQUEST_DEADLINE, SmallHttpServer, type Handler } from './http-server.ts'
import { shortestPath } from './socket-path.ts'

/** Octets of a request; arguments are names and passwords, not mail. */
export const MOST_REQUEST_OCTETS = 1_048_576
/** What the running system can be told, by name (`account.add`). Argument and result are JSON. */
export type ControlVerbs = Readonly<
  Record<string, (argument: unknown, signal: AbortSignal) => Promise<unknown>>
>

const STATUS: Readonly<Record<ControlFault, number>> = {
  usage: 400,
  notFound: 404,
  failure: 500,
  unreachable: 503,
}

/**
 * The socket through which the command line speaks to the running system: POST /v1/<verb> with a JSON argument. A verb of
 * `streams` is answered with a line of JSON for each value, until either side has had enough; behind the argument of a verb of
 * `uploads` stand octets.
 * Who may open the file (mode 600) may do everything. Only one process can hold it, so it also guards the data folder.
 */
export function createControlSocket(options: {
  readonly path: string
  readonly verbs: ControlVerbs
  readonly streams?: ControlStreams
  readonly uploads?: ControlUploads
  readonly listenerDeadline?: number
}): Component {
  const path = shortestPath(options.path)
  const listeners = new Set<ServerResponse>()
  const deadline = options.listenerDeadline ?? LISTENER_DEADLINE
  const handler: Handler = (request, response) => {
    const upload = named(request, options.uploads)
    if (upload !== undefined) return takeIn(request, response, upload)
    // What is no upload comes at once.
    request.setTimeout(REQUEST_DEADLINE, () => request.destroy())
    const stream = named(request, options.streams)
    if (stream !== undefined) return tell(request, response, stream, { listeners, deadline })
    return answer(request, response, options.verbs)
  }
  const server = new SmallHttpServer({ path }, handler, { requestDeadline: 0 })
  return {
    name: 'control',
    async start() {
      await clearStale(path)
      // Bound with its final rights: there is no moment at which others could connect.
      const mask = process.umask(0o177)
      const listening = server.listen()
      process.umask(mask)
      await listening
    },
    async stop() {
      await server.close()
      rmSync(path, { force: true })
    },
  }
}

/** A process that was killed leaves its socket behind. One that lives answers. */
async function clearStale(path: string): Promise<void> {
  const outcome = await probe(path)
  if (outcome === 'alive') {
    throw new OperatorError(
      `another process is running on this data folder: it answers at ${path}`,
      'stop it first, or choose another data folder',
    )
  }
  if (outcome === 'stale') rmSync(path, { force: true })
}

function probe(path: string): Promise<'alive' | 'stale' | 'absent'> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('alive')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return resolve('absent')
      if (error.code === 'ECONNREFUSED') return resolve('stale')
      return reject(explainSystemError(error, `ask at ${path}`))
    })
  })
}

/** Until the listener leaves, or the source ends. */
async function tell(
  request: IncomingMessage,
  response: ServerResponse,
  stream: NonNullable<ControlStreams[string]>,
  { listeners, deadline }: { readonly listeners: Set<ServerResponse>; readonly deadline: number },
): Promise<void> {
  const aborted = new AbortController()
  response.once('close', () => {
    aborted.abort()
    listeners.delete(response)
  })
  try {
    if (listeners.size >= MOST_LISTENERS)
      throw new ControlError('failure', `there are ${MOST_LISTENERS} listeners already`)
    listeners.add(response)
    const values = await stream(await argumentOf(request), aborted.signal)
    await writeStream(response, values, { aborted, deadline })
  } catch (error) {
    refuse(response, error)
  }
}

async function takeIn(
  request: IncomingMessage,
  response: ServerResponse,
  upload: ControlUploads[string],
): Promise<void> {
  const aborted = new AbortController()
  response.once('close', () => aborted.abort())
  request.setTimeout(UPLOAD_PATIENCE, () => request.destroy())
  try {
    const { argument, octets } = await readUpload(request)
    const result = await upload(argument, octets, aborted.signal)
    replyEarly(request, response, { status: 200, body: { result: result ?? null } })
  } catch (error) {
    const told = toldError(error)
    replyEarly(request, response, { status: STATUS[told.fault], body: { error: told } })
  }
}

/**
 * Answers a request of which more may be on the way. The connection ends when that is read, or when the other side has read the
 * answer; ended at once, it would break under what the other side still writes, and the answer would be lost.
 */
function replyEarly(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: { readonly status: number; readonly body: unknown },
): void {
  if (request.complete) return reply(response, status, body)
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.write(text)
  request.once('end', () => response.end())
  request.setTimeout(REQUEST_DEADLINE, () => request.destroy())
  request.resume()
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  verbs: ControlVerbs,
): Promise<void> {
  try {
    const verb = verbNamed(request, verbs)
    const aborted = new AbortController()
    response.once('close', () => aborted.abort())
    const result = await verb(await argumentOf(request), aborted.signal)
    reply(response, 200, { result: result ?? null })
  } catch (error) {
    refuse(response, error)
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  const told = toldError(error)
  reply(response, STATUS[told.fault], { error: told })
}

function named<T>(request: IncomingMessage, kinds: Readonly<Record<string, T>> = {}): T | undefined {
  const name = nameOf(request)
  return name !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined
}

function nameOf(request: IncomingMessage): string | undefined {
  return request.method === 'POST' ? /^\/v1\/([a-z.-]+)$/.exec(request.url ?? '')?.[1] : undefined
}

function verbNamed(request: IncomingMessage, verbs: ControlVerbs): ControlVerbs[string] {
  const name = nameOf(request)
  if (name === undefined) throw new ControlError('usage', 'ask with POST /v1/<verb>')
  if (!Object.hasOwn(verbs, name))
    throw new ControlError('usage', `the running system knows no verb '${name}'`)
  return verbs[name] as ControlVerbs[string]
}

async function argumentOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MOST_REQUEST_OCTETS)
      throw new ControlError('usage', `a request has at most ${MOST_REQUEST_OCTETS} octets`)
    pieces.push(piece)
  }
  if (size === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch {
    throw new ControlError('usage', 'the argument is no JSON')
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
