import { pause, systemClock, type Clock } from '@cartero/wire'

import type { BatchLimit, StreamConsumer } from './stream-consumer.ts'
import type { TakenMessage } from './taken-message.ts'

export interface TakerOptions {
  readonly consumer: StreamConsumer
  readonly limit: BatchLimit
  /** What is not settled when it is fulfilled is done; when it rejects, it is handed back. */
  readonly take: (batch: readonly TakenMessage[]) => Promise<void>
  /** Told when a batch could not be taken, and for how many milliseconds nothing is tried. */
  readonly trouble: (error: unknown, waits: number) => void
  readonly clock?: Clock
}

/** Milliseconds before something that failed is tried again, doubled each time: soon after a restart of the store, not often in an outage. */
const FIRST_WAIT = 500
const LONGEST_WAIT = 30_000
/** So often in vain, together with others: from then on each message is tried alone, so that one that nobody can take stands in nobody's way. */
const SUSPICIOUS_DELIVERIES = 3

/** Takes until the signal aborts; never rejects. What cannot be taken is handed back, and tried again later and later. */
export async function runTaker(options: TakerOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, trouble } = options
  let failures = 0
  while (!signal.aborted) {
    try {
      for await (const batch of options.consumer.batches(options.limit, signal)) {
        await takeBatch(batch, options, failures)
        failures = 0
      }
    } catch (error) {
      const waits = waitAfter(++failures)
      trouble(error, waits)
      await pause(clock, waits, signal)
    }
  }
}

/** Rejects when none of it could be taken. */
async function takeBatch(
  batch: readonly TakenMessage[],
  { take, trouble }: TakerOptions,
  failures: number,
): Promise<void> {
  try {
    await take(batch)
    for (const message of batch) message.done()
  } catch (error) {
    const left = batch.filter((message) => !message.isSettled)
    const isSuspicious = left.some((message) => message.deliveries >= SUSPICIOUS_DELIVERIES)
    const isSomeTaken = isSuspicious && left.length > 1 && (await takeEach(left, take))
    for (const message of left)
      message.handBack(Math.max(waitAfter(failures + 1), waitAfter(message.deliveries)))
    if (!isSomeTaken) throw error
    trouble(error, 0)
  }
}

/** Each alone. Whether any of them could be taken; stops at a fault that seems to be everybody's. */
async function takeEach(batch: readonly TakenMessage[], take: TakerOptions['take']): Promise<boolean> {
  let taken = 0
  let refused = 0
  for (const message of batch) {
    try {
      await take([message])
      message.done()
      taken++
    } catch {
      refused++
    }
    if (taken === 0 && refused >= SUSPICIOUS_DELIVERIES) return false
  }
  return taken > 0
}

function waitAfter(failures: number): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures - 1, 10))
}
