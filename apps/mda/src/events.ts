import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Delivery } from '@cartero/spool'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MDA tells: a counter and a line for each event. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    /** The message is in all its mailboxes. */
    delivered(delivery: Delivery, seconds: number): void {
      metrics.deliveries.add({ outcome: 'delivered' })
      metrics.delay.observe({}, seconds)
      if (!logger.enabled('info')) return
      const to = delivery.recipients.map((recipient) => recipient.account)
      logger.info('message.delivered', { qid: delivery.message.queueId, to, delay: seconds })
    },
    /** Not now; it is tried again. */
    deferred(delivery: Delivery, reason: string): void {
      metrics.deliveries.add({ outcome: 'deferred' })
      logger.warn('message.deferred', {
        qid: delivery.message.queueId,
        attempt: delivery.attempts + 1,
        reason,
      })
    },
    /** Tried for as long as it is worth; it is kept in the spool as a dead letter. */
    expired(delivery: Delivery, reason: string): void {
      metrics.deliveries.add({ outcome: 'expired' })
      logger.error('message.expired', { qid: delivery.message.queueId, reason })
    },
    /** An operator has to look at it. */
    held(delivery: Delivery, reason: string): void {
      metrics.deliveries.add({ outcome: 'held' })
      logger.error('message.held', { qid: delivery.message.queueId, reason })
    },
    /** A batch failed as a whole for a reason nobody foresaw. */
    failedUnexpectedly(error: unknown): void {
      logger.error('mda.bug', { err: error })
    },
  }
}
