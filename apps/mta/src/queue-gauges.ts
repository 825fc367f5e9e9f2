import type { Gauge } from '@cartero/agent/telemetry'
import type { DeliveryState, QueueOffice } from '@cartero/spool'
import { pause, type Clock } from '@cartero/wire'

/** How often the queue is counted. Milliseconds. */
// As often as anybody scrapes.
const EVERY_MS = 15_000

export const QUEUE_STATES = ['ready', 'leased', 'deferred', 'held', 'failed', 'expired'] as const

export interface QueueGaugesDependencies {
  readonly office: Pick<QueueOffice, 'shape'>
  readonly gauge: Gauge<{ readonly state: typeof QUEUE_STATES }>
  readonly clock: Clock
  /** It could not be counted. */
  readonly failed: (error: unknown) => void
}

/** Counts what is in the queue again and again, until the signal aborts. */
export async function countQueue(dependencies: QueueGaugesDependencies, signal: AbortSignal): Promise<void> {
  const { office, gauge, clock, failed } = dependencies
  do {
    try {
      const counts = new Map<DeliveryState, number>()
      for (const { state, deliveries } of await office.shape())
        counts.set(state, (counts.get(state) ?? 0) + deliveries)
      for (const state of QUEUE_STATES) gauge.set({ state }, counts.get(state) ?? 0)
    } catch (error) {
      failed(error)
    }
  } while (await pause(clock, EVERY_MS, signal))
}
