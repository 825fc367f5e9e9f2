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
  const next = untilAborted(source[Symbol.asyncIterator](), signal)
  for (let item = await next(); item.done !== true; item = await next())
    if (!sink.write(item.value)) await once(sink as never, 'drain', { signal })
}

/** What comes in, until the other side has said all of it. Rejects with the signal's reason when it aborts. */
export async function* readAll(source: Readable, signal: AbortSignal): AsyncGenerator<object, void> {
  const messages = source.iterator({ destroyOnReturn: false }) as AsyncIterator<object>
  const next = untilAborted(messages, signal)
  for (let item = await next(); item.done !== true; item = await next()) yield item.value
  // A call that was cancelled looks like one that was ended, until it says so.
  await turn()
  signal.throwIfAborted()
}

/**
 * The items one by one. When the signal aborts, whoever waits hears that at once, and the iterator is told to end as soon as it can. (A
 * race of each item with one promise of the end would keep something of every item for as long as the stream lasts.)
 */
function untilAborted<T>(
  iterator: AsyncIterator<T, unknown>,
  signal: AbortSignal,
): () => Promise<IteratorResult<T, unknown>> {
  let giveUp: ((reason: unknown) => void) | undefined
  const abort = (): void => {
    giveUp?.(signal.reason)
    void iterator.return?.().catch(() => undefined)
  }
  signal.addEventListener('abort', abort, { once: true })
  return async () => {
    signal.throwIfAborted()
    try {
      const item = await new Promise<IteratorResult<T, unknown>>((resolve, reject) => {
        giveUp = reject
        iterator.next().then(resolve, reject)
      })
      if (item.done === true) signal.removeEventListener('abort', abort)
      return item
    } finally {
      giveUp = undefined
    }
  }
}
