import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { Envelope, QueueId } from '@cartero/spool'
import type { Stage, Subject } from '@cartero/spool/reception'
import type { ConnectionFacts } from '@cartero/wire'
import { METRICS } from './metrics.ts'

export type Events = ReturnType<typeof createEvents>

/** What the MSA tells: a counter and a line for each event. */
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
    authenticated(connection: ConnectionFacts, account: string, mechanism: string): void {
      metrics.authentications.add({ outcome: 'success' })
      logger.info('auth.succeeded', {
        sid: connection.id,
        peer: connection.remoteAddress,
        account,
        mechanism,
      })
    },
    authenticationFailed(
      connection: ConnectionFacts,
      mechanism: string,
      reason: string,
      login?: string,
    ): void {
      metrics.authentications.add({ outcome: 'failure' })
      logger.warn('auth.failed', {
        sid: connection.id,
        peer: connection.remoteAddress,
        mechanism,
        login,
        reason,
      })
    },
    rateLimited(account: string): void {
      logger.warn('account.rate.limited', { account })
    },
    /** The message is ours now: the client was told 250. */
    submitted(queueId: QueueId, envelope: Envelope, size: number, connection: ConnectionFacts): void {
      metrics.submitted.add({})
      metrics.octets.add({}, size)
      if (!logger.enabled('info')) return
      const to = envelope.recipients.map((recipient) => recipient.address)
      const { reversePath: from, account } = envelope
      logger.info('message.submitted', {
        qid: queueId,
        sid: connection.id,
        account,
        from,
        to,
        size,
        peer: connection.remoteAddress,
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
    /** Something was thrown that nobody foresaw; the client was told 451. */
    bug(connection: ConnectionFacts, error: unknown): void {
      metrics.bugs.add({})
      logger.error('msa.bug', { sid: connection.id, err: error })
    },
  }
}
