import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { acceptedFields, sessionEvents, type Accepted } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MTA tells: a counter and a line for each event. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    ...sessionEvents('mta', logger, metrics),
    /** The message is ours now: the peer was told 250. */
    received(accepted: Accepted, connection: ConnectionFacts): void {
      metrics.received.add({})
      metrics.octets.add({}, accepted.size)
      if (logger.enabled('info')) logger.info('message.received', acceptedFields(accepted, connection))
    },
    routingFailed(error: unknown): void {
      logger.error('mta.routing.failed', { err: error })
    },
  }
}
