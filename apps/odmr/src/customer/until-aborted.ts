/** What the promise comes to, unless the signal aborts first: then it rejects with the reason, and nobody waits any longer. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const gaveUp = Promise.withResolvers<never>()
  const giveUp = (): void => gaveUp.reject(signal.reason as Error)
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([promise, gaveUp.promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
