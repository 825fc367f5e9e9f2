import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Envelope, QueueId } from '@cartero/spool'
import type { Stage, Subject } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MTA tells: a counter and a line for each event. */
// oxlint-disable-next-line max-lines-per-function -- one function for each event, and nothing else
export function createEvents(logger: Logger, registry: MetricRegistry) {
  const metrics = registry.register(METRICS)
  return {
    connected(): void {
      metrics.sessions.add({})
    },
    /** A connection that came to nothing before there was a session. */
    turnedAway(remoteAddress: string, reason: string): void {
      metrics.rejections.add({ at: 'connect' })
      logger.info('session.rejected', { peer: remoteAddress, reason })
    },
    /** The message is ours now: the peer was told 250. */
    received(queueId: QueueId, envelope: Envelope, size: number, connection: ConnectionFacts): void {
      metrics.received.add({})
      metrics.octets.add({}, size)
      if (!logger.enabled('info')) return
      const to = envelope.recipients.map((recipient) => recipient.address)
      const { reversePath: from, client } = envelope
      logger.info('message.received', {
        qid: queueId,
        sid: connection.id,
        from,
        to,
        size,
        peer: client.address,
        helo: client.helo,
      })
    },
    /** Something was refused; the reason is for the operator. */
    refused(at: Stage, connection: ConnectionFacts, subject: Subject, reason: string): void {
      metrics.rejections.add({ at })
      logger.info('message.rejected', {
        sid: connection.id,
        peer: connection.remoteAddress,
        ...subject,
        at,
        reason,
      })
    },
    routingFailed(error: unknown): void {
      logger.error('mta.routing.failed', { err: error })
    },
    /** Something was thrown that nobody foresaw; the peer was told 451. */
    bug(connection: ConnectionFacts, error: unknown): void {
      metrics.bugs.add({})
      logger.error('mta.bug', { sid: connection.id, err: error })
    },
  }
}
