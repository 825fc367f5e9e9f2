import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import type { MaybePromise } from '@cartero/wire'
import { toldError, type ToldError } from './control-error.ts'

/** Milliseconds that a listener may leave what it is told unread before it is taken for dead. */
export const LISTENER_DEADLINE = 10_000
/** Listeners at a time; connections are left for verbs. */
export const MOST_LISTENERS = 50

/**
 * What the running system tells for as long as somebody listens. Who may not is refused by a rejection. The values are JSON, and
 * are taken one by one as they are read; the signal aborts when the listener is gone.
 */
export type ControlStreams = Readonly<
  Record<string, (argument: unknown, signal: AbortSignal) => MaybePromise<AsyncIterable<unknown>>>
>

/** One line of a stream: a value, or why there are no more. */
export type StreamLine = { readonly value: unknown } | { readonly error: ToldError }

/**
 * Writes each value as a line of JSON, at the pace of the reader. The listener is told at once that it is heard; it is cut when
 * it stops reading. `aborted` aborts the source then.
 */
export async function writeStream(
  response: ServerResponse,
  values: AsyncIterable<unknown>,
  { aborted, deadline }: { readonly aborted: AbortController; readonly deadline: number },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  const write = async (line: StreamLine): Promise<void> => {
    if (response.write(lineOf(line)) || aborted.signal.aborted) return
    const late = AbortSignal.any([aborted.signal, AbortSignal.timeout(deadline)])
    await once(response, 'drain', { signal: late })
  }
  try {
    for await (const value of values) await write({ value })
    response.end()
  } catch (error) {
    if (aborted.signal.aborted || isDeadline(error)) response.destroy()
    else response.end(lineOf({ error: toldError(error) }))
  } finally {
    aborted.abort()
  }
}

const lineOf = (line: StreamLine): string => `${JSON.stringify(line)}\n`

const isDeadline = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
