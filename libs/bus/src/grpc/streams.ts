import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/** What of a call can be written to. */
export interface Sink {
  write(message: object): boolean
  once(event: 'drain', listener: () => void): unknown
}

/** Writes all of the source, no faster than the other side reads. Rejects when the source does, or the signal aborts. */
export async function writeAll(
  sink: Sink,
  source: AsyncIterable<object>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of source) {
    signal.throwIfAborted()
    if (!sink.write(message)) await once(sink as never, 'drain', { signal })
  }
}

/** What comes in, until the other side has said all of it. Rejects with the signal's reason when it aborts. */
export async function* readAll(source: Readable, signal: AbortSignal): AsyncGenerator<object, void> {
  const messages = source.iterator({ destroyOnReturn: false })
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  // Nobody may be waiting when it aborts.
  aborted.catch(() => undefined)
  for (;;) {
    const next = await Promise.race([messages.next(), aborted])
    if (next.done === true) {
      // A call that was cancelled looks like one that was ended, until it says so.
      await turn()
      return signal.throwIfAborted()
    }
    yield next.value as object
  }
}
