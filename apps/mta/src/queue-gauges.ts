import type { Gauge } from '@cartero/agent/telemetry'
import { HOUR_MS, type DeliveryState, type QueueOffice, type ShapeCell } from '@cartero/spool'
import { pause, type Clock } from '@cartero/wire'

/** How often the queue is counted. Milliseconds. */
// As often as anybody scrapes.
const EVERY_MS = 15_000

export const QUEUE_STATES = ['ready', 'leased', 'deferred', 'held', 'failed', 'expired'] as const

export interface QueueGaugesDependencies {
  readonly office: Pick<QueueOffice, 'shape'>
  readonly gauges: {
    readonly queue: Gauge<{ readonly state: typeof QUEUE_STATES }>
    /** In seconds, rounded up to the hour: the spool counts by hours. */
    readonly oldest: { set(labels: object, value: number): void }
  }
  readonly clock: Clock
  /** It could not be counted. */
  readonly failed: (error: unknown) => void
}

/** Counts what is in the queue again and again, until the signal aborts. */
export async function countQueue(dependencies: QueueGaugesDependencies, signal: AbortSignal): Promise<void> {
  const { office, gauges, clock, failed } = dependencies
  do {
    try {
      const counts = new Map<DeliveryState, number>()
      const cells = await office.shape()
      for (const { state, deliveries } of cells) counts.set(state, (counts.get(state) ?? 0) + deliveries)
      for (const state of QUEUE_STATES) gauges.queue.set({ state }, counts.get(state) ?? 0)
      gauges.oldest.set({}, ageOfOldest(cells, clock.now()))
    } catch (error) {
      failed(error)
    }
  } while (await pause(clock, EVERY_MS, signal))
}

/** What an operator holds, and dead letters, are not waited for. */
const WAITING: ReadonlySet<DeliveryState> = new Set(['ready', 'leased', 'deferred'])

/** In seconds; at most an hour too much. */
function ageOfOldest(cells: readonly ShapeCell[], now: number): number {
  const hours = cells.filter(({ state, deliveries }) => deliveries > 0 && WAITING.has(state))
  if (hours.length === 0) return 0
  const first = hours.reduce((least, { hour }) => Math.min(least, hour), Infinity)
  return Math.max(0, Math.ceil((now - first * HOUR_MS) / HOUR_MS)) * (HOUR_MS / 1000)
}
