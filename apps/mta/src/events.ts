import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import { peerOf, sessionEvents, type Accepted } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MTA tells: a counter and a line for each event. */
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    ...sessionEvents('mta', logger, metrics),
    /** The message is ours now: the peer was told 250. */
    received({ queueId, envelope, size, origin }: Accepted, connection: ConnectionFacts): void {
      metrics.received.add({})
      metrics.octets.add({}, size)
      if (!logger.enabled('info')) return
      const to = envelope.recipients.map((recipient) => recipient.address)
      const { reversePath: from, client } = envelope
      logger.info('message.received', {
        qid: queueId,
        ...peerOf(connection),
        from,
        to,
        size,
        helo: client.helo,
        ...(origin !== undefined && { origin }),
      })
    },
    routingFailed(error: unknown): void {
      logger.error('mta.routing.failed', { err: error })
    },
  }
}
