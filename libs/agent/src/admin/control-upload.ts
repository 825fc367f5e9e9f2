import type { IncomingMessage } from 'node:http'

import { ControlError } from './control-error.ts'

/** Octets of the argument that stands before what is handed over. */
export const MOST_ARGUMENT_OCTETS = 1_048_576
/** Milliseconds in which more of what is handed over must come: somebody may be typing it. */
export const UPLOAD_PATIENCE = 3_600_000

/**
 * What the running system takes in, by name: an argument, and any number of octets, which are read as they come. The signal aborts
 * when whoever hands them over is gone; then the octets end with an error.
 */
export type ControlUploads = Readonly<
  Record<string, (argument: unknown, octets: AsyncIterable<Buffer>, signal: AbortSignal) => Promise<unknown>>
>

/** A request whose first line is the argument in JSON, and the rest of which is what is handed over. Rejects with ControlError. */
export async function readUpload(
  request: IncomingMessage,
): Promise<{ readonly argument: unknown; readonly octets: AsyncIterable<Buffer> }> {
  const source = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  let lineEnd = -1
  while (lineEnd === -1) {
    const next = await source.next()
    if (next.done === true) throw new ControlError('usage', 'the argument does not end')
    const from = head.length
    head = Buffer.concat([head, next.value])
    lineEnd = head.indexOf('\n', from)
    if (head.length > MOST_ARGUMENT_OCTETS && lineEnd === -1)
      throw new ControlError('usage', `an argument has at most ${MOST_ARGUMENT_OCTETS} octets`)
  }
  return { argument: jsonOf(head.subarray(0, lineEnd)), octets: rest(head.subarray(lineEnd + 1), source) }
}

async function* rest(first: Buffer, source: AsyncIterator<Buffer, unknown>): AsyncGenerator<Buffer, void> {
  if (first.length > 0) yield first
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value
}

function jsonOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    throw new ControlError('usage', 'the argument is no JSON')
  }
}
